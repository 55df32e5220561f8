"""Seeded defects of hundreds of connections at once (WSE-08)."""

from __future__ import annotations

import asyncio
from typing import Any

from apex.backend.connection import Connection
from apex.http.socket_protocol import SocketProtocol
from defects import Scenario
from defects._events import offered_late
from defects._patching import replace

fifty = Scenario("Fifty organisations of ten people each receive their own runs", service="backend")
memory = Scenario("A connected customer costs the platform little memory", service="backend")
stalled = Scenario("A stalled connection delays no other customer", service="backend")
closed = Scenario("A stalled connection is closed", service="backend")

IN_TIME = "at least 95 % of all events arrive within the target time for crowd event delivery"


@fifty.defect(
    "WSE-08a",
    "only the first ten connections receive events",
    step="every connection has received all events of its own user's runs in order, and nothing else",
)
def _() -> None:
    served: list[Connection] = []

    def offer(self: Connection, *event: Any) -> None:
        if self not in served and len(served) < 10:
            served.append(self)
        if self in served:
            original(self, *event)

    original = replace(Connection, "offer", offer)


@fifty.defect("WSE-08b", "events are held back for two seconds and sent together", step=IN_TIME)
def _() -> None:
    offered_late(2.0)


@memory.defect(
    "WSE-08c",
    "each connection allocates a megabyte",
    step="each connection uses no more memory than the socket memory limit",
)
def _() -> None:
    def __init__(self: Connection, *args: Any) -> None:
        original(self, *args)
        self.allocated = b"x" * 1024 * 1024  # type: ignore[attr-defined]

    original = replace(Connection, "__init__", __init__)


@stalled.defect("WSE-08d", "a stalled connection blocks all others", step=IN_TIME)
def _() -> None:
    # Connections send one at a time, and each waits until its receiver has taken what is sent.
    turn: list[asyncio.Lock] = []

    async def _send(self: Connection, sequence: int, envelope: str) -> None:
        turn.extend([] if turn else [asyncio.Lock()])
        async with turn[0]:
            await original(self, sequence, envelope)

    original = replace(Connection, "_send", _send)


@closed.defect(
    "WSE-08e",
    "a connection is only closed once its receiver has taken everything",
    step="the platform closes Acme's connection in time",
)
def _() -> None:
    del SocketProtocol.keepalive_timeout
