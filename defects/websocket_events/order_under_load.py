"""Seeded defects of the order of events under load (WSE-09)."""

from __future__ import annotations

import asyncio
from typing import Any

from apex.backend.connection import Connection
from apex.worker.tracker import Tracker
from defects import defect
from defects._patching import replace


@defect(
    "WSE-09a",
    service="backend",
    summary="each event is sent by a task of its own, and they overtake each other",
    scenario="A thousand events for each of fifty customers arrive in order",
    step="each has seen the whole story of their own runs and nothing else",
)
def _() -> None:
    sending: set[asyncio.Task[None]] = set()

    async def _send(self: Connection, sequence: int, envelope: str) -> None:
        async def later() -> None:
            await asyncio.sleep(0.005 if sequence % 2 else 0)
            await self._socket.send_text(envelope)

        self._cursor = sequence
        sending.add(asyncio.create_task(later()))

    replace(Connection, "_send", _send)


@defect(
    "WSE-09b",
    service="worker",
    summary="of a quick sequence of thoughts some are left out",
    scenario="A thousand events for each of fifty customers arrive in order",
    step="each has been told a thousand events",
)
def _() -> None:
    thoughts: dict[str, int] = {}

    def emit(self: Tracker, type: str, *rest: Any) -> None:
        thoughts[self._run.id] = number = thoughts.get(self._run.id, 0) + 1
        if type != "agent_thinking" or number % 10:
            original(self, type, *rest)

    original = replace(Tracker, "emit", emit)
