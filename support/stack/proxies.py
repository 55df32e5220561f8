"""The process of all proxied lines: `python -m support.stack.proxies SOCKET`, told what to do over that Unix socket.

A process of its own, so that traffic never starves the supervisor's control and the other way round.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import Any

import uvloop

from support.stack import wire
from support.stack.errors import StackError, from_os_error
from support.stack.fault import Fault
from support.stack.line import Line
from support.stack.ports import LOOPBACK


class Proxies:
    """All lines, by name."""

    def __init__(self) -> None:
        self._lines: dict[str, Line] = {}

    async def open(self, name: str, port: int, target: int) -> None:
        """Open a line from `port` to `target`."""
        line = Line(name, port, target)
        try:
            await line.open()
        except OSError as error:
            raise from_os_error(error, f"the line {name} cannot be opened", f"{LOOPBACK}:{port}") from error
        self._lines[name] = line

    async def close(self, name: str) -> None:
        """Close a line and forget it."""
        await self._line(name).close()
        del self._lines[name]

    async def set_fault(self, name: str, fault: dict[str, Any] | None) -> None:
        """Set or, with None, clear the fault of a line."""
        await self._line(name).set_fault(None if fault is None else Fault.from_json(fault))

    async def cut(self, name: str, how: str) -> int:
        """End the open connections of a line."""
        if how not in ("reset", "close"):
            raise StackError(f"connections are cut by reset or close, not by {how}")
        return self._line(name).cut(how)

    async def status(self) -> list[dict[str, Any]]:
        """Counters of all lines."""
        return [line.status() for line in self._lines.values()]

    def _line(self, name: str) -> Line:
        try:
            return self._lines[name]
        except KeyError:
            raise StackError(f"there is no line {name}; there are {', '.join(sorted(self._lines))}") from None


async def _run(socket_path: Path) -> None:
    proxies = Proxies()
    handlers: dict[str, wire.Handler] = {
        "open": proxies.open,
        "close": proxies.close,
        "set_fault": proxies.set_fault,
        "cut": proxies.cut,
        "status": proxies.status,
    }
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with await wire.serve(socket_path, handlers):
        await ended.wait()


if __name__ == "__main__":
    uvloop.run(_run(Path(sys.argv[1])))
