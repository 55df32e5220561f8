"""A proxied TCP link: a listening port whose connections lead to a service, through faults that can be set."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import Callable
from typing import Any, Protocol, cast

from support.stack.fault import Fault
from support.stack.pipe import Counters, End, Pipe
from support.stack.ports import LOOPBACK

_BACKLOG = 4096
_SSL_REQUEST = struct.pack("!ii", 8, 80877103)


class Sink(Protocol):
    """What takes the bytes of one side of a connection, and its end."""

    def feed(self, data: bytes) -> None:
        """Bytes."""

    def feed_end(self, end: End) -> None:
        """The side has ended."""


class Spoiler(Protocol):
    """What takes both sides of a connection."""

    requests: Sink
    answers: Sink


Spoil = Callable[[Sink, Sink], Spoiler]
"""Stands in a new connection; is given the ways to the server and to the client."""


class _Side(asyncio.Protocol):
    """One end of a connection: reads into `outward`, and its own writing holds `inward` back."""

    def __init__(self, connection: _Connection, outward: Pipe, inward: Pipe, read: Sink | None = None) -> None:
        """`read`: what takes the bytes in place of the pipe, and passes on what becomes of them."""
        self.connection, self.outward, self.inward = connection, outward, inward
        self.read = read or outward
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.connection.joined(self, self.transport)

    def data_received(self, data: bytes) -> None:
        self.read.feed(data)

    def eof_received(self) -> bool:
        self.read.feed_end("eof")
        return True

    def pause_writing(self) -> None:
        self.inward.wait_for("sink", True)

    def resume_writing(self) -> None:
        self.inward.wait_for("sink", False)

    def connection_lost(self, exc: Exception | None) -> None:
        self.connection.lost(self, exc)


class _Connection:
    """A customer's connection and the one to the server that belongs to it."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._to_server = Pipe("to_server", link.counters, self.reset, self._close_if_finished)
        self._to_client = Pipe("to_client", link.counters, self.reset, self._close_if_finished)
        spoiled = link.spoil(self._to_server, self._to_client) if link.spoil else None
        self.client = _Side(self, self._to_server, self._to_client, spoiled.requests if spoiled else None)
        self.server = _Side(self, self._to_client, self._to_server, spoiled.answers if spoiled else None)
        self._to_server.wait_for("server", True)
        self._dialling: asyncio.Task[None] | None = None

    def joined(self, side: _Side, transport: asyncio.Transport) -> None:
        if side is self.server and self not in self._link.connections:
            transport.abort()
            return
        side.outward.attach_source(transport)
        side.inward.attach_sink(transport)
        if side is self.server:
            self._to_server.wait_for("server", False)
            return
        self._link.connections.add(self)
        self._link.counters.total_connections += 1
        fault = self._link.fault_of_new
        if fault is not None and fault.kind == "reset":
            self.reset()
            return
        self.set_fault(fault)
        self._dialling = asyncio.ensure_future(self._dial())

    async def _dial(self) -> None:
        """Connect to the server. On a link where nothing gets through, the server does not hear of the customer."""
        await self._link.passable.wait()
        loop = asyncio.get_running_loop()
        for target in self._link.targets:
            with contextlib.suppress(OSError):
                await loop.create_connection(lambda: self.server, self._link.host, target)
                return
        self.reset()

    def set_fault(self, fault: Fault | None) -> None:
        self._to_server.set_fault(fault)
        self._to_client.set_fault(fault)

    def reset(self) -> None:
        """Both sides see the connection reset; what was still on its way is lost."""
        self._stop()
        for side in (self.client, self.server):
            if side.transport is not None:
                linger = struct.pack("ii", 1, 0)
                with contextlib.suppress(OSError, AttributeError):
                    side.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                side.transport.abort()

    def close(self) -> None:
        """Both sides see an orderly end."""
        self._stop()
        for side in (self.client, self.server):
            if side.transport is not None:
                side.transport.close()

    def _close_if_finished(self) -> None:
        if self._to_server.finished and self._to_client.finished:
            self.close()

    def lost(self, side: _Side, error: Exception | None) -> None:
        """One side is gone: the other learns of it in the same way, after what is still held for it."""
        side.transport = None
        other = self.server if side is self.client else self.client
        if other.transport is None:
            self._stop()
        elif not other.transport.is_closing():
            if error is not None or not side.outward.finished:
                side.read.feed_end("eof" if error is None else "reset")
            else:
                other.transport.close()

    def _stop(self) -> None:
        self._link.connections.discard(self)
        self._to_server.stop()
        self._to_client.stop()
        if self._dialling is not None and self._dialling is not asyncio.current_task():
            self._dialling.cancel()


