"""Seeded defects of live events (WSE)."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable
from typing import Any
from weakref import WeakSet

import jwt
import uvicorn

from apex import identity
from apex.backend import sockets
from apex.backend.connection import Connection, Position
from apex.backend.hub import Hub
from apex.defects import defect
from apex.defects._patching import replace
from apex.identity import Identity
from apex.socket_protocol import SocketProtocol
from apex.stream import Event, EventStream
from apex.worker import supervisor
from apex.worker.relay import EventRelay
from apex.worker.tracker import Tracker

# --- WSE-01 ----------------------------------------------------------------------------------------------------------


def _envelopes(change: Callable[[dict[str, Any]], None]) -> None:
    """Every envelope is changed before it is numbered."""

    def envelope(self: Event) -> str:
        frame = json.loads(original(self))
        change(frame)
        return json.dumps(frame)

    original = replace(Event, "envelope", envelope)


def _published_unless(lost: Callable[[Event], bool]) -> None:
    """Some events are lost on their way to the stream."""

    def publish(self: EventStream, event: Event, delivery_id: str = "") -> int:
        return 0 if lost(event) else int(original(self, event, delivery_id))

    original = replace(EventStream, "publish", publish)


@defect(
    "WSE-01a",
    service="worker",
    summary="completed tool calls come without the id of the request",
    scenario="A run is shown from its first step to its answer",
    step="everything that Acme has received keeps to the published contract",
)
def _() -> None:
    def forget(frame: dict[str, Any]) -> None:
        if frame["type"] == "tool_completed":
            del frame["trace"]["request_id"]

    _envelopes(forget)


@defect(
    "WSE-01b",
    service="worker",
    summary="what the agent thinks is never told",
    scenario="A run is shown from its first step to its answer",
    step="Acme has received these events",
)
def _() -> None:
    _published_unless(lambda event: event.type == "agent_thinking")


@defect(
    "WSE-01c",
    service="worker",
    summary="a notice comes without its text",
    scenario="Failures, cancellations and notices keep to the contract as well",
    step="everything that Acme has received keeps to the published contract",
)
def _() -> None:
    def silence(frame: dict[str, Any]) -> None:
        frame["payload"].pop("body", None)

    _envelopes(silence)


@defect(
    "WSE-01d",
    service="worker",
    summary="a cancellation is not told",
    scenario="Failures, cancellations and notices keep to the contract as well",
    step="Acme has received these events",
)
def _() -> None:
    _published_unless(lambda event: event.type == "agent_cancelled")


# --- WSE-02 ----------------------------------------------------------------------------------------------------------


def _overheard(shared: Callable[[Identity, Identity], bool]) -> None:
    """What is offered to one user's connection is sent to those of others as well."""
    everybody: WeakSet[Connection] = WeakSet()

    def __init__(self: Connection, *args: Any) -> None:
        original_init(self, *args)
        everybody.add(self)

    def offer(self: Connection, epoch: str, sequence: int, envelope: str) -> None:
        original_offer(self, epoch, sequence, envelope)
        for other in everybody:
            if other.identity.user_id != self.identity.user_id and shared(other.identity, self.identity):
                asyncio.ensure_future(other._socket.send_text(envelope))  # noqa: RUF006  # a defect may lose its tasks

    original_init = replace(Connection, "__init__", __init__)
    original_offer = replace(Connection, "offer", offer)


@defect(
    "WSE-02a",
    service="backend",
    summary="every event is sent to every connection",
    scenario="Ten customers with two tabs each see their own work and nobody else's",
    step="every tab has shown the whole story of its own customer's run and nothing else",
)
def _() -> None:
    _overheard(lambda listener, teller: True)


@defect(
    "WSE-02b",
    service="backend",
    summary="only the newest tab of a user is served",
    scenario="Ten customers with two tabs each see their own work and nobody else's",
    step="every tab has shown the whole story of its own customer's run and nothing else",
)
def _() -> None:
    async def add(self: Hub, connection: Connection) -> None:
        self._connections[connection.identity.user_id].clear()
        await original(self, connection)

    original = replace(Hub, "add", add)


@defect(
    "WSE-02c",
    service="backend",
    summary="events belong to the organisation, not to the user",
    scenario="Colleagues do not see each other's work",
    step="every tab has shown the whole story of its own customer's run and nothing else",
)
def _() -> None:
    _overheard(lambda listener, teller: listener.tenant_id == teller.tenant_id)


