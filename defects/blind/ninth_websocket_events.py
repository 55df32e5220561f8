"""Blind defects of websocket_events, written from the promises alone."""

from __future__ import annotations

import asyncio
from typing import Any

from defects import blind_defect
from defects._patching import replace


@blind_defect(
    "WSE-02ra",
    "the end of a session closes one of its sockets",
    service="backend",
    scenario="Logging out ends the connections of that session only",
    step="Acme's two tabs are closed in time because the session is over",
)
def _() -> None:
    # Observable: open two sockets with the same access token (two tabs of one log-in) and log out, or have the member
    # removed: one of them is closed (4401, 4403), the other one stays open and still receives what the user's runs
    # tell.
    from apex.backend.hub import Hub

    def end_session(self: Any, session_id: str, reason: str) -> None:
        connection = self.sessions().get(session_id)
        if connection is not None:
            connection.end(reason)

    replace(Hub, "end_session", end_session)


@blind_defect(
    "WSE-03ra",
    "who had seen no event yet is not sent what was missed",
    service="backend",
    scenario="Hundreds of missed events are delivered at once",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    # Observable: open the socket of a new user (stream_opened says sequence 0), drop the line, start a run, and connect
    # with last_sequence=0 and the epoch: stream_opened names the present sequence, the events of the run meanwhile are
    # never sent, and no resync_required says so. From last_sequence=1 on all is well.
    from apex.backend.connection import Connection, Position

    original = Connection.send_events

    async def send_events(self: Any, resume: Position | None) -> None:
        await original(self, resume if resume is not None and resume.sequence else None)

    replace(Connection, "send_events", send_events)


@blind_defect(
    "WSE-06ra",
    "a tool that fails beside another one is told as a fault of the agent",
    service="worker",
    scenario="Each kind of failure has its own error event",
    step="Acme is notified that <what failed> and that <what to do>",
)
def _() -> None:
    # Observable: have the pricing partner answer 503 and start a cost analysis, which reads prices and utilisation side
    # by side: agent_error says agent_failed and recoverable false, instead of the tool's code and message and true.
    # When list_instances fails, which is called alone, all is told as it is.
    from apex.worker import supervisor

    original = supervisor._told

    def told(error: BaseException) -> dict[str, Any]:
        if isinstance(error, BaseExceptionGroup):
            supervisor.log.error("agent failed", exc_info=error)
            return supervisor._error("agent_failed", "The agent could not finish because of a fault of its own.", False)
        return original(error)

    replace(supervisor, "_told", told)


@blind_defect(
    "WSE-07ra",
    "who has been connected for a while is not told of a notice",
    service="backend",
    scenario="A notice reaches a customer who has been connected for a while",
    step="every connection receives the notice in time",
)
def _() -> None:
    # Observable: keep a socket open for longer than two heartbeats, then have an operator send a notice: it does not
    # arrive. Sockets that were opened just before have it: only who connects is written down as present.
    import time

    from apex.backend import hub
    from apex.storage.stream import PRESENCE

    async def show_presence(self: Any) -> None:
        while True:
            try:
                await self._redis.zremrangebyscore(PRESENCE, 0, time.time() - 10 * self._heartbeat_seconds)
            except Exception as error:
                hub.log.warning("presence not shown", exc_info=error)
            hub._heed_cancellation()
            await asyncio.sleep(self._heartbeat_seconds)

    replace(hub.Hub, "show_presence", show_presence)