class _Asked(asyncio.Protocol):
    """A client that asks in the clear whether it may go on encrypted: PostgreSQL's SSLRequest. It may, or is reset."""

    def __init__(self, link: Link, tls: ssl.SSLContext) -> None:
        self._link, self._tls = link, tls
        self._transport: asyncio.Transport | None = None
        self._securing: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        if data != _SSL_REQUEST:
            self._transport.abort()
            return
        self._transport.write(b"S")
        self._securing = asyncio.ensure_future(self._secure(self._transport))

    async def _secure(self, transport: asyncio.Transport) -> None:
        side = _Connection(self._link).client
        with contextlib.suppress(OSError):
            secured = await asyncio.get_running_loop().start_tls(transport, side, self._tls, server_side=True)
            if secured is not None:
                side.connection_made(secured)


class Link:
    """A listening port on 127.0.0.1 that leads to the port `target`; where nobody listens there, to `fallback`.

    Both are ports of `host`. `spoil` stands in each connection that is made from now on, and understands what passes.
    With `tls` clients come encrypted; a client of PostgreSQL asks for that first, in PostgreSQL's own words.
    """

    def __init__(
        self,
        name: str,
        port: int,
        target: int,
        fallback: int | None = None,
        host: str = LOOPBACK,
        spoil: Spoil | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.name, self.port, self.host = name, port, host
        self._tls = tls
        self.spoil = spoil
        self.targets = (target,) if fallback is None else (target, fallback)
        self.counters = Counters()
        self.connections: set[_Connection] = set()
        self.fault: Fault | None = None
        self.passable = asyncio.Event()
        self.passable.set()
        self._server: asyncio.Server | None = None

    @property
    def fault_of_new(self) -> Fault | None:
        """The fault that connections have from their beginning."""
        return None if self.fault is None or self.fault.open_only else self.fault

    async def open(self) -> None:
        """Begin to listen."""
        loop = asyncio.get_running_loop()
        tls, is_asked_for = self._tls, self.name.startswith("postgres")
        self._server = await loop.create_server(
            lambda: _Asked(self, tls) if tls and is_asked_for else _Connection(self).client,
            LOOPBACK,
            self.port,
            backlog=_BACKLOG,
            reuse_address=True,
            ssl=None if is_asked_for else tls,
        )

    async def set_fault(self, fault: Fault | None) -> None:
        """Let a fault hold, in place of the one before; None heals."""
        self.fault = fault
        new = self.fault_of_new
        if new is not None and new.kind == "blackhole" and new.covers("to_server"):
            self.passable.clear()
        else:
            self.passable.set()
        if fault is not None and fault.kind == "refuse":
            await self._refuse()
        elif self._server is None:
            await self.open()
        for connection in list(self.connections):
            if fault is not None and fault.kind in ("reset", "refuse"):
                connection.reset()
            else:
                connection.set_fault(fault)

    def cut(self, how: str) -> int:
        """End all open connections, by "reset" or by an orderly "close"; returns how many there were."""
        connections = list(self.connections)
        for connection in connections:
            if how == "reset":
                connection.reset()
            else:
                connection.close()
        return len(connections)

    async def close(self) -> None:
        """Listen no longer and cut what is open."""
        await self._refuse()
        self.cut("reset")

    async def _refuse(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def status(self) -> dict[str, Any]:
        """Counters, as `LinkStatus` has them."""
        return {
            "name": self.name,
            "address": f"{LOOPBACK}:{self.port}",
            "open_connections": len(self.connections),
            "total_connections": self.counters.total_connections,
            "bytes_to_server": self.counters.bytes["to_server"],
            "bytes_to_client": self.counters.bytes["to_client"],
            "fault": None if self.fault is None else self.fault.kind,
        }