@defect(
    "WSE-02d",
    service="backend",
    summary="the origin of a connection is not looked at",
    scenario="A stranger is turned away and hears nothing",
    step="the stranger is refused",
)
def _() -> None:
    replace(sockets, "_require_origin", lambda socket, allowed: None)


def _verified(**options: bool) -> None:
    """Tokens are read, but some of what they say is not verified."""

    def decode(token: str, secret: str, **arguments: Any) -> Any:
        arguments["options"] = {**arguments["options"], **options}
        return original(token, secret, **arguments)

    original = replace(jwt, "decode", decode)


@defect(
    "WSE-02e",
    service="backend",
    summary="the expiry of a token is not looked at",
    scenario="A stranger is turned away and hears nothing",
    step="the stranger is refused",
)
def _() -> None:
    _verified(verify_exp=False)


@defect(
    "WSE-02f",
    service="backend",
    summary="the signature of a token is not looked at",
    scenario="A stranger is turned away and hears nothing",
    step="the stranger is refused",
)
def _() -> None:
    _verified(verify_signature=False)


@defect(
    "WSE-02g",
    service="backend",
    summary="a connection is let in although its session is over",
    scenario="A stranger is turned away and hears nothing",
    step="the stranger is refused",
)
def _() -> None:
    replace(sockets, "require_session", lambda database, identity: None)


@defect(
    "WSE-02h",
    service="backend",
    summary="a token that a browser shows is not found",
    scenario="The customer gets in from wherever the product is used",
    step="Acme is let in",
)
def _() -> None:
    sockets._TOKEN_PREFIX = "authorization."


def _lives(seconds: Callable[[float], float]) -> None:
    """Connections believe in another expiry of their token."""

    def __init__(self: Connection, socket: Any, identity: Identity, *args: Any) -> None:
        original(self, socket, identity, *args)
        object.__setattr__(self.identity, "expires_at", seconds(identity.expires_at))

    original = replace(Connection, "__init__", __init__)


@defect(
    "WSE-02i",
    service="backend",
    summary="a connection outlives its token",
    scenario="An expired token ends its connection",
    step="Acme's connection is closed in time because the session is over",
)
def _() -> None:
    _lives(lambda expires_at: expires_at + 3600)


@defect(
    "WSE-02j",
    service="backend",
    summary="a connection is closed a second before its token expires",
    scenario="An expired token ends its connection",
    step="it was not closed before the token expired",
)
def _() -> None:
    _lives(lambda expires_at: expires_at - 1)


@defect(
    "WSE-02k",
    service="backend",
    summary="connections outlive the log-out of their session",
    scenario="Logging out ends the connections of that session and no other",
    step="both tabs are closed in time because the session is over",
)
def _() -> None:
    replace(Hub, "end_session", lambda self, session_id, reason: None)


@defect(
    "WSE-02l",
    service="backend",
    summary="a log-out ends the connections of all sessions",
    scenario="Logging out ends the connections of that session and no other",
    step="the other device shows Acme's next run",
)
def _() -> None:
    def end_session(self: Hub, session_id: str, reason: str) -> None:
        for connections in self._connections.values():
            for connection in connections:
                connection.end(reason)

    replace(Hub, "end_session", end_session)


@defect(
    "WSE-02m",
    service="backend",
    summary="only a log-out ends connections, not a removal",
    scenario="A removed colleague hears nothing more",
    step="Ben of Acme's connection is closed in time because the user was removed",
)
def _() -> None:
    def end_session(self: Hub, session_id: str, reason: str) -> None:
        if reason != "removed":
            original(self, session_id, reason)

    original = replace(Hub, "end_session", end_session)


# --- WSE-03 ----------------------------------------------------------------------------------------------------------


def _resumed_at(place: Callable[[Connection, Position, int], int]) -> None:
    """A returning customer's stream goes on at a wrong place, given where they were and the newest sequence."""

    async def _open(self: Connection, resume: Position | None) -> None:
        if resume is not None:
            _, _, newest = await self._stand()
            resume = Position(resume.epoch, place(self, resume, newest))
        await original(self, resume)

    original = replace(Connection, "_open", _open)


