"""Blind defects of websocket_events, second round, written from the promises alone."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import defaultdict
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "WSE-01ya",
    "every event bears the name of the agent that was asked, also the part of another",
    service="worker",
    scenario="Delegated agents report their part within the run",
    step="the events show the delegated cost analysis and usage report",
)
def _() -> None:
    # Observable: in an advisor's story the thoughts of the cost analysis have the agent_name "advisor".
    from apex.worker.tracker import Tracker

    @around(Tracker, "emit")
    def _emit(original: Any, self: Any, type: str, _: str, payload: dict[str, Any]) -> None:
        original(self, type, self._run.agent_name, payload)


@blind_defect(
    "WSE-01yb",
    "how large an event is, is counted in characters, not in bytes",
    service="worker",
    scenario="A large result arrives as an event that common clients accept",
    step="no event that Acme has received exceeds the event size",
)
def _() -> None:
    # Observable: a long answer in Japanese comes as an event of more than the published 512 KiB.
    from apex.storage import fitting

    replace(fitting, "_size", lambda value: len(json.dumps(value, ensure_ascii=False)))


@blind_defect(
    "WSE-02ya",
    "of several sessions that end together only the first is announced",
    service="auth",
    scenario="A removed colleague is disconnected on every device",
    step="Ben of Acme's three connections are closed in time because the user was removed",
)
def _() -> None:
    # Observable: somebody with two devices is removed from the tenant, and one of the two goes on receiving events.
    from sqlalchemy import update

    from apex.auth.sessions import Sessions
    from apex.storage.tables import sessions

    @around(Sessions, "end")
    def _end(original: Any, self: Any, connection: Any, session_ids: list[str], reason: str) -> None:
        ended = {"ended_at": datetime.now(UTC), "end_reason": reason}
        connection.execute(update(sessions).where(sessions.c.id.in_(session_ids)).values(ended))
        original(self, connection, session_ids[:1], reason)


@blind_defect(
    "WSE-02yb",
    "a session that was logged out opens a socket while its owner has another",
    service="backend",
    scenario="An unauthorised client is refused and receives no events",
    step="the client is refused and receives no event of Acme's next run",
)
def _() -> None:
    # Observable: log out on one of two devices, open a socket with the token of the one that was logged out.
    from sqlalchemy import text

    from apex.backend import sockets
    from apex.http.problems import unauthenticated

    def require_session(database: Any, identity: Any) -> None:
        alive = "SELECT 1 FROM sessions WHERE user_id = :user AND ended_at IS NULL LIMIT 1"
        with database.tenant(identity.tenant_id) as connection:
            if connection.scalar(text(alive), {"user": identity.user_id}) is None:
                raise unauthenticated("This session has ended; please log in again.")

    replace(sockets, "require_session", require_session)


@blind_defect(
    "WSE-03ya",
    "what was written to a line that was dead counts as received",
    service="backend",
    scenario="A new connection delivers what a silently dropped one missed",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    # Observable: events sent into a black hole do not come again when the client resumes before them.
    from apex.backend.connection import Connection, Position

    written: dict[str, int] = {}

    @around(Connection, "_send")
    async def _send(original: Any, self: Any, sequence: int, envelope: str) -> None:
        await original(self, sequence, envelope)
        written[self.identity.session_id] = sequence

    @around(Connection, "_open")
    async def _open(original: Any, self: Any, resume: Any) -> None:
        if resume is not None:
            resume = Position(resume.epoch, max(resume.sequence, written.get(self.identity.session_id, 0)))
        await original(self, resume)


@blind_defect("WSE-03yb", "after one tab had to begin anew, no other tab of the user can resume", service="backend")
def _() -> None:
    # Observable: tab A resumes from before the window; tab B drops and resumes one event back: resync_required.
    from apex.backend.connection import Connection, Position

    @around(Connection, "_open")
    async def _open(original: Any, self: Any, resume: Any) -> None:
        epoch, generation, _ = await self._stand()
        if resume is not None and resume.epoch != f"{epoch}.{generation}":
            resume = Position("", resume.sequence)
        await original(self, resume)


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
    "WSE-05ya",
    "a run that is ended over the head of its slot ends under a trace of its own",
    service="worker",
    scenario="The customer is notified in time that the worker was lost",
    step="the records oracle finds nothing",
)
def _() -> None:
    # Observable: kill a worker; the agent_error of its run has another trace id than the events before.
    from apex.runtime.telemetry import trace_id
    from apex.storage import runs
    from apex.worker import leases

    @around(leases, "span")
    def _span(original: Any, name: str, _: Any = None, **fields: Any) -> Any:
        return original(name, **fields)

    replace(runs, "trace_id_of", lambda _: trace_id())


@blind_defect(
    "WSE-05yb",
    "a request id that is a UUID is kept without its hyphens",
    service="backend",
    scenario="Each kind of failure has its own error event",
    step="the identities oracle finds nothing",
)
def _() -> None:
    # Observable: the x-request-id of the answer to POST /v1/runs is not the request id of the run's events.
    from apex.backend import runs

    @around(runs, "request_id")
    def _request_id(original: Any) -> str:
        known: str = original()
        with suppress(ValueError):
            return UUID(known).hex
        return known


@blind_defect(
    "WSE-06ya",
    "a call that is refused is told to be worth another try",
    service="worker",
    scenario="Each kind of failure has its own error event",
    step="Acme is notified that <what failed> and that <what to do>",
)
def _() -> None:
    # Observable: an agent calls a tool beyond the plan; the events say permission_denied and recoverable true.
    from apex.worker import toolbox

    @around(toolbox, "_refused")
    def _refused(original: Any, *of: Any) -> Any:
        failed = original(*of)
        failed.recoverable = True
        return failed


@blind_defect(
    "WSE-06yb",
    "the error event of what cannot be tried again comes without recoverable",
    service="worker",
    scenario="Each kind of failure has its own error event",
    step="Acme <has a failing run>",
)
def _() -> None:
    # Observable: an agent with a fault ends in an agent_error whose payload has no member "recoverable".
    from apex.storage import runs

    @around(runs, "_payload")
    def _payload(original: Any, ending: Any, *of: Any) -> dict[str, Any]:
        told = original(ending, *of)
        return told if ending.error is None else {name: value for name, value in told.items() if value}


@blind_defect(
    "WSE-07ya",
    "each backend instance takes the users of the others out of the presence",
    service="backend",
    scenario="A notice reaches the users of every backend",
    step="every connection receives the notice in time",
)
def _() -> None:
    # Observable: with two backend instances a notice does not reach the users of one of them.
    from apex.backend import hub
    from apex.storage.stream import PRESENCE

    async def show_presence(self: Any) -> None:
        while True:
            try:
                async with self._redis.pipeline(transaction=True) as commands:
                    commands.delete(PRESENCE)
                    if self._connections:
                        commands.zadd(PRESENCE, dict.fromkeys(self._connections, time.time()))
                    await commands.execute()
            except Exception as error:
                hub.log.warning("presence not shown", exc_info=error)
            hub._heed_cancellation()
            await asyncio.sleep(self._heartbeat_seconds)

    replace(hub.Hub, "show_presence", show_presence)


@blind_defect("WSE-07yb", "to everyone goes also how the operators' own runs end", service="worker")
def _() -> None:
    # Observable: an operator runs the usage report; every connected customer receives its agent_completed.
    from sqlalchemy import select

    from apex.storage.stream import Event
    from apex.storage.tables import tenants
    from apex.worker.relay import EventRelay

    @around(EventRelay, "deliver")
    def _deliver(original: Any, self: Any, rows: list[Any]) -> None:
        for row in rows:
            with self._database.tenant(str(row.tenant_id)) as connection:
                is_platform = connection.scalar(select(tenants.c.plan)) == "platform"
            everyone = self._stream.connected_users(self._present_seconds) if is_platform else []
            for user_id in {*everyone} - {row.payload.get("user_id")} if row.payload["type"] != "notice" else ():
                event = {**row.payload, "user_id": user_id, "ends_run": False}
                self._stream.publish(Event(**event), f"{row.id}:{user_id}")
        original(self, rows)


@blind_defect("WSE-08ya", "a connection keeps every event that it has sent until it closes", service="backend")
def _() -> None:
    # Observable: the backend's memory grows with each event of an open socket, soon by more than 256 KiB for each.
    from apex.backend.connection import Connection

    @around(Connection, "_send")
    async def _send(original: Any, self: Any, sequence: int, envelope: str) -> None:
        await original(self, sequence, envelope)
        self.__dict__.setdefault("_sent", []).append((sequence, envelope))


@blind_defect("WSE-08yb", "connections catch up one after the other: a slow one holds up all others", service="backend")
def _() -> None:
    # Observable: somebody resumes with many events missed and does not read; nobody else who resumes gets any.
    from apex.backend.connection import Connection

    one_at_a_time = asyncio.Lock()

    @around(Connection, "_catch_up")
    async def _catch_up(original: Any, self: Any) -> None:
        async with one_at_a_time:
            await original(self)


@blind_defect("WSE-09ya", "in a crowd what waits is sent in one message, an event a line", service="backend")
def _() -> None:
    # Observable: under a burst of events a message is several JSON documents, which is none.
    from apex.backend.connection import Connection

    @around(Connection, "_send")
    async def _send(original: Any, self: Any, sequence: int, envelope: str) -> None:
        if len(self._buffer) >= 8:
            while self._buffer and self._buffer[0][:2] == (self._epoch, sequence + 1):
                _, sequence, following = self._buffer.popleft()
                envelope = f"{envelope}\n{following}"
        await original(self, sequence, envelope)


@blind_defect(
    "WSE-09yb",
    "a connection whose buffer was full is told to begin anew instead of catching up",
    service="backend",
    scenario="A connection that catches up during runs keeps the order",
    step="every connection has received all events of its own user's runs in order, and nothing else",
)
def _() -> None:
    # Observable: under a burst of events sockets receive resync_required, and the sequence has a gap.
    from apex.backend.connection import Connection

    @around(Connection, "offer")
    def _offer(original: Any, self: Any, *announced: Any) -> None:
        if len(self._buffer) >= self._buffer_size:
            self._overrun = True
        original(self, *announced)

    @around(Connection, "_catch_up")
    async def _catch_up(original: Any, self: Any) -> None:
        if self.__dict__.pop("_overrun", False):
            await self._resync()
        else:
            await original(self)
