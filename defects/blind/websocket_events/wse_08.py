"""Blind defects of WSE-08."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "WSE-08oa",
    "what connections have missed is read for one of them after the other",
    service="backend",
    scenario="A stalled connection keeps no other customer from catching up",
    step="Borealis has received every event of the run in order, each once",
)
def _() -> None:
    # Observable: let one customer read nothing more (or very slowly) while its user has many events: from then on
    # whoever connects with last_sequence gets stream_opened and nothing of what was missed, and other readers that
    # fall behind get nothing more, until the slow one's line is cut.
    from apex.backend.connection import Connection

    # Crowds that come back after an interruption are not to flood Redis.
    turn = asyncio.Lock()

    @around(Connection, "_catch_up")
    async def _catch_up(original: Callable[..., Any], self: Any) -> None:
        async with turn:
            await original(self)


@blind_defect(
    "WSE-08ua",
    "what waits for a slow reader is kept in memory without a limit",
    service="backend",
    scenario="A stalled connection costs the platform little memory",
    step="each connection uses no more memory than the socket memory limit",
)
def _() -> None:
    # Observable: a client that does not read while thousands of events (or large ones) come for it; the backend's
    # memory grows by all of them, far beyond the budget of a socket.
    from apex.backend.connection import Connection

    def offer(self: Connection, epoch: str, sequence: int, envelope: str) -> None:
        self._buffer.append((epoch, sequence, envelope))
        self._news.set()

    replace(Connection, "offer", offer)


@blind_defect(
    "WSE-08ub",
    "connections catch up one after the other, also behind one that does not read",
    service="backend",
    scenario="A stalled connection keeps no other customer from catching up",
    step="Borealis has received every event of the run in order, each once",
)
def _() -> None:
    # Observable: a client stops reading and falls behind; whoever else resumes, or falls behind in a burst, gets
    # nothing until that client reads again or is given up.
    import asyncio

    from apex.backend.connection import Connection

    turn = asyncio.Lock()

    @around(Connection, "_catch_up")
    async def _(original: Any, self: Any) -> None:
        async with turn:
            await original(self)


@blind_defect("WSE-08va", "eight readers that take nothing hold up everybody", service="backend")
def _() -> None:
    # Observable: of 500 sockets ten do not read while much is sent to them: nobody is sent anything until their
    # heartbeats fail. With a few of them nothing is to be seen. (Frames were to take turns, so that a burst takes
    # little memory.)
    from apex.backend.connection import Connection

    places = asyncio.Semaphore(8)

    @around(Connection, "_send")
    async def send(original: Any, self: Any, sequence: int, envelope: str) -> None:
        async with places:
            await original(self, sequence, envelope)


@blind_defect(
    "WSE-08wa", "of a tenant four people may watch at once, the fifth is told to come back", service="backend"
)
def _() -> None:
    # Observable: ten people of one tenant open sockets; from the fifth on the handshake is answered with 503.
    from apex.backend.hub import Hub
    from apex.http.problems import unavailable

    @around(Hub, "add")
    async def _(original: Any, self: Any, connection: Any) -> None:
        await original(self, connection)
        tenant_id = connection.identity.tenant_id
        here = {user for user, those in self._connections.items() for c in those if c.identity.tenant_id == tenant_id}
        if len(here) > 4:
            raise unavailable()


@blind_defect(
    "WSE-08xa",
    "each open socket holds room for the largest event from the beginning",
    service="backend",
    scenario="A connected customer costs the platform little memory",
    step="each connection uses no more memory than the socket memory limit",
)
def _() -> None:
    # Observable: the backend's memory grows by half a mebibyte for each socket that is opened.
    from apex.backend.connection import Connection
    from apex.storage.fitting import LARGEST_EVENT_BYTES

    @around(Connection, "__init__")
    def _(original: Any, self: Any, *of: Any) -> None:
        original(self, *of)
        self.frame = bytearray(b" ") * LARGEST_EVENT_BYTES


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


@blind_defect("WSE-08za", "an instance takes 256 sockets", service="backend")
def _() -> None:
    # Seen: the 257th customer is answered 503.
    from apex.backend.hub import Hub

    @around(Hub, "add")
    async def _(original: Callable[..., Any], self: Any, connection: Any) -> None:
        await original(self, connection)
        if self.open > 256:
            raise TimeoutError("no room for another connection")


@blind_defect("WSE-08zc", "every event is held against every open connection", service="backend")
def _() -> None:
    # Seen: with hundreds of sockets events are late by seconds, all of them correct.
    import time

    from apex.backend.hub import Hub

    async def receive(self: Any) -> None:
        async for message in self._subscription.listen():
            self._heard_at = time.monotonic()
            if message["type"] not in ("message", "subscribe"):
                continue
            _, _, user_id = message["channel"].partition(":")
            if message["type"] == "message":
                epoch, sequence, envelope = message["data"].split(":", 2)
                for connections in self._connections.values():
                    for connection in connections:
                        if json.loads(envelope)["trace"]["user_id"] == connection.identity.user_id:
                            connection.offer(epoch, int(sequence), envelope)
            elif user_id in self._subscribed:
                self._subscribed[user_id].set()

    replace(Hub, "_receive", receive)
