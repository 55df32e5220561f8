"""What both a replaced key and any other change could do to those who watch."""

from __future__ import annotations

import asyncio
from typing import Any

from defects._patching import around


def connections_end_with_each_change() -> None:
    """Whoever watches is disconnected when a configuration is taken over."""
    from apex.backend.connection import Connection
    from apex.config.live import Configuration

    there: list[Any] = []

    @around(Connection, "__init__")
    def _(original: Any, self: Any, *of: Any) -> None:
        original(self, *of)
        there.append((asyncio.get_running_loop(), self))

    @around(Configuration, "_take_over")
    def _(original: Any, self: Any, wanted: Any) -> None:
        original(self, wanted)
        for loop, connection in there:
            loop.call_soon_threadsafe(connection.end, "reload")
