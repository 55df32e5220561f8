"""Seeded defects of dropped connections (WSE-03)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import uvicorn

from apex.backend.connection import Connection, Position
from defects import Scenario
from defects._patching import replace


def _resumed_at(place: Callable[[Connection, Position, int], int]) -> None:
    """A returning customer's stream goes on at a wrong place, given where they were and the newest sequence."""

    async def _open(self: Connection, resume: Position | None) -> None:
        if resume is not None:
            _, _, newest = await self._stand()
            resume = Position(resume.epoch, place(self, resume, newest))
        await original(self, resume)

    original = replace(Connection, "_open", _open)


connection_reset_middle = Scenario("The connection is reset in the middle of a run", service="backend")


@connection_reset_middle.defect(
    "WSE-03a",
    "a reconnected customer goes on at the newest event",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    _resumed_at(lambda connection, resume, newest: newest)


@connection_reset_middle.defect(
    "WSE-03b",
    "a reconnected customer is sent the last event again",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    _resumed_at(lambda connection, resume, newest: max(resume.sequence - 1, 0))


def _served(**options: Any) -> None:
    """The server is started with other options."""

    def run(app: Any, **arguments: Any) -> None:
        original(app, **{**arguments, **options})

    original = replace(uvicorn, "run", run)


line_has_gone = Scenario("A line that has gone dead is noticed on both sides", service="backend")


@line_has_gone.defect("WSE-03c", "connections have no heartbeat", step="Acme notices in time that the line is dead")
def _() -> None:
    _served(ws_ping_interval=None)


@line_has_gone.defect(
    "WSE-03d", "nobody minds when heartbeats are not answered", step="the platform closes the dead connection in time"
)
def _() -> None:
    _served(ws_ping_timeout=None)


missed_dead_line = Scenario("What was missed on a dead line is shown on a new one", service="backend")


@missed_dead_line.defect(
    "WSE-03e",
    "what was missed on a dead line is not sent again",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    _resumed_at(lambda connection, resume, newest: newest)


bad_line_events = Scenario("On a bad line events come late and never wrong", service="backend")


@bad_line_events.defect(
    "WSE-03f",
    "a slow line is taken for a dead one",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    _served(ws_ping_timeout=0.1)


customer_away_too = Scenario("A customer who was away too long is told so once", service="backend")


@customer_away_too.defect(
    "WSE-03g",
    "who was away too long gets what is left, without a word",
    step="Acme is told once that something was missed",
)
def _() -> None:
    async def _resync(self: Connection) -> None:
        oldest: Any = await self._redis.xrange(self._key("events"), "-", "+", count=1)
        self._cursor = int(oldest[0][0].partition("-")[0]) - 1
        await self._catch_up()

    replace(Connection, "_resync", _resync)


@customer_away_too.defect(
    "WSE-03h",
    "who was away too long is told again at every reconnect",
    step="Acme is told once that something was missed",
)
def _() -> None:
    _resumed_at(lambda connection, resume, newest: -1)


connected_customer_told = Scenario(
    "A connected customer is told when the event store has lost its data", service="backend"
)


@connected_customer_told.defect(
    "WSE-03i",
    "a store that has lost its data is taken for one in which nothing happened",
    step="Acme is told once that something was missed",
)
def _() -> None:
    async def _catch_up(self: Connection) -> None:
        self._epoch, _, newest = await self._stand()
        if newest > self._cursor:
            await original(self)

    original = replace(Connection, "_catch_up", _catch_up)


returning_customer_told = Scenario(
    "A returning customer is told when the event store has lost its data", service="backend"
)


@returning_customer_told.defect(
    "WSE-03j",
    "the numbers of a lost stream are taken for those of the new one",
    step="Acme is told once that something was missed",
)
def _() -> None:
    async def _open(self: Connection, resume: Position | None) -> None:
        if resume is not None:
            epoch, _, _ = await self._stand()
            resume = Position(epoch, resume.sequence)
        await original(self, resume)

    original = replace(Connection, "_open", _open)


@customer_away_too.defect(
    "WSE-03k",
    "who connects is told a place in the stream that lies behind",
    step="Acme's next run is shown without a gap",
)
def _() -> None:
    async def control(self: Connection, type: str, generation: int) -> None:
        self._cursor -= 2
        await original(self, type, generation)
        self._cursor += 2

    original = replace(Connection, "_control", control)


@line_has_gone.defect(
    "WSE-03l",
    "heartbeats may stay unanswered for about twice as long as they should",
    step="the platform closes the dead connection in time",
)
def _() -> None:
    _served(ws_ping_timeout=7.5)
