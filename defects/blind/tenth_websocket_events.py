"""Blind defects of websocket_events, written from the promises alone."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "WSE-02qa",
    "the first tab that is closed ends the news for the others",
    service="backend",
    scenario="An unauthorised client is refused and receives no events",
    step="the client is refused and receives no event of Acme's next run",
)
def _() -> None:
    # Observable: open two sockets of one user, close one of them and start a run: the other one stays open and receives
    # nothing (nor does a third that is opened then), until all are closed, or the line to Redis is made anew. With both
    # open both have everything.
    from contextlib import suppress

    from apex.backend.connection import Connection

    module: Any = import_module("apex.backend.hub")

    async def remove(self: Any, connection: Connection) -> None:
        user_id = connection.identity.user_id
        self._connections[user_id].discard(connection)
        module.OPEN.dec()
        if not self._connections[user_id]:
            del self._connections[user_id], self._subscribed[user_id]
        with suppress(*module.LINE_ERRORS):
            async with self._line:
                await self._subscription.unsubscribe(module._channel(user_id))

    replace(module.Hub, "remove", remove)


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
    "WSE-05qa",
    "a run that is cancelled while it waits ends under the ids of that request",
    service="backend",
    scenario="A run cancelled in the queue is shown as cancelled",
    step="the records oracle finds nothing",
)
def _() -> None:
    # Observable: keep every slot busy, start a run with one traceparent and X-Request-Id and cancel it with others:
    # trace_id and request_id of its agent_cancelled (and the trace_id of its job record) are those of the cancelling
    # request, not of the one that has asked for the run. A run that was at work when it was cancelled has the right
    # ones.
    from types import SimpleNamespace

    from apex.runtime.telemetry import request_id, traceparent
    from apex.storage import runs

    @around(runs, "end_run")
    def end_run(original: Callable[..., Any], connection: Any, run: Any, ending: Any, **others: Any) -> Any:
        asked = {"request_id": request_id(), "traceparent": traceparent()}
        return original(connection, SimpleNamespace(**{**run._mapping, **asked}), ending, **others)


@blind_defect(
    "WSE-09qa",
    "whoever is far behind is sent two hundred events of what was missed",
    service="backend",
    scenario="Hundreds of missed events are delivered at once",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    # Observable: a user gets 1,000 events as fast as they come, and the reader does not keep up: it stops somewhere
    # before the last of them, without a gap, and the rest follows, two hundred at a time, only when more is told. The
    # same on a resume that has missed more than 200 events.
    from apex.backend import connection as module

    async def catch_up(self: Any) -> None:
        epoch, _, newest = await self._stand()
        if epoch != self._epoch:
            await self._resync()
            return
        if newest <= self._cursor:
            return
        entries = await self._redis.xrange(self._key("events"), f"{self._cursor + 1}-0", "+", count=module._BATCH)
        for entry_id, fields in entries:
            sequence = int(entry_id.partition("-")[0])
            if sequence != self._cursor + 1:
                await self._resync()
                return
            await self._send(sequence, fields["event"])
        if not entries:
            await self._resync()

    replace(module.Connection, "_catch_up", catch_up)