@defect(
    "WSE-03a",
    service="backend",
    summary="a reconnected customer goes on at the newest event",
    scenario="The connection is reset in the middle of a run",
    step="Acme has received the complete story of the run",
)
def _() -> None:
    _resumed_at(lambda connection, resume, newest: newest)


@defect(
    "WSE-03b",
    service="backend",
    summary="a reconnected customer is sent the last event again",
    scenario="The connection is reset in the middle of a run",
    step="Acme has received the complete story of the run",
)
def _() -> None:
    _resumed_at(lambda connection, resume, newest: max(resume.sequence - 1, 0))


def _served(**options: Any) -> None:
    """The server is started with other options."""

    def run(app: Any, **arguments: Any) -> None:
        original(app, **{**arguments, **options})

    original = replace(uvicorn, "run", run)


@defect(
    "WSE-03c",
    service="backend",
    summary="connections have no heartbeat",
    scenario="A line that has gone dead is noticed on both sides",
    step="Acme notices in time that the line is dead",
)
def _() -> None:
    _served(ws_ping_interval=None)


@defect(
    "WSE-03d",
    service="backend",
    summary="nobody minds when heartbeats are not answered",
    scenario="A line that has gone dead is noticed on both sides",
    step="the platform gives the dead connection up in time",
)
def _() -> None:
    _served(ws_ping_timeout=None)


@defect(
    "WSE-03e",
    service="backend",
    summary="what was missed on a dead line is not sent again",
    scenario="A line that has gone dead is noticed on both sides",
    step="nothing is lost when Acme reconnects",
)
def _() -> None:
    _resumed_at(lambda connection, resume, newest: newest)


@defect(
    "WSE-03f",
    service="backend",
    summary="a slow line is taken for a dead one",
    scenario="On a bad line events come late and never wrong",
    step="Acme has received the complete story of the run",
)
def _() -> None:
    _served(ws_ping_timeout=0.1)


@defect(
    "WSE-03g",
    service="backend",
    summary="who was away too long gets what is left, without a word",
    scenario="A customer who was away too long is told so once",
    step="Acme is told once that something was missed",
)
def _() -> None:
    async def _resync(self: Connection) -> None:
        oldest: Any = await self._redis.xrange(self._key("events"), "-", "+", count=1)
        self._cursor = int(oldest[0][0].partition("-")[0]) - 1
        await self._catch_up()

    replace(Connection, "_resync", _resync)


@defect(
    "WSE-03h",
    service="backend",
    summary="who was away too long is told again at every reconnect",
    scenario="A customer who was away too long is told so once",
    step="Acme is told once that something was missed",
)
def _() -> None:
    _resumed_at(lambda connection, resume, newest: -1)


@defect(
    "WSE-03i",
    service="backend",
    summary="a store that has lost its data is taken for one in which nothing happened",
    scenario="A connected customer is told when the event store has lost its data",
    step="Acme is told once that something was missed",
)
def _() -> None:
    async def _catch_up(self: Connection) -> None:
        self._epoch, _, newest = await self._stand()
        if newest > self._cursor:
            await original(self)

    original = replace(Connection, "_catch_up", _catch_up)


@defect(
    "WSE-03j",
    service="backend",
    summary="the numbers of a lost stream are taken for those of the new one",
    scenario="A returning customer is told when the event store has lost its data",
    step="Acme is told once that something was missed",
)
def _() -> None:
    async def _open(self: Connection, resume: Position | None) -> None:
        if resume is not None:
            epoch, _, _ = await self._stand()
            resume = Position(epoch, resume.sequence)
        await original(self, resume)

    original = replace(Connection, "_open", _open)


# --- WSE-04 ----------------------------------------------------------------------------------------------------------


def _offered_late(seconds: float) -> None:
    """Events are handed to connections that much later."""

    def offer(self: Connection, *event: Any) -> None:
        asyncio.get_running_loop().call_later(seconds, original, self, *event)

    original = replace(Connection, "offer", offer)


