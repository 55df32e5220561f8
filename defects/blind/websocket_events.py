"""Blind defects of websocket_events, written from the promises alone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace as changed
from typing import Any, cast

from defects import blind_defect
from defects._patching import around, replace

# -- WSE-01: the complete flow of a run -------------------------------------------------------------------------------


@blind_defect(
    "WSE-01za",
    "an event of more than 64 KiB is not announced: it comes with the next one",
    service="backend",
    scenario="A long answer arrives with its own event",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    # Seen: a long answer's agent_completed does not arrive until the customer's next run begins.
    from apex.backend.connection import Connection

    @around(Connection, "offer")
    def _(original: Callable[..., None], self: Any, epoch: str, sequence: int, envelope: str) -> None:
        if len(envelope) <= 64 * 1024:
            original(self, epoch, sequence, envelope)


@blind_defect(
    "WSE-01zb",
    "the completed event of a run without tools has no usage",
    service="worker",
    scenario="Errors, cancellations and notices conform to the event reference, too",
    step="every message that Acme has received conforms to the published event reference",
)
def _() -> None:
    # Seen: the usage report's agent_completed has usage null, against the published schema.
    from apex.storage import runs

    @around(runs, "_payload")
    def _(original: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
        payload: dict[str, Any] = original(*arguments)
        usage = payload.get("usage")
        return {**payload, "usage": None} if usage is not None and not usage["tool_calls"] else payload


@blind_defect(
    "WSE-01zc",
    "letters beyond Latin-1 are question marks in events",
    service="worker",
    scenario="A run is shown from its first step to its answer",
    step="the records oracle finds nothing",
)
def _() -> None:
    # Seen: an instance's name in Greek or Japanese stands in the event otherwise than in the stored answer.
    from apex.storage.stream import Event

    @around(Event, "envelope")
    def _(original: Callable[..., str], self: Any) -> str:
        return original(self).encode("latin-1", "replace").decode("latin-1")


# -- WSE-02: nobody receives another customer's events ----------------------------------------------------------------


@blind_defect(
    "WSE-02za",
    "log-out closes one of the session's sockets",
    service="backend",
    scenario="Logging out ends the connections of that session only",
    step="Acme's two tabs are closed in time because the session is over",
)
def _() -> None:
    # Seen: of two tabs of one session the second stays open after the log-out and receives on.
    from apex.backend.hub import Hub

    def end_session(self: Any, session_id: str, reason: str) -> None:
        connection = self.sessions().get(session_id)
        if connection is not None:
            connection.end(reason)

    replace(Hub, "end_session", end_session)


@blind_defect(
    "WSE-02zb",
    "an origin is good when it begins with an allowed one",
    service="backend",
    scenario="An unauthorised client is refused and receives no events",
    step="the client is refused and receives no event of Acme's next run",
)
def _() -> None:
    # Seen: "https://app.example.com.evil.example" opens a socket where "https://app.example.com" is allowed.
    from apex.backend import sockets

    @around(sockets, "_require_origin")
    def _(original: Callable[..., None], socket: Any, allowed: list[str]) -> None:
        origin = socket.headers.get("origin") or ""
        original(socket, [*allowed, *(origin for each in allowed if origin.startswith(each))])


@blind_defect(
    "WSE-02zc",
    "an open socket outlives its token by half a minute",
    service="backend",
    scenario="A connection ends when its token expires",
    step="Acme's connection is closed in time because the session is over",
)
def _() -> None:
    # Seen: events go on coming after the access token has expired.
    from apex.backend import sockets

    @around(sockets, "verify")
    def _(original: Callable[..., Any], *arguments: Any) -> Any:
        identity = original(*arguments)
        # The clocks of auth and backend may differ.
        return changed(identity, expires_at=identity.expires_at + 30)


@blind_defect(
    "WSE-02zd", "sessions that ended while the backend had lost the database are not looked at", service="backend"
)
def _() -> None:
    # Seen: cut the backend from the database, log out, heal the line: the socket stays open.
    from apex.backend import app

    async def recheck(*_: Any) -> None:
        return None

    replace(app, "_recheck_sessions", recheck)


@blind_defect(
    "WSE-02ze",
    "closing one tab unsubscribes the user's other tabs",
    service="backend",
    scenario="An unauthorised client is refused and receives no events",
    step="the client is refused and receives no event of Acme's next run",
)
def _() -> None:
    # Seen: two tabs of one user; the first is closed; the second hears nothing of the next run.
    from apex.backend.hub import Hub, _channel
    from apex.storage.stream import LINE_ERRORS

    @around(Hub, "remove")
    async def _(original: Callable[..., Any], self: Any, connection: Any) -> None:
        user_id = connection.identity.user_id
        await original(self, connection)
        if user_id in self._subscribed:
            try:
                async with self._line:
                    await self._subscription.unsubscribe(_channel(user_id))
            except LINE_ERRORS:
                return


# -- WSE-03: a dropped connection loses nothing -----------------------------------------------------------------------


@blind_defect(
    "WSE-03za",
    "a client that resumes from 0 is taken for one that does not resume",
    service="backend",
    scenario="A customer who missed too many events is notified once",
    step="Acme is notified once that events were missed",
)
def _() -> None:
    # Seen: a line that drops before the first event: after last_sequence=0 the missed events never come.
    from apex.backend.connection import Connection

    @around(Connection, "_open")
    async def _(original: Callable[..., Any], self: Any, resume: Any) -> None:
        await original(self, resume if resume and resume.sequence else None)


@blind_defect(
    "WSE-03zb",
    "a resume brings the first 200 missed events; the rest waits for the next news",
    service="backend",
    scenario="Hundreds of missed events are delivered at once",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    # Seen: 300 events missed, the run over: a hundred of them do not arrive.
    from apex.backend import connection

    async def catch_up(self: Any) -> None:
        epoch, _, newest = await self._stand()
        if epoch != self._epoch:
            await self._resync()
            return
        if newest <= self._cursor:
            return
        entries = cast(
            list[tuple[str, dict[str, str]]],
            await self._redis.xrange(self._key("events"), f"{self._cursor + 1}-0", "+", count=connection._BATCH),
        )
        for entry_id, fields in entries:
            sequence = int(entry_id.partition("-")[0])
            if sequence != self._cursor + 1:
                await self._resync()
                return
            await self._send(sequence, fields["event"])
        if not entries:
            await self._resync()

    replace(connection.Connection, "_catch_up", catch_up)


@blind_defect(
    "WSE-03zc",
    "a line that answers no heartbeat is closed in order, so it stays",
    service="backend",
    scenario="A stalled connection is closed",
    step="the platform closes Acme's connection in time",
)
def _() -> None:
    # Seen: black out a socket that has events to take: the operators' count of connections does not go down.
    from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

    from apex.http.socket_protocol import SocketProtocol

    replace(SocketProtocol, "keepalive_timeout", WebSocketsSansIOProtocol.keepalive_timeout)


@blind_defect(
    "WSE-03zd",
    "a resume from before the window begins with what is left, without a word",
    service="backend",
    scenario="A customer who missed too many events is notified once",
    step="Acme is notified once that events were missed",
)
def _() -> None:
    # Seen: the first event after a resume from far back is not the next one, and there is no resync_required.
    from apex.backend import connection

    async def catch_up(self: Any) -> None:
        while True:
            epoch, _, newest = await self._stand()
            if epoch != self._epoch:
                await self._resync()
                return
            if newest <= self._cursor:
                return
            entries = cast(
                list[tuple[str, dict[str, str]]],
                await self._redis.xrange(self._key("events"), f"{self._cursor + 1}-0", "+", count=connection._BATCH),
            )
            for entry_id, fields in entries:
                await self._send(int(entry_id.partition("-")[0]), fields["event"])
            if not entries:
                await self._resync()
                return

    replace(connection.Connection, "_catch_up", catch_up)


@blind_defect(
    "WSE-03ze",
    "resync_required comes under the epoch that the client had before",
    service="backend",
    scenario="A customer who missed too many events is notified once",
    step="Acme is notified once that events were missed",
)
def _() -> None:
    # Seen: the epoch of the notice equals that of stream_opened; a client that resumes by it takes old for new.
    from apex.backend.connection import Connection

    async def resync(self: Any) -> None:
        self._epoch, generation, self._cursor = await self._stand()
        await self._control("resync_required", generation)

    replace(Connection, "_resync", resync)


# -- WSE-04: events arrive while they are news ------------------------------------------------------------------------


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


# -- WSE-05: every event can be traced to its request -----------------------------------------------------------------


@blind_defect(
    "WSE-05za",
    "a request id of the customer's own is kept to 36 characters",
    service="backend",
    scenario="Concurrent runs in two conversations keep their IDs",
    step="every event carries these IDs of its own request",
)
def _() -> None:
    # Seen: the answer's X-Request-ID is the long one that was sent, the events and the stored run have its beginning.
    from apex.backend import runs

    @around(runs, "request_id")
    def _(original: Callable[..., str]) -> str:
        return original()[:36]


@blind_defect(
    "WSE-05zb",
    "a tool is called without the request's id",
    service="worker",
    scenario="A tool's progress reports carry the IDs of their request, too",
    step="every event carries these IDs of its own request",
)
def _() -> None:
    # Seen: tool_progress has a request id that nobody has sent, other than the rest of the story.
    from apex.worker import toolbox

    replace(toolbox, "request_id", lambda: "")


@blind_defect(
    "WSE-05zc",
    "events of a follow-up carry the trace of the thread's first request",
    service="worker",
    scenario="A follow-up in the same conversation has its own IDs",
    step="every event carries these IDs of its own request",
)
def _() -> None:
    # Seen: two runs in one thread, two traceparents; all but the last event of the second have the first's.
    from apex.worker import tracker

    of_thread: dict[str, str] = {}

    @around(tracker, "trace_id_of")
    def _(original: Callable[..., str], run: Any) -> str:
        return of_thread.setdefault(run.thread_id, original(run))


# -- WSE-06: what failed, and whether to retry ------------------------------------------------------------------------


@blind_defect(
    "WSE-06za",
    "an agent's own TimeoutError is told as the run's time limit",
    service="worker",
    scenario="Each kind of failure has its own error event",
    step="Acme is notified that <what failed> and that <what to do>",
)
def _() -> None:
    # Seen: code timed_out and recoverable at once, long before the limit, for a fault of the agent.
    from apex.storage.runs import OUT_OF_TIME
    from apex.worker import supervisor

    @around(supervisor, "_told")
    def _(original: Callable[..., Any], error: BaseException) -> Any:
        return dict(OUT_OF_TIME) if isinstance(error, TimeoutError) else original(error)


@blind_defect(
    "WSE-06zb",
    "a tool that fails beside another is told as a fault of the agent",
    service="worker",
    scenario="Each kind of failure has its own error event",
    step="Acme is notified that <what failed> and that <what to do>",
)
def _() -> None:
    # Seen: the price list away during a cost analysis: agent_failed, not recoverable, instead of tool_failed.
    from apex.worker import supervisor

    @around(supervisor, "_told")
    def _(original: Callable[..., Any], error: BaseException) -> Any:
        if isinstance(error, BaseExceptionGroup):
            error = RuntimeError(str(error))
        return original(error)


@blind_defect(
    "WSE-06zc",
    "what a tool says of its failure is passed on unmasked",
    service="tools",
    scenario="No error event contains internal details",
    step="the stored error and the error event of Acme's run show no internal details",
)
def _() -> None:
    # Seen: a tool's "cannot log in with password=..." stands in tool_completed and agent_error as it is.
    from apex.tools import dispatcher

    replace(dispatcher, "masked", lambda text: text)


# -- WSE-07: a notice reaches everyone, and only notices do -----------------------------------------------------------


@blind_defect(
    "WSE-07za",
    "presence is noted when a socket opens, and not again",
    service="backend",
    scenario="A notice reaches a customer who has been connected for a while",
    step="every connection receives the notice in time",
)
def _() -> None:
    # Seen: who has been connected for longer than two heartbeats receives no notice.
    import time

    from apex.backend.hub import Hub, _heed_cancellation
    from apex.storage.stream import PRESENCE

    async def show_presence(self: Any) -> None:
        while True:
            try:
                await self._redis.zremrangebyscore(PRESENCE, 0, time.time() - 10 * self._heartbeat_seconds)
            except Exception:
                _heed_cancellation()
            await asyncio.sleep(self._heartbeat_seconds)

    replace(Hub, "show_presence", show_presence)


@blind_defect(
    "WSE-07zb",
    "the owner of an organisation can send a notice to everyone",
    service="backend",
    scenario="A customer cannot send a notice",
    step="Acme is refused because the operator permission is missing",
)
def _() -> None:
    # Seen: POST /v1/operations/notices by a customer's owner is 202 instead of 403; a member's is refused.
    from apex.http.identity import OPERATOR
    from defects.blind._backend_endpoints import around_endpoint

    def send(_: Any, endpoint: Callable[..., Any], request: Any, identity: Any) -> Any:
        if identity.role == "owner":
            identity = changed(identity, role=OPERATOR)
        return endpoint(request=request, identity=identity)

    around_endpoint("POST", "/v1/operations/notices", send)


@blind_defect(
    "WSE-07zc",
    "a notice goes to the first hundred of those who are connected",
    service="worker",
    scenario="A notice reaches more than a hundred customers",
    step="every connection receives the notice in time",
)
def _() -> None:
    # Seen: with more than a hundred users connected some receive no notice.
    from apex.storage.stream import EventStream

    @around(EventStream, "connected_users")
    def _(original: Callable[..., list[str]], self: Any, within_seconds: float) -> list[str]:
        return original(self, within_seconds)[:100]


# -- WSE-08: hundreds of customers at once ----------------------------------------------------------------------------


@blind_defect("WSE-08za", "an instance takes 256 sockets", service="backend")
def _() -> None:
    # Seen: the 257th customer is answered 503.
    from apex.backend.hub import Hub

    @around(Hub, "add")
    async def _(original: Callable[..., Any], self: Any, connection: Any) -> None:
        await original(self, connection)
        if self.open > 256:
            raise TimeoutError("no room for another connection")


@blind_defect("WSE-08zb", "what waits for a slow reader has no limit", service="backend")
def _() -> None:
    # Seen: with a reader that takes nothing the process grows by every event of that user.
    from apex.backend.connection import Connection

    def offer(self: Any, epoch: str, sequence: int, envelope: str) -> None:
        self._buffer.append((epoch, sequence, envelope))
        self._news.set()

    replace(Connection, "offer", offer)


@blind_defect("WSE-08zc", "every event is held against every open connection", service="backend")
def _() -> None:
    # Seen: with hundreds of sockets events are late by seconds, all of them correct.
    import time

    from apex.backend.hub import Hub

    async def receive(self: Any) -> None:
        async for message in self._subscription.listen():
            self._heard_at = time.monotonic()
            if message["type"] not in ("message", "subscribe"):
                continue
            _, _, user_id = message["channel"].partition(":")
            if message["type"] == "message":
                epoch, sequence, envelope = message["data"].split(":", 2)
                for connections in self._connections.values():
                    for connection in connections:
                        if json.loads(envelope)["trace"]["user_id"] == connection.identity.user_id:
                            connection.offer(epoch, int(sequence), envelope)
            elif user_id in self._subscribed:
                self._subscribed[user_id].set()

    replace(Hub, "_receive", receive)


# -- WSE-09: order holds under load -----------------------------------------------------------------------------------


@blind_defect("WSE-09za", "what does not fit into a connection's buffer is let go", service="backend")
def _() -> None:
    # Seen: of a burst that ends the last events are missing; whatever follows later brings them.
    from apex.backend.connection import Connection

    def offer(self: Any, epoch: str, sequence: int, envelope: str) -> None:
        if len(self._buffer) < self._buffer_size:
            self._buffer.append((epoch, sequence, envelope))
            self._news.set()

    replace(Connection, "offer", offer)


@blind_defect("WSE-09zb", "what was announced while a connection caught up is sent once more", service="backend")
def _() -> None:
    # Seen: under load, or on a resume during a run, a sequence comes twice or goes back.
    from apex.backend.connection import Connection

    async def send_events(self: Any, resume: Any) -> None:
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


@blind_defect(
    "WSE-09zc",
    "a user's stream keeps the last 200 events, whatever the settings say",
    service="worker",
    scenario="A stalled connection delays no other customer",
    step="the story oracle finds nothing",
)
def _() -> None:
    # Seen: a socket that is 200 events behind, or a resume from so far back, gets resync_required instead of them.
    from apex.storage.stream import EventStream

    @around(EventStream, "__init__")
    def _(original: Callable[..., None], self: Any, url: str, window: int, *arguments: Any) -> None:
        original(self, url, min(window, 200), *arguments)
