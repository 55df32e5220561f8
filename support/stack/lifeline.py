"""The supervisor's line to whoever asked for the stack."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any


class Lifeline:
    """The supervisor's end of the socket to whoever asked for the stack."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def wait_for_end(self) -> None:
        """Returns when the other end is closed."""
        while await self._reader.read(1024):
            pass

    def note(self, message: dict[str, Any]) -> None:
        """Send a message without waiting; nobody listening is no error, the end of the lifeline tells."""
        if not self._writer.is_closing():
            self._writer.write(json.dumps(message).encode() + b"\n")

    def ready(self, name: str, seconds: float) -> None:
        """Report that something is ready, in the supervisor's own log, too.

        There it has the moment, on the clock of all processes of the machine: a slow start can be looked at afterwards.
        """
        line = f"{name} ready in {seconds:.2f} s"
        print(f"{time.monotonic():.3f} {line}", file=sys.stderr, flush=True)
        self.note({"progress": line})

    async def say(self, message: dict[str, Any]) -> None:
        """Send a message and wait until it is on its way."""
        self.note(message)
        try:
            await self._writer.drain()
        except ConnectionError:
            self._writer.close()
