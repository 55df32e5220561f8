"""Seeded defects of hundreds who watch at once (WSE-08)."""

from __future__ import annotations

import asyncio
from typing import Any

from apex.backend.connection import Connection
from apex.http.socket_protocol import SocketProtocol
from defects import Scenario
from defects._events import offered_late
from defects._patching import replace

fifty_organisations_ten = Scenario("Fifty organisations of ten people each see their own runs", service="backend")


@fifty_organisations_ten.defect(
    "WSE-08a",
    "the eleventh connection and those after it are told nothing",
    step="every connection has received all events of its own customer's runs and nothing else",
)
def _() -> None:
    served: list[Connection] = []

    def offer(self: Connection, *event: Any) -> None:
        if self not in served and len(served) < 10:
            served.append(self)
        if self in served:
            original(self, *event)

    original = replace(Connection, "offer", offer)


@fifty_organisations_ten.defect(
    "WSE-08b",
    "events wait two seconds for others to be sent with",
    step="nearly all events arrive within the crowd event delivery budget",
)
def _() -> None:
    offered_late(2.0)


connected_customer_costs = Scenario("A connected customer costs the platform little memory", service="backend")


@connected_customer_costs.defect(
    "WSE-08c",
    "each connection sets a megabyte aside",
    step="each connection has cost the platform no more than the socket memory budget",
)
def _() -> None:
    def __init__(self: Connection, *args: Any) -> None:
        original(self, *args)
        self.set_aside = b"x" * 1024 * 1024  # type: ignore[attr-defined]

    original = replace(Connection, "__init__", __init__)


customer_does_not = Scenario("A customer who does not read keeps nobody waiting", service="backend")


@customer_does_not.defect(
    "WSE-08d",
    "one who does not read holds up everybody",
    step="nearly all events arrive within the crowd event delivery budget",
)
def _() -> None:
    # All connections take turns at sending, and a turn lasts until the other side has taken what is sent.
    turn: list[asyncio.Lock] = []

    async def _send(self: Connection, sequence: int, envelope: str) -> None:
        turn.extend([] if turn else [asyncio.Lock()])
        async with turn[0]:
            await original(self, sequence, envelope)

    original = replace(Connection, "_send", _send)


connection_takes_nothing = Scenario("A connection that takes nothing any more is given up", service="backend")


@connection_takes_nothing.defect(
    "WSE-08e",
    "a connection is only closed once everything sent has been taken",
    step="the platform closes the dead connection in time",
)
def _() -> None:
    del SocketProtocol.keepalive_timeout
