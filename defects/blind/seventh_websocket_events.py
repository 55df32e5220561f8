"""Blind defects of websocket_events, written from the promises alone."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from defects import blind_defect
from defects._patching import around, replace

# -- agent execution --------------------------------------------------------------------------------------------------


@blind_defect(
    "WSE-02ta",
    "of a session's sockets one alone is closed when it ends",
    service="backend",
    scenario="Logging out ends the connections of that session only",
    step="Acme's two tabs are closed in time because the session is over",
)
def _() -> None:
    # Observable: open two sockets (tabs) with the same token and log out, or be removed; one is closed with 4401 or
    # 4403, the other stays open and goes on to receive the user's events until the token expires.
    from apex.backend.hub import Hub

    def end_session(self: Any, session_id: str, reason: str) -> None:
        for connections in self._connections.values():
            for connection in connections:
                if connection.identity.session_id == session_id:
                    connection.end(reason)
                    return

    replace(Hub, "end_session", end_session)


@blind_defect(
    "WSE-03ta",
    "who comes back without having seen an event yet is sent none of the missed ones",
    service="backend",
    scenario="Hundreds of missed events are delivered at once",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    # Observable: a new user opens a socket (stream_opened with sequence 0), the line drops before the first event, a
    # run takes place; reconnect with last_sequence=0 and the epoch: nothing is replayed and no resync_required comes.
    from apex.backend.connection import Connection

    @around(Connection, "_open")
    async def _(original: Any, self: Any, resume: Any) -> None:
        await original(self, resume if resume and resume.sequence else None)


@blind_defect(
    "WSE-06ta",
    "a tool that fails while others are at work is told as a fault of the agent",
    service="worker",
    scenario="Each kind of failure has its own error event",
    step="Acme is notified that <what failed> and that <what to do>",
)
def _() -> None:
    # Observable: a cost analysis whose partner has no prices (or whose cloud tells no metrics), which are read side by
    # side; agent_error says agent_failed, not recoverable, instead of tool_failed, recoverable.
    import structlog

    supervisor: Any = import_module("apex.worker.supervisor")
    log = structlog.get_logger()

    @around(supervisor, "_told")
    def _(original: Any, error: BaseException) -> Any:
        if not isinstance(error, BaseExceptionGroup):
            return original(error)
        log.error("agent failed", exc_info=error)
        return supervisor._error("agent_failed", "The agent could not finish because of a fault of its own.", False)


@blind_defect(
    "WSE-09ta",
    "who is more than 200 events behind gets the rest with later events only",
    service="backend",
    scenario="Hundreds of missed events are delivered at once",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    # Observable: reconnect with 450 events missed: 200 come, the others not before the next event is published (200 a
    # time). A reader that was too slow for a burst of 1,000 events never gets the last ones of it.
    from apex.backend import connection as module

    async def catch_up(self: Any) -> None:
        epoch, _generation, newest = await self._stand()
        if epoch != self._epoch:
            await self._resync()
            return
        if newest <= self._cursor:
            return
        entries: Any = await self._redis.xrange(self._key("events"), f"{self._cursor + 1}-0", "+", count=module._BATCH)
        for entry_id, fields in entries:
            sequence = int(entry_id.partition("-")[0])
            if sequence != self._cursor + 1:
                await self._resync()
                return
            await self._send(sequence, fields["event"])
        if not entries:
            await self._resync()

    replace(module.Connection, "_catch_up", catch_up)


# -- configuration ----------------------------------------------------------------------------------------------------
