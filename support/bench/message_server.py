"""`python -m support.bench.message_server COUNT`: tells everybody who connects the same events, as fast as they go.

Says its port on the first line of the standard output, and ends with its standard input.
"""

import asyncio
import json
import sys

from websockets.asyncio.server import ServerConnection, serve
from websockets.frames import Frame, Opcode

_LONGEST_SECONDS = 120.0


def messages(count: int) -> list[str]:
    """What opens a stream, and that many events of a run, numbered from 1, as the platform sends them."""
    opening = {"type": "stream_opened", "epoch": "01", "sequence": 0}
    return [json.dumps(opening), *(json.dumps(_event(number)) for number in range(1, count + 1))]


def _event(number: int) -> dict[str, object]:
    return {
        "type": "agent_thinking",
        "run_id": "7d0c3b1e-6a52-4d6e-9a77-3c1f5b0e8a11",
        "thread_id": "2f6b9d44-10c7-4a0b-8d53-9f1f0c7be6aa",
        "agent_name": "cost_analysis",
        "sequence": number,
        "run_sequence": number,
        "timestamp": "2026-11-20T09:30:00.123456Z",
        "payload": {"thought": f"Looking at the figures of server {number} over the last fourteen days."},
        "trace": {
            "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
            "request_id": "0af7651916cd43dd8448eb211c80319c",
            "user_id": "c9a1f0de-2b7c-4f43-8c6f-5f2f3c9d1e77",
        },
    }


async def _main(count: int) -> None:
    # Framed beforehand and written at once: a server that makes its frames while it sends is no quicker than those
    # who are measured with it, and all of them would look alike.
    told = b"".join(Frame(Opcode.TEXT, message.encode()).serialize(mask=False) for message in messages(count))

    async def tell(connection: ServerConnection) -> None:
        connection.transport.write(told)

    async with serve(
        tell, "127.0.0.1", 0, compression=None, ping_interval=None, close_timeout=_LONGEST_SECONDS
    ) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        await reader.read()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1])))
