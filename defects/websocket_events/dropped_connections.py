"""Seeded defects of dropped connections (WSE-03)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import uvicorn

from apex.backend.connection import Connection, Position
from defects import defect
from defects._patching import replace


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
    scenario="What was missed on a dead line is shown on a new one",
    step="Acme has received the complete story of the run",
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


@defect(
    "WSE-03k",
    service="backend",
    summary="who connects is told a place in the stream that lies behind",
    scenario="A customer who was away too long is told so once",
    step="Acme's next run is shown without a gap",
)
def _() -> None:
    async def control(self: Connection, type: str, generation: int) -> None:
        self._cursor -= 2
        await original(self, type, generation)
        self._cursor += 2

    original = replace(Connection, "_control", control)


@defect(
    "WSE-03l",
    service="backend",
    summary="heartbeats may stay unanswered for about twice as long as they should",
    scenario="A line that has gone dead is noticed on both sides",
    step="the platform gives the dead connection up in time",
)
def _() -> None:
    _served(ws_ping_timeout=7.5)