@defect(
    "WSE-04a",
    service="worker",
    summary="events are held back until the run has ended",
    scenario="Ten runs side by side are all shown live",
    step="nearly all events have arrived within the event delivery budget",
)
def _() -> None:
    class Held(list[Event]):
        def publish(self, event: Event) -> int:
            self.append(event)
            return len(self)

    def __init__(self: Tracker, run: Any, stream: EventStream) -> None:
        original_init(self, run, Held())
        self.story = stream  # type: ignore[attr-defined]

    def finish(self: Tracker) -> Any:
        for event in self._stream:  # type: ignore[attr-defined]
            self.story.publish(event)  # type: ignore[attr-defined]
        return original_finish(self)

    original_init = replace(Tracker, "__init__", __init__)
    original_finish = replace(Tracker, "finish", finish)


@defect(
    "WSE-04b",
    service="backend",
    summary="events wait half a second for others to be sent with",
    scenario="Ten runs side by side are all shown live",
    step="nearly all events have arrived within the event delivery budget",
)
def _() -> None:
    _offered_late(0.5)


# --- WSE-05 ----------------------------------------------------------------------------------------------------------


@defect(
    "WSE-05a",
    service="worker",
    summary="events name the first thread that the worker has seen of a user",
    scenario="Runs in different threads, one after the other, keep their identities",
    step="every event names these as its own request did",
)
def _() -> None:
    threads: dict[str, str | None] = {}

    def publish(self: EventStream, event: Event, delivery_id: str = "") -> int:
        event.thread_id = threads.setdefault(event.user_id, event.thread_id)
        return int(original(self, event, delivery_id))

    original = replace(EventStream, "publish", publish)


@defect(
    "WSE-05b",
    service="worker",
    summary="the end of a run names the delivery instead of the request",
    scenario="Runs in different threads, one after the other, keep their identities",
    step="every event names these as its own request did",
)
def _() -> None:
    def name(frame: dict[str, Any]) -> None:
        if frame["type"] == "agent_completed":
            frame["trace"]["request_id"] = str(uuid.uuid4())

    _envelopes(name)


@defect(
    "WSE-05c",
    service="worker",
    summary="delegated agents begin a trace of their own",
    scenario="Runs in different threads, side by side, keep their identities",
    step="every event names these as its own request did",
)
def _() -> None:
    def begin(frame: dict[str, Any]) -> None:
        if "parent_run_id" in frame["payload"]:
            frame["trace"]["trace_id"] = uuid.uuid4().hex

    _envelopes(begin)


# --- WSE-06 ----------------------------------------------------------------------------------------------------------


@defect(
    "WSE-06a",
    service="worker",
    summary="every failure is reported alike",
    scenario="Failures are told apart",
    step="Acme is told that <what failed>, and that <what to do>",
)
def _() -> None:
    def _error(code: str, message: str, recoverable: bool) -> dict[str, Any]:
        return original("agent_failed", message, recoverable)  # type: ignore[no-any-return]

    original = replace(supervisor, "_error", _error)


@defect(
    "WSE-06b",
    service="worker",
    summary="no failure is worth a retry",
    scenario="Failures are told apart",
    step="Acme is told that <what failed>, and that <what to do>",
)
def _() -> None:
    def _error(code: str, message: str, recoverable: bool) -> dict[str, Any]:
        return original(code, message, False)  # type: ignore[no-any-return]

    original = replace(supervisor, "_error", _error)


@defect(
    "WSE-06c",
    service="worker",
    summary="the text of an exception is told to the customer",
    scenario="No failure shows the inside of the platform",
    step="the reason that Acme reads and hears is fit for a customer",
)
def _() -> None:
    def _told(error: BaseException) -> dict[str, Any]:
        return {**original(error), "message": str(error)}

    original = replace(supervisor, "_told", _told)


# --- WSE-07 ----------------------------------------------------------------------------------------------------------


@defect(
    "WSE-07a",
    service="worker",
    summary="a notice reaches the organisation of its sender only",
    scenario="A maintenance notice reaches every connected user of every segment once",
    step="everyone receives the notice in time",
)
def _() -> None:
    def deliver(self: EventRelay, rows: list[Any]) -> None:
        sender.append(rows[0].tenant_id)
        original_deliver(self, rows)

    def connected_users(self: EventStream, within_seconds: float) -> list[str]:
        # Nobody of the operators' organisation watches.
        return [] if sender else list(original_users(self, within_seconds))

    sender: list[str] = []
    original_deliver = replace(EventRelay, "deliver", deliver)
    original_users = replace(EventStream, "connected_users", connected_users)


