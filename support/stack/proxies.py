"""The process of all proxied links: `python -m support.stack.proxies SOCKET`, told what to do over that Unix socket.

A process of its own, so that traffic never starves the supervisor's control and the other way round.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import uvloop

from support.stack import wire
from support.stack.errors import StackError, from_os_error
from support.stack.fault import Fault
from support.stack.link import Link, Spoil
from support.stack.ports import LOOPBACK


class Proxies:
    """All links, by name."""

    def __init__(self) -> None:
        self._links: dict[str, Link] = {}
        self._spoil: Spoil | None = None
        self._spoils: frozenset[str] = frozenset()

    async def open(
        self,
        name: str,
        port: int,
        target: int,
        fallback: int | None = None,
        host: str = LOOPBACK,
        certificates: str = "",
    ) -> None:
        """Open a link from `port` to `target`, or to `fallback` where nobody listens there.

        `certificates`: the folder of those with which clients are to come encrypted.
        """
        # One that is opened on demand is called after the one that leads there, too: `backend#1`.
        spoils = name.partition("#")[0] in self._spoils
        tls = None
        if certificates:
            from support.stack.certificates import server_context  # few runs need any

            tls = server_context(Path(certificates))
        link = Link(name, port, target, fallback, host, self._spoil if spoils else None, tls)
        try:
            await link.open()
        except OSError as error:
            raise from_os_error(error, f"the link {name} cannot be opened", f"{LOOPBACK}:{port}") from error
        self._links[name] = link

    async def close(self, name: str) -> None:
        """Close a link and forget it."""
        await self._link(name).close()
        del self._links[name]

    async def set_fault(self, name: str, fault: dict[str, Any] | None) -> None:
        """Set or, with None, clear the fault of a link."""
        await self._link(name).set_fault(None if fault is None else Fault.from_json(fault))

    async def spoil(self, names: Sequence[str], target: str, id: str) -> None:
        """Spoil what passes over these links as an entry of the catalogue has it; "" for nothing.

        Connections that are open stay as they are.
        """
        # Nothing else here needs the drivers.
        from support.spoiling.http import SpoiledConnection
        from support.spoiling.spoiled import Spoiled

        spoiled = Spoiled.of(target, id)
        self._spoil, self._spoils = partial(SpoiledConnection, spoiled), frozenset(names)
        for name in names:
            self._link(name).spoil = self._spoil

    async def cut(self, name: str, how: str) -> int:
        """End the open connections of a link."""
        if how not in ("reset", "close"):
            raise StackError(f"connections are cut by reset or close, not by {how}")
        return self._link(name).cut(how)

    async def status(self) -> list[dict[str, Any]]:
        """Counters of all links."""
        return [link.status() for link in self._links.values()]

    def _link(self, name: str) -> Link:
        try:
            return self._links[name]
        except KeyError:
            raise StackError(f"there is no link {name}; there are {', '.join(sorted(self._links))}") from None


async def _run(socket_path: Path) -> None:
    proxies = Proxies()
    handlers: dict[str, wire.Handler] = {
        "open": proxies.open,
        "close": proxies.close,
        "set_fault": proxies.set_fault,
        "cut": proxies.cut,
        "spoil": proxies.spoil,
        "status": proxies.status,
    }
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with await wire.serve(socket_path, handlers):
        await ended.wait()


if __name__ == "__main__":
    uvloop.run(_run(Path(sys.argv[1])))
