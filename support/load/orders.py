"""How a process of load is told what to do: one JSON object a line on the standard input, results on the output."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

_LONGEST_ORDER = 64 * 1024 * 1024

Handler = Callable[..., Awaitable[dict[str, Any]]]


async def carry_out(handlers: Mapping[str, Handler]) -> None:
    """Carry out the orders of the standard input until it ends; each is answered by a line with ``done`` at last."""
    async for order in _orders():
        kind = order.pop("do")
        result = await handlers[kind](**order)
        say({"done": kind, **result})
        sys.stdout.flush()


def say(result: Mapping[str, Any]) -> None:
    """Tell a result; it leaves with the end of its order."""
    sys.stdout.write(f"{json.dumps(result, ensure_ascii=False)}\n")


async def _orders() -> AsyncIterator[dict[str, Any]]:
    reader = asyncio.StreamReader(limit=_LONGEST_ORDER)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        yield json.loads(line)
