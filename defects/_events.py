"""How a defect spoils live events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from apex.backend.connection import Connection
from apex.storage.stream import Event
from defects._patching import replace


def envelopes(change: Callable[[dict[str, Any]], None]) -> None:
    """Every envelope is changed before it is numbered."""

    def envelope(self: Event) -> str:
        frame = json.loads(original(self))
        change(frame)
        return json.dumps(frame)

    original = replace(Event, "envelope", envelope)


def offered_late(seconds: float) -> None:
    """Events are handed to connections that much later."""

    def offer(self: Connection, *event: Any) -> None:
        asyncio.get_running_loop().call_later(seconds, original, self, *event)

    original = replace(Connection, "offer", offer)
