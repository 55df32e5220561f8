"""What leaves in order, though some of it is late."""

import asyncio
from collections import deque

from support.stack.link import Sink
from support.stack.pipe import End


class Outlet:
    """Passes on in order: what is late keeps back what follows it."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[tuple[float, bytes, End | None]] = deque()

    def send(self, data: bytes, late: float = 0.0, end: End | None = None) -> None:
        """Pass bytes on, or the end of the connection, so many seconds from now."""
        self._waiting.append((self._loop.time() + late, data, end))
        if len(self._waiting) == 1:
            self._pump()

    def _pump(self) -> None:
        while self._waiting:
            at, data, end = self._waiting[0]
            if (left := at - self._loop.time()) > 0:
                self._loop.call_later(left, self._pump)
                return
            self._waiting.popleft()
            if end is None:
                self._sink.feed(data)
            else:
                self._sink.feed_end(end)
