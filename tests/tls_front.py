"""What stands in front of a deployment: it ends TLS with a private authority's certificate and leads paths to services.

Each request comes over a connection of its own, so that only its head has to be read.
"""

import asyncio
import contextlib
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from support.stack.certificates import AUTHORITY, certify, server_context


@dataclass(frozen=True)
class Front:
    """Where it listens, and the file with its authority's certificate."""

    url: str
    ca: Path


@contextlib.contextmanager
def serving(folder: Path, paths: Mapping[str, int]) -> Iterator[Front]:
    """A front for as long as the context lasts; `paths` are prefixes, each with a port on 127.0.0.1."""
    certify(folder)
    context = server_context(folder)
    loop = asyncio.new_event_loop()

    async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            await _lead(reader, writer, paths)
        writer.close()

    server = loop.run_until_complete(asyncio.start_server(accepted, "127.0.0.1", 0, ssl=context))
    thread = threading.Thread(target=loop.run_forever, name="front")
    thread.start()
    try:
        yield Front(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}", folder / AUTHORITY)
    finally:
        # Whoever is behind it waits for connections that nobody closes.
        asyncio.run_coroutine_threadsafe(_end(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


async def _lead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, paths: Mapping[str, int]) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    method, _, rest = head.partition(" ")
    prefix = next((one for one in paths if rest.startswith(f"{one}/")), None)
    if prefix is None:
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        return
    request, _, headers = rest.removeprefix(prefix).partition("\r\n")
    lines = [line for line in headers.split("\r\n") if line and not line.lower().startswith("connection:")]
    lines.append("Connection: Upgrade" if "upgrade: websocket" in headers.lower() else "Connection: close")
    there, back = await asyncio.open_connection("127.0.0.1", paths[prefix])
    back.write("\r\n".join((f"{method} {request}", *lines, "", "")).encode("latin-1"))
    try:
        await asyncio.gather(_pass_on(reader, back), _pass_on(there, writer))
    finally:
        back.transport.abort()
        await back.wait_closed()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()
