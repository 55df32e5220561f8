"""Seeded defects of the order of events under load (WSE-09)."""

from __future__ import annotations

import asyncio
from typing import Any

from apex.backend.connection import Connection
from apex.worker.tracker import Tracker
from defects import Scenario
from defects._patching import replace

thousand_events_each = Scenario("A thousand events for each of fifty customers arrive in order")


@thousand_events_each.defect(
    "WSE-09a",
    "each event is sent by a task of its own, and they overtake each other",
    step="every connection has received all events of its own customer's runs and nothing else",
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


@thousand_events_each.defect(
    "WSE-09b",
    "of a quick sequence of thoughts some are left out",
    step="each has been told a thousand events",
    service="worker",
)
def _() -> None:
    thoughts: dict[str, int] = {}

    def emit(self: Tracker, type: str, *rest: Any) -> None:
        thoughts[self._run.id] = number = thoughts.get(self._run.id, 0) + 1
        if type != "agent_thinking" or number % 10:
            original(self, type, *rest)

    original = replace(Tracker, "emit", emit)
