"""Seeded defects of dropped connections (WSE-03)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import uvicorn

from apex.backend.connection import Connection, Position
from defects import Scenario
from defects._patching import replace

reset = Scenario("No event is lost when a connection is reset during a run", service="backend")
detected = Scenario("A silently dropped connection is detected on both sides", service="backend")
silent = Scenario("A new connection delivers what a silently dropped one missed", service="backend")
slow = Scenario("On a slow network events are late but never wrong", service="backend")
away = Scenario("A customer who missed too many events is notified once", service="backend")
connected = Scenario("A connected customer is notified when the event stream loses its data", service="backend")
returning = Scenario("A returning customer is notified that the event stream lost its data", service="backend")
any_order = Scenario("No event is lost in whatever order customers leave and return", service="backend")

COMPLETE = "Acme has received every event of the run in order, each once"
CLOSED = "the platform closes Acme's connection in time"
NOTIFIED = "Acme is notified once that events were missed"


def _resumed_at(place: Callable[[Position, int, str], Position]) -> None:
    """Resume at a wrong position, made of the requested one and of the stream's newest sequence and epoch."""

    async def _open(self: Connection, resume: Position | None) -> None:
        if resume is not None:
            epoch, _, newest = await self._stand()
            resume = place(resume, newest, epoch)
        await original(self, resume)

    original = replace(Connection, "_open", _open)


def _served(**options: Any) -> None:
    """Start the server with other options."""

    def run(app: Any, **arguments: Any) -> None:
        original(app, **{**arguments, **options})

    original = replace(uvicorn, "run", run)


@reset.defect("WSE-03a", "a reconnected customer continues at the newest event", step=COMPLETE)
def _() -> None:
    _resumed_at(lambda resume, newest, epoch: Position(resume.epoch, newest))


@reset.defect("WSE-03b", "a reconnected customer receives the last event again", step=COMPLETE)
def _() -> None:
    _resumed_at(lambda resume, newest, epoch: Position(resume.epoch, max(resume.sequence - 1, 0)))


@detected.defect("WSE-03c", "connections have no heartbeat", step="Acme detects the dropped connection in time")
def _() -> None:
    _served(ws_ping_interval=None)


@detected.defect("WSE-03d", "unanswered heartbeats are ignored", step=CLOSED)
def _() -> None:
    _served(ws_ping_timeout=None)


@silent.defect("WSE-03e", "events that a silently dropped connection missed are not sent again", step=COMPLETE)
def _() -> None:
    _resumed_at(lambda resume, newest, epoch: Position(resume.epoch, newest))


@slow.defect("WSE-03f", "a slow connection is treated as a dead one", step=COMPLETE)
def _() -> None:
    _served(ws_ping_timeout=0.1)


@away.defect("WSE-03g", "after a long absence the events that are left arrive without a notification", step=NOTIFIED)
def _() -> None:
    async def _resync(self: Connection) -> None:
        oldest: Any = await self._redis.xrange(self._key("events"), "-", "+", count=1)
        self._cursor = int(oldest[0][0].partition("-")[0]) - 1
        await self._catch_up()

    replace(Connection, "_resync", _resync)


@away.defect("WSE-03h", "after a long absence every reconnect is notified of missed events again", step=NOTIFIED)
def _() -> None:
    _resumed_at(lambda resume, newest, epoch: Position(resume.epoch, -1))


@connected.defect("WSE-03i", "a stream that has lost its data is taken for one without new events", step=NOTIFIED)
def _() -> None:
    async def _catch_up(self: Connection) -> None:
        self._epoch, _, newest = await self._stand()
        if newest > self._cursor:
            await original(self)

    original = replace(Connection, "_catch_up", _catch_up)


@returning.defect("WSE-03j", "sequence numbers of a lost stream are taken for those of the new one", step=NOTIFIED)
def _() -> None:
    _resumed_at(lambda resume, newest, epoch: Position(epoch, resume.sequence))


@away.defect(
    "WSE-03k", "a new connection reports an outdated position", step="Acme receives the next run without a gap"
)
def _() -> None:
    async def _control(self: Connection, type: str, generation: int) -> None:
        # Whoever resumes from a position below zero is refused.
        outdated = min(2, self._cursor)
        self._cursor -= outdated
        await original(self, type, generation)
        self._cursor += outdated

    original = replace(Connection, "_control", _control)


@detected.defect("WSE-03l", "heartbeats may stay unanswered for about twice as long as they should", step=CLOSED)
def _() -> None:
    _served(ws_ping_timeout=7.5)


@any_order.defect(
    "WSE-03m",
    "a client that returns is told from the second event on that it missed",
    step="every user finds everything that they have written, and every event",
)
def _() -> None:
    _resumed_at(lambda resume, newest, epoch: Position(resume.epoch, min(resume.sequence + 1, newest)))