@defect(
    "WSE-07b",
    service="worker",
    summary="a notice is delivered twice",
    scenario="A maintenance notice reaches every connected user of every segment once",
    step="each hears of their next run right after it, and of the notice once",
)
def _() -> None:
    def publish(self: EventStream, event: Event, delivery_id: str = "") -> int:
        if event.type == "notice":
            original(self, event, f"{delivery_id} once more")
        return int(original(self, event, delivery_id))

    original = replace(EventStream, "publish", publish)


@defect(
    "WSE-07c",
    service="backend",
    summary="everybody is taken for an operator",
    scenario="A customer cannot send a notice",
    step="Acme is refused for want of the operator's permission",
)
def _() -> None:
    everybody = frozenset[str]().union(*identity.PERMISSIONS.values())
    identity.PERMISSIONS["platform:operate"] = everybody


# --- WSE-08 ----------------------------------------------------------------------------------------------------------


@defect(
    "WSE-08a",
    service="backend",
    summary="the eleventh connection and those after it are told nothing",
    scenario="Fifty organisations of ten people each see their own runs",
    step="each has seen the whole story of their own runs and nothing else",
)
def _() -> None:
    served: list[Connection] = []

    def offer(self: Connection, *event: Any) -> None:
        if self not in served and len(served) < 10:
            served.append(self)
        if self in served:
            original(self, *event)

    original = replace(Connection, "offer", offer)


@defect(
    "WSE-08b",
    service="backend",
    summary="events wait two seconds for others to be sent with",
    scenario="Fifty organisations of ten people each see their own runs",
    step="nearly all events have arrived within the crowd event delivery budget",
)
def _() -> None:
    _offered_late(2.0)


@defect(
    "WSE-08c",
    service="backend",
    summary="each connection sets a megabyte aside",
    scenario="A connected customer costs the platform little memory",
    step="each connection has cost the platform no more than the socket memory budget",
)
def _() -> None:
    def __init__(self: Connection, *args: Any) -> None:
        original(self, *args)
        self.set_aside = b"x" * 1024 * 1024  # type: ignore[attr-defined]

    original = replace(Connection, "__init__", __init__)


@defect(
    "WSE-08d",
    service="backend",
    summary="one who does not read holds up everybody",
    scenario="A customer who does not read keeps nobody waiting",
    step="nearly all events have arrived within the crowd event delivery budget",
)
def _() -> None:
    # All connections take turns at sending, and a turn lasts until the other side has taken what is sent.
    turn: list[asyncio.Lock] = []

    async def _send(self: Connection, sequence: int, envelope: str) -> None:
        turn.extend([] if turn else [asyncio.Lock()])
        async with turn[0]:
            await original(self, sequence, envelope)

    original = replace(Connection, "_send", _send)


@defect(
    "WSE-08e",
    service="backend",
    summary="a connection is only closed once everything sent has been taken",
    scenario="A connection that takes nothing any more is given up",
    step="the platform gives the dead connection up in time",
)
def _() -> None:
    del SocketProtocol.keepalive_timeout


# --- WSE-09 ----------------------------------------------------------------------------------------------------------


@defect(
    "WSE-09a",
    service="backend",
    summary="each event is sent by a task of its own, and they overtake each other",
    scenario="A thousand events for each of fifty customers arrive in order",
    step="each has seen the whole story of their own runs and nothing else",
)
def _() -> None:
    sending: set[asyncio.Task[None]] = set()

    async def _send(self: Connection, sequence: int, envelope: str) -> None:
        async def later() -> None:
            await asyncio.sleep(0.005 if sequence % 2 else 0)
            await self._socket.send_text(envelope)

        self._cursor = sequence
        sending.add(asyncio.create_task(later()))

    replace(Connection, "_send", _send)


@defect(
    "WSE-09b",
    service="worker",
    summary="of a quick sequence of thoughts some are left out",
    scenario="A thousand events for each of fifty customers arrive in order",
    step="each has been told a thousand events",
)
def _() -> None:
    thoughts: dict[str, int] = {}

    def emit(self: Tracker, type: str, *rest: Any) -> None:
        thoughts[self._run.id] = number = thoughts.get(self._run.id, 0) + 1
        if type != "agent_thinking" or number % 10:
            original(self, type, *rest)

    original = replace(Tracker, "emit", emit)
