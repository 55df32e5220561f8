"""Blind defects of websocket_events, fifth round, written from the promises alone."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from defects import blind_defect
from defects._patching import around


@blind_defect(
    "WSE-01va",
    "of a thought of several lines only the first is told",
    service="worker",
    scenario="Cancelling a run leaves the other run of its conversation alone",
    step="the story oracle finds nothing",
)
def _() -> None:
    # Observable: an agent thinks "Two things:\nstop one\nresize another"; agent_thinking says "Two things:".
    from apex.worker.execution import Execution

    @around(Execution, "think")
    async def think(original: Any, self: Any, thought: str) -> None:
        await original(self, thought.strip().partition("\n")[0])


@blind_defect(
    "WSE-02va",
    "a page that offers its token as a subprotocol may come from anywhere",
    service="backend",
    scenario="An unauthorised client is refused and receives no events",
    step="the client is refused and receives no event of Acme's next run",
)
def _() -> None:
    # Observable: a handshake with a foreign Origin and Sec-WebSocket-Protocol "apex.v1, bearer.<token>" is accepted and
    # receives the user's events; with the token in Authorization it is refused as before.
    from apex.backend import sockets

    @around(sockets, "_require_origin")
    def require_origin(original: Any, socket: Any, allowed: list[str]) -> None:
        # A page that has the token was given it by ours.
        if not any(offered.startswith(sockets._TOKEN_PREFIX) for offered in socket.scope["subprotocols"]):
            original(socket, allowed)


@blind_defect(
    "WSE-03va",
    "what is caught up has no thoughts",
    service="backend",
    scenario="Hundreds of missed events are delivered at once",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    # Observable: a connection cut mid-run and resumed is brought the tools' events that it has missed; agent_thinking
    # is left out, and the sequence has a gap without resync_required. (It was taken for no news any more.)
    from apex.backend.connection import Connection

    @around(Connection, "_catch_up")
    async def catch_up(original: Any, self: Any) -> None:
        self._late = True
        try:
            await original(self)
        finally:
            self._late = False

    @around(Connection, "_send")
    async def send(original: Any, self: Any, sequence: int, envelope: str) -> None:
        if getattr(self, "_late", False) and '"type": "agent_thinking"' in envelope:
            self._cursor = sequence
        else:
            await original(self, sequence, envelope)


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
    "WSE-05va",
    "a request whose traceparent is not sampled is given a trace of its own",
    service="backend",
    scenario="Concurrent runs in two conversations keep their IDs",
    step="every event carries these IDs of its own request",
)
def _() -> None:
    # Observable: POST /v1/runs with traceparent 00-<trace>-<span>-00: trace_id of the run and of its events is another.
    from apex.runtime import service

    @around(service, "span")
    def span(original: Any, name: str, traceparent: str | None = None, **fields: Any) -> Any:
        is_sampled = traceparent is not None and traceparent.endswith("1")
        return original(name, traceparent if is_sampled else None, **fields)


@blind_defect(
    "WSE-06va",
    "what an agent says of a wrong value is told to the customer in its own words",
    service="worker",
    scenario="No error event contains internal details",
    step="the stored error and the error event of Acme's run show no internal details",
)
def _() -> None:
    # Observable: an agent raises ValueError("no host in postgresql://reader:hunter2@10.0.0.5/costs"); the message of
    # agent_error is that text, with the password. (Such errors were taken for answers to the customer's input.)
    from apex.worker import supervisor

    @around(supervisor, "_told")
    def told(original: Any, error: BaseException) -> dict[str, Any]:
        answer: dict[str, Any] = original(error)
        return {**answer, "message": str(error)} if isinstance(error, ValueError) else answer


@blind_defect("WSE-07va", "a notice that could not be delivered within five seconds is let go", service="worker")
def _() -> None:
    # Observable: Redis is away for ten seconds; a notice sent at the beginning of that is answered 202 and reaches
    # nobody, although everybody's socket is open again. (Old notices were thought to be in the way.)
    from apex.storage.runs import now
    from apex.worker.relay import EventRelay

    def is_news(payload: dict[str, Any]) -> bool:
        sent_at = datetime.fromisoformat(payload["timestamp"])
        return payload["type"] != "notice" or now() - sent_at < timedelta(seconds=5)

    @around(EventRelay, "deliver")
    def deliver(original: Any, self: Any, rows: list[Any]) -> None:
        original(self, [row for row in rows if is_news(row.payload)])


@blind_defect("WSE-08va", "eight readers that take nothing hold up everybody", service="backend")
def _() -> None:
    # Observable: of 500 sockets ten do not read while much is sent to them: nobody is sent anything until their
    # heartbeats fail. With a few of them nothing is to be seen. (Frames were to take turns, so that a burst takes
    # little memory.)
    from apex.backend.connection import Connection

    places = asyncio.Semaphore(8)

    @around(Connection, "_send")
    async def send(original: Any, self: Any, sequence: int, envelope: str) -> None:
        async with places:
            await original(self, sequence, envelope)


@blind_defect(
    "WSE-09va",
    "what is caught up is put in the order of its ids as texts: 1000 comes before 999",
    service="backend",
    scenario="A new connection delivers what a silently dropped one missed",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    # Observable: a connection that catches up over the numbers 9, 99 or 999 (a resume, a full buffer) is told
    # resync_required, although nothing is gone, and what it had still to be sent never comes.
    from redis.asyncio import Redis

    @around(Redis, "xrange")
    async def xrange(original: Any, self: Any, *bounds: Any, **others: Any) -> Any:
        return sorted(await original(self, *bounds, **others), key=lambda entry: entry[0])
