"""Seeded defects of the order of events under load (WSE-09)."""

from __future__ import annotations

import asyncio
from typing import Any

from apex.backend.connection import Connection
from apex.worker.tracker import Tracker
from defects import Scenario
from defects._patching import replace

ordered = Scenario("Fifty customers each receive a thousand events in order")


@ordered.defect(
    "WSE-09a",
    "each event is sent by a task of its own, and the tasks overtake each other",
    step="every connection has received all events of its own user's runs in order, and nothing else",
    service="backend",
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


@ordered.defect(
    "WSE-09b",
    "every tenth agent_thinking event of a run is dropped",
    step="every connection has received a thousand events",
    service="worker",
)
def _() -> None:
    thoughts: dict[str, int] = {}

    def emit(self: Tracker, type: str, *rest: Any) -> None:
        thoughts[self._run.id] = number = thoughts.get(self._run.id, 0) + 1
        if type != "agent_thinking" or number % 10:
            original(self, type, *rest)

    original = replace(Tracker, "emit", emit)
