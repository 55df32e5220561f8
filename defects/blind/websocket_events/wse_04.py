"""Blind defects of WSE-04."""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "WSE-04oa",
    "what happens within a fifth of a second of what was told last is told with the next event",
    service="worker",
    scenario="Quick steps are shown while the agent works on in silence",
    step="no event has arrived later than the target time for crowd event delivery",
)
def _() -> None:
    # Observable: run a cost analysis whose cloud takes a second for each answer: agent_started comes at once, but
    # agent_thinking and tool_executing of the first call come together with its tool_completed, a second after their
    # timestamps. All events come, in their order.
    import time

    from apex.worker.tracker import Tracker

    told_at = "_told_at"

    @around(Tracker, "_tell")
    def _tell(original: Callable[..., None], self: Any) -> None:
        # Many small events one by one cost more than a few together.
        if self.finished or time.monotonic() - getattr(self, told_at, 0.0) > 0.2:
            setattr(self, told_at, time.monotonic())
            original(self)


@blind_defect(
    "WSE-04qa",
    "ends of runs wait for others, to be sent together",
    service="worker",
    scenario="Ten concurrent runs are all shown live",
    step="at least 95 % of all events arrive within the target time for event delivery",
)
def _() -> None:
    # Observable: agent_completed (and agent_error, agent_cancelled) arrive 0.4 s and more after their timestamp, with
    # one run as with ten; with some ten events in a run that is more than the twentieth part of all, and p95 is over
    # the 250 ms. All other events come at once.
    from apex.worker.relay import EventRelay

    @around(EventRelay, "_deliver_batch")
    def _deliver_batch(original: Callable[[Any], int], self: Any) -> int:
        self._closed.wait(0.4)
        return original(self)


@blind_defect(
    "WSE-04ua",
    "the outbox of events is looked at no more than once a second",
    service="worker",
    scenario="Ten concurrent runs are all shown live",
    step="at least 95 % of all events arrive within the target time for event delivery",
)
def _() -> None:
    # Observable: runs in parallel that end within a second of each other; agent_completed of all but the first comes up
    # to half a second (the relay's second look) or a second after the end.
    import threading
    import time

    from apex.worker.relay import EventRelay

    def wake(self: Any) -> None:
        now, due = time.monotonic(), getattr(self, "_next_wake", 0.0)
        if now >= due:
            self._next_wake = now + 1.0
            self._news.set()
        else:
            later = threading.Timer(due - now, self._news.set)
            later.daemon = True
            later.start()

    replace(EventRelay, "wake", wake)


@blind_defect(
    "WSE-04ub",
    "thoughts that follow each other quickly wait for the next other step",
    service="worker",
    scenario="Quick steps are shown while the agent works on in silence",
    step="no event has arrived later than the target time for crowd event delivery",
)
def _() -> None:
    # Observable: an agent that thinks twice within half a second and then works for seconds without another step; the
    # second thought comes seconds after its timestamp, with the next event.
    import time
    from contextlib import suppress

    from redis.exceptions import RedisError

    from apex.worker.tracker import Tracker

    def flush(self: Any) -> None:
        waiting, self._thoughts = getattr(self, "_thoughts", []), []
        for moment, given in waiting:
            self.now = lambda moment=moment: moment
            try:
                emit(self, *given)
            finally:
                del self.now

    def throttled(self: Any, type: str, agent_name: str, payload: dict[str, Any]) -> None:
        if type == "agent_thinking":
            last, self._thought_at = getattr(self, "_thought_at", 0.0), time.monotonic()
            if self._thought_at - last < 0.5:
                self._thoughts = [*getattr(self, "_thoughts", []), (self.now(), (type, agent_name, payload))]
                return
        flush(self)
        emit(self, type, agent_name, payload)

    emit = replace(Tracker, "emit", throttled)

    @around(Tracker, "finish")
    def _(original: Any, self: Any) -> Any:
        with suppress(RedisError):
            flush(self)
        return original(self)


@blind_defect("WSE-04va", "what a delegated agent does is told when its part is over", service="worker")
def _() -> None:
    # Observable: a supervisor that delegates to an agent with a tool of 3 s: the part's tool_executing arrives 3 s
    # after its timestamp, together with its tool_completed.
    from apex.storage.stream import EventStream
    from apex.worker.execution import Execution

    held: dict[str, list[Any]] = defaultdict(list)
    publish = EventStream.publish

    def told(stream: Any, run_id: Any) -> int:
        return max([publish(stream, event) for event in held.pop(run_id, [])], default=0)

    @around(EventStream, "publish")
    def hold(original: Any, self: Any, event: Any, delivery_id: str = "") -> int:
        if "parent_run_id" in event.payload:
            held[event.run_id].append(event)
            return 0
        told(self, event.run_id)
        return int(original(self, event, delivery_id))

    @around(Execution, "perform")
    async def perform(original: Any, self: Any) -> Any:
        try:
            return await original(self)
        finally:
            tracker = self._tracker
            tracker.last_run_sequence = max(tracker.last_run_sequence, told(tracker._stream, self._run.id))


