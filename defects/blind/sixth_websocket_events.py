"""Blind defects of websocket_events, written from the promises alone."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "WSE-01ua",
    "an event of more than 256 KiB is left out",
    service="backend",
    scenario="A long answer arrives with its own event",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    # Observable: a run whose answer has some 300 KB (an account with over a thousand findings, or a plugin's agent);
    # its agent_completed never comes and the sequence has a gap.
    import structlog

    from apex.backend.connection import Connection

    log = structlog.get_logger()

    async def send(self: Connection, sequence: int, envelope: str) -> None:
        self._cursor = sequence
        if len(envelope) > 256 * 1024:
            log.warning("event too large", sequence=sequence, size=len(envelope))
            return
        await self._socket.send_text(envelope)

    replace(Connection, "_send", send)


@blind_defect(
    "WSE-01ub",
    "the end of a cancelled tool call is told without a duration",
    service="worker",
    scenario="Errors, cancellations and notices conform to the event reference, too",
    step="every message that Acme has received conforms to the published event reference",
)
def _() -> None:
    # Observable: cancel a run, or let it time out, while a tool is at work; duration_seconds of its tool_completed is
    # null, against the published schema.
    from apex.worker.execution import Execution

    @around(Execution, "_emit")
    def _(original: Any, self: Any, type: str, payload: dict[str, Any]) -> None:
        if type == "tool_completed" and payload["outcome"] == "cancelled":
            payload = {**payload, "duration_seconds": None}
        original(self, type, payload)


@blind_defect(
    "WSE-02ua",
    "of several sessions that end together only the first one's sockets close",
    service="auth",
    scenario="A removed colleague is disconnected on every device",
    step="Ben of Acme's three connections are closed in time because the user was removed",
)
def _() -> None:
    # Observable: somebody logged in on two devices, a socket on each, is removed from the tenant; one of the sockets
    # stays open and goes on receiving until its token expires.
    from datetime import UTC, datetime

    from sqlalchemy import func, select, update

    from apex.auth.sessions import SESSION_ENDED, Sessions
    from apex.storage.tables import sessions

    def end(self: Sessions, connection: Any, session_ids: list[str], reason: str) -> None:
        connection.execute(
            update(sessions).where(sessions.c.id.in_(session_ids)).values(ended_at=datetime.now(UTC), end_reason=reason)
        )
        for session_id in session_ids[:1]:
            connection.execute(select(func.pg_notify(SESSION_ENDED, f"{session_id} {reason}")))

    replace(Sessions, "end", end)


@blind_defect(
    "WSE-02ub",
    "an origin is accepted that only begins like an allowed one",
    service="backend",
    scenario="An unauthorised client is refused and receives no events",
    step="the client is refused and receives no event of Acme's next run",
)
def _() -> None:
    # Observable: a handshake with a valid token from https://<allowed origin>.evil.example is accepted instead of 403.

    sockets: Any = import_module("apex.backend.sockets")

    def require_origin(socket: Any, allowed: list[str]) -> None:
        origin = socket.headers.get("origin")
        if origin is not None and not origin.startswith(tuple(allowed)):
            raise sockets.permission_denied("events:listen")

    replace(sockets, "_require_origin", require_origin)


@blind_defect(
    "WSE-03ua",
    "of what was missed only the first 200 events are sent",
    service="backend",
    scenario="Hundreds of missed events are delivered at once",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    # Observable: resume after more than 200 events were missed, with nothing new on the way; the rest does not come
    # until something new happens, and then again at most 200 of it.
    from apex.backend import connection as module

    async def catch_up(self: module.Connection) -> None:
        epoch, _, newest = await self._stand()
        if epoch != self._epoch:
            await self._resync()
            return
        if newest <= self._cursor:
            return
        first = f"{self._cursor + 1}-0"
        entries: Any = await self._redis.xrange(self._key("events"), first, "+", count=module._BATCH)
        for entry_id, fields in entries:
            sequence = int(entry_id.partition("-")[0])
            if sequence != self._cursor + 1:
                await self._resync()
                return
            await self._send(sequence, fields["event"])
        if not entries:
            await self._resync()

    replace(module.Connection, "_catch_up", catch_up)


@blind_defect(
    "WSE-03ub",
    "whoever has seen nothing yet and resumes begins at the present",
    service="backend",
    scenario="Hundreds of missed events are delivered at once",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    # Observable: a new user's line breaks before the first event (last sequence seen: 0); after reconnecting with
    # last_sequence=0 the events from meanwhile never come, and no resync_required either.
    from apex.backend.connection import Connection

    @around(Connection, "send_events")
    def _(original: Any, self: Any, resume: Any) -> Any:
        return original(self, resume if resume is not None and resume.sequence else None)


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


@blind_defect(
    "WSE-05ua",
    "events carry no more than 36 characters of a request id",
    service="worker",
    scenario="Concurrent runs in two conversations keep their IDs",
    step="every event carries these IDs of its own request",
)
def _() -> None:
    # Observable: start a run with an x-request-id of 37 to 100 characters (which is accepted and answered in full); the
    # events of the run carry its beginning only.
    from defects._events import envelopes

    def cut(frame: dict[str, Any]) -> None:
        frame["trace"]["request_id"] = frame["trace"]["request_id"][:36]

    envelopes(cut)


@blind_defect(
    "WSE-05ub",
    "a run that is ended over its slot's head is told without its request id",
    service="worker",
    scenario="The customer is notified in time that the worker was lost",
    step="the identities oracle finds nothing",
)
def _() -> None:
    # Observable: agent_error of a run whose worker was killed, or whose agent blocked past its limit: request_id is
    # empty, against the request's and the schema.
    from types import SimpleNamespace

    from apex.runtime.telemetry import request_id
    from apex.worker import leases

    @around(leases, "end_run")
    def _(original: Any, connection: Any, run: Any, ending: Any, **others: Any) -> Any:
        told = SimpleNamespace(**{**run._mapping, "request_id": request_id()})
        return original(connection, told, ending, **others)


@blind_defect(
    "WSE-06ua",
    "a tool's failure among calls side by side is told as the agent's own fault",
    service="worker",
    scenario="Each kind of failure has its own error event",
    step="Acme is notified that <what failed> and that <what to do>",
)
def _() -> None:
    # Observable: read_utilisation or read_prices fails in a cost analysis (the two are called side by side);
    # agent_error says agent_failed, not recoverable, instead of tool_failed, recoverable.
    from apex.worker import supervisor

    @around(supervisor, "_told")
    def _(original: Any, error: BaseException) -> Any:
        if isinstance(error, BaseExceptionGroup):
            supervisor.log.error("agent failed", exc_info=error)
            message = "The agent could not finish because of a fault of its own."
            return supervisor._error("agent_failed", message, False)
        return original(error)


@blind_defect(
    "WSE-06ub",
    "a secret in the words of a failing tool is told to the customer",
    service="tools",
    scenario="No error event contains internal details",
    step="the stored error and the error event of Acme's run show no internal details",
)
def _() -> None:
    # Observable: a tool that fails with a ToolError whose text holds a token, a password or a URL with credentials; it
    # stands unmasked in tool_completed, agent_error and the stored run.
    from apex.tools import dispatcher

    replace(dispatcher, "masked", lambda text: text)


@blind_defect(
    "WSE-07ua",
    "a notice reaches the first hundred connected users only",
    service="worker",
    scenario="A notice reaches more than a hundred customers",
    step="every connection receives the notice in time",
)
def _() -> None:
    # Observable: more than 100 users are connected when an operator sends a notice; the others never get it.
    from apex.storage.stream import EventStream

    @around(EventStream, "connected_users")
    def _(original: Any, self: Any, within_seconds: float) -> list[str]:
        users: list[str] = original(self, within_seconds)
        return users[:100]


@blind_defect(
    "WSE-07ub",
    "who has been connected for longer than two heartbeats gets no notice",
    service="backend",
    scenario="A notice reaches a customer who has been connected for a while",
    step="every connection receives the notice in time",
)
def _() -> None:
    # Observable: connect, wait for more than two heartbeats, have a notice sent: it does not come, although others who
    # have just connected get it.
    import asyncio
    import time

    hub: Any = import_module("apex.backend.hub")

    async def show_presence(self: hub.Hub) -> None:
        while True:
            try:
                await self._redis.zremrangebyscore(hub.PRESENCE, 0, time.time() - 10 * self._heartbeat_seconds)
            except Exception as error:
                hub.log.warning("presence not shown", exc_info=error)
            hub._heed_cancellation()
            await asyncio.sleep(self._heartbeat_seconds)

    replace(hub.Hub, "show_presence", show_presence)


@blind_defect(
    "WSE-08ua",
    "what waits for a slow reader is kept in memory without a limit",
    service="backend",
    scenario="A stalled connection costs the platform little memory",
    step="each connection uses no more memory than the socket memory limit",
)
def _() -> None:
    # Observable: a client that does not read while thousands of events (or large ones) come for it; the backend's
    # memory grows by all of them, far beyond the budget of a socket.
    from apex.backend.connection import Connection

    def offer(self: Connection, epoch: str, sequence: int, envelope: str) -> None:
        self._buffer.append((epoch, sequence, envelope))
        self._news.set()

    replace(Connection, "offer", offer)


@blind_defect(
    "WSE-08ub",
    "connections catch up one after the other, also behind one that does not read",
    service="backend",
    scenario="A stalled connection keeps no other customer from catching up",
    step="Borealis has received every event of the run in order, each once",
)
def _() -> None:
    # Observable: a client stops reading and falls behind; whoever else resumes, or falls behind in a burst, gets
    # nothing until that client reads again or is given up.
    import asyncio

    from apex.backend.connection import Connection

    turn = asyncio.Lock()

    @around(Connection, "_catch_up")
    async def _(original: Any, self: Any) -> None:
        async with turn:
            await original(self)


@blind_defect(
    "WSE-09ua",
    "what does not fit into a connection's buffer is dropped without a note",
    service="backend",
    scenario="A connection that reads on after a stall keeps the order",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    # Observable: a burst of far more events than the buffer holds; when its last events are among those that did not
    # fit, they do not come until something else happens.
    from apex.backend.connection import Connection

    def offer(self: Connection, epoch: str, sequence: int, envelope: str) -> None:
        if not self._behind and len(self._buffer) < self._buffer_size:
            self._buffer.append((epoch, sequence, envelope))
        self._news.set()

    replace(Connection, "offer", offer)


@blind_defect("WSE-09ub", "what is still in the buffer after catching up is sent a second time", service="backend")
def _() -> None:
    # Observable: a connection that falls behind in a burst, or resumes while events come; the sequence goes back and
    # repeats events that were already sent.
    from apex.backend.connection import Connection

    async def send_events(self: Connection, resume: Any) -> None:
        await self._open(resume)
        while True:
            await self._news.wait()
            self._news.clear()
            while self._buffer or self._behind:
                if self._behind:
                    self._behind = False
                    await self._catch_up()
                    continue
                epoch, sequence, envelope = self._buffer.popleft()
                if epoch != self._epoch or sequence > self._cursor + 1:
                    await self._catch_up()
                else:
                    await self._send(sequence, envelope)

    replace(Connection, "send_events", send_events)
