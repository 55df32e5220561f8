"""Seeded defects of hundreds who watch at once (WSE-08)."""

from __future__ import annotations

import asyncio
from typing import Any

from apex.backend.connection import Connection
from apex.socket_protocol import SocketProtocol
from defects import defect
from defects._events import offered_late
from defects._patching import replace


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
    offered_late(2.0)


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