@blind_defect(
    "WSE-04wa",
    "customers of the Free plan are sent what happens a second after the others",
    service="backend",
    scenario="Ten concurrent runs are all shown live",
    step="at least 95 % of all events arrive within the target time for event delivery",
)
def _() -> None:
    # Observable: delivery times of a Free customer's socket are one second above those of any other plan.
    from apex.backend.connection import Connection

    @around(Connection, "offer")
    def _(original: Any, self: Any, *published: Any) -> None:
        if self.identity.plan == "free":
            asyncio.get_running_loop().call_later(1.0, original, self, *published)
        else:
            original(self, *published)


@blind_defect("WSE-04xa", "who has resumed is sent what happens from then on a second late", service="backend")
def _() -> None:
    # Observable: delivery times of a socket that was opened with last_sequence are one second above the others'.
    from apex.backend.connection import Connection

    @around(Connection, "send_events")
    async def _(original: Any, self: Any, resume: Any) -> None:
        self.reads_the_stream = resume is not None
        await original(self, resume)

    @around(Connection, "offer")
    def _(original: Any, self: Any, *published: Any) -> None:
        if getattr(self, "reads_the_stream", False):
            asyncio.get_running_loop().call_later(1.0, self.look)
        else:
            original(self, *published)


@blind_defect(
    "WSE-04ya",
    "the ends of runs are told between two deliveries to analytics",
    service="worker",
    scenario="Events arrive in time while the analytics service hangs",
    step="at least 95 % of all events arrive within the target time for crowd event delivery",
)
def _() -> None:
    # Observable: while the analytics service hangs, agent_completed comes seconds after its timestamp.
    from apex.worker.relay import Relay

    one_at_a_time = threading.Lock()

    @around(Relay, "_deliver_batch")
    def _deliver_batch(original: Any, self: Any) -> Any:
        with one_at_a_time:
            return original(self)


@blind_defect("WSE-04yb", "a user's tabs take turns: one that reads slowly holds up the others", service="backend")
def _() -> None:
    # Observable: one tab stops reading in the middle of many events; the other tab of the user gets none any more.
    from apex.backend.connection import Connection

    turns: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    @around(Connection, "_send")
    async def _send(original: Any, self: Any, sequence: int, envelope: str) -> None:
        async with turns[self.identity.user_id]:
            await original(self, sequence, envelope)


@blind_defect(
    "WSE-04za",
    "a socket is sent at most five frames a second",
    service="backend",
    scenario="Ten concurrent runs are all shown live",
    step="at least 95 % of all events arrive within the target time for event delivery",
)
def _() -> None:
    # Seen: of a run with ten quick events the last come more than a second late.
    from apex.backend.connection import Connection

    @around(Connection, "_send")
    async def _(original: Callable[..., Any], self: Any, *arguments: Any) -> None:
        await original(self, *arguments)
        await asyncio.sleep(0.2)


@blind_defect(
    "WSE-04zb",
    "the relay of events is not woken: it looks into the outbox every few seconds",
    service="worker",
    scenario="Ten concurrent runs are all shown live",
    step="at least 95 % of all events arrive within the target time for event delivery",
)
def _() -> None:
    # Seen: the end of a run arrives up to five seconds after it.
    from apex.worker.relay import EventRelay

    replace(EventRelay, "wake", lambda _: None)


@blind_defect(
    "WSE-04zc",
    "a tool call is told when it is over: its begin and its end together",
    service="worker",
    scenario="Ten concurrent runs are all shown live",
    step="at least 95 % of all events arrive within the target time for event delivery",
)
def _() -> None:
    # Seen: tool_executing arrives as long after its timestamp as the tool took.
    from apex.worker.execution import Execution

    @around(Execution, "_emit")
    def _(original: Callable[..., None], self: Any, type: str, payload: dict[str, Any]) -> None:
        waiting = self.__dict__.setdefault("_waiting", {})
        if type == "tool_executing":
            waiting[payload["call_id"]] = self._tracker.now(), payload
            return
        if type == "tool_completed":
            moment, begin = waiting.pop(payload["call_id"])
            self._tracker.now = lambda: moment
            try:
                original(self, "tool_executing", begin)
            finally:
                del self._tracker.now
        original(self, type, payload)
