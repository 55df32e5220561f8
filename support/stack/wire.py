"""JSON lines over a Unix socket: one line asks, one line answers."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from support.stack import keeping
from support.stack.errors import StackError, Unanswered

Handler = Callable[..., Awaitable[Any]]
_LONGEST_LINE = 1 << 20


async def serve(place: Path | socket.socket, handlers: Mapping[str, Handler]) -> asyncio.Server:
    """Answer requests {"op": name, "arguments": {...}} of this user alone, at a path or on a socket that listens."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            # A path is guarded by its mode, an abstract name by nothing.
            if keeping.peer(writer.get_extra_info("socket"))[1] in (0, os.geteuid()):
                while line := await reader.readline():
                    writer.write(await _handle(line, handlers))
                    await writer.drain()
        writer.close()

    if isinstance(place, socket.socket):
        return await asyncio.start_unix_server(answer, sock=place, limit=_LONGEST_LINE)
    earlier = os.umask(0o177)
    try:
        return await asyncio.start_unix_server(answer, place, limit=_LONGEST_LINE)
    finally:
        os.umask(earlier)


async def _handle(line: bytes, handlers: Mapping[str, Handler]) -> bytes:
    try:
        request = json.loads(line)
        answer = {"result": await handlers[request["op"]](**request["arguments"])}
    except StackError as error:
        answer = {"error": error_to_json(error)}
    except (ValueError, TypeError, KeyError, OSError) as error:
        answer = {"error": error_to_json(StackError(f"the request failed: {type(error).__name__}: {error}"))}
    return json.dumps(answer).encode() + b"\n"


async def call(path: Path, op: str, **arguments: Any) -> Any:
    """Ask the server at `path` from an event loop."""
    reader, writer = await asyncio.open_unix_connection(path, limit=_LONGEST_LINE)
    try:
        writer.write(_request(op, arguments))
        return _result(await reader.readline())
    finally:
        writer.close()


def ask(place: Path | str, op: str, seconds: float, **arguments: Any) -> Any:
    """Ask the server at a path or an abstract name, and wait for it up to `seconds`.

    StackError when it refuses or has ended, Unanswered when it does not answer.
    """
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(seconds)
            connection.connect(str(place))
            connection.sendall(_request(op, arguments))
            with connection.makefile("rb") as lines:
                return _result(lines.readline())
    except TimeoutError as error:
        raise Unanswered(f"the stack did not answer the request '{op}' within {seconds:g} s") from error
    except OSError as error:
        raise StackError(f"the stack is gone: its supervisor does not answer ({error.strerror})") from error


def _request(op: str, arguments: Mapping[str, Any]) -> bytes:
    return json.dumps({"op": op, "arguments": arguments}).encode() + b"\n"


def _result(line: bytes) -> Any:
    if not line:
        raise StackError("the stack is gone: it closed the connection before it answered")
    answer = json.loads(line)
    if "error" in answer:
        raise error_from_json(answer["error"])
    return answer["result"]


def error_to_json(error: StackError) -> dict[str, Any]:
    """A StackError as a JSON value."""
    path = None if error.log_path is None else str(error.log_path)
    return {"message": error.message, "log_lines": list(error.log_lines), "log_path": path}


def error_from_json(plain: Mapping[str, Any]) -> StackError:
    """Read back what `error_to_json` made."""
    path = None if plain["log_path"] is None else Path(plain["log_path"])
    return StackError(plain["message"], plain["log_lines"], path)
