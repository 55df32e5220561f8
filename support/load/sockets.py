"""A crowd of live connections in one event loop.

Orders, one JSON object a line; each is answered by its results and then by a line with ``done``:

``{"do": "open", "members": [{"name", "url", "headers", "subprotocols"}]}``
    Opens a connection for each.
    Result: ``{"name", "refused": reason}`` for each that was refused. Done: ``{"done", "open", "seconds"}``.
``{"do": "wait", "ends": {name: number}, "within": seconds, "silence": seconds}``
    Waits until each named member has seen that many runs end, but no longer than it takes until the time is over, or
    nothing has come for anybody for so long. Done: ``{"done", "waiting": [names], "seconds"}``.
``{"do": "show"}``
    What came since it was last asked: ``{"name", "received", "frame"}``, ``received`` being monotonic seconds (one
    clock for all processes of a machine), and ``{"name", "closed": reason}``. Done: ``{"done", "frames"}``.
"""

import asyncio
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from support.load.orders import carry_out, say
from support.platform.dialect import Dialect, StreamControl
from support.platform.target import Target

_OPENING_AT_ONCE = 32
_LOOK_SECONDS = 0.02


@dataclass(slots=True)
class Member:
    """One connection: ``frames`` are those not yet shown, each with its receipt (monotonic seconds)."""

    name: str
    connection: ClientConnection
    frames: deque[tuple[float, str]] = field(default_factory=deque)
    unread: deque[str] = field(default_factory=deque)
    ends: int = 0
    closed: str | None = None

    async def listen(self) -> None:
        """Keep what comes until the connection ends. As little as possible happens here."""
        frames, unread, clock, receive = self.frames, self.unread, time.monotonic, self.connection.recv
        try:
            while True:
                frame = await receive()
                frames.append((clock(), str(frame)))
                unread.append(str(frame))
        except WebSocketException as ended:
            self.closed = str(ended)

    @property
    def last_heard(self) -> float:
        """When something came last, of what has not been shown yet (monotonic seconds, 0.0: nothing has)."""
        return self.frames[-1][0] if self.frames else 0.0

    def ends_seen(self, dialect: Dialect) -> int:
        """How many runs have ended so far."""
        while self.unread:
            decoded = dialect.decode(self.unread.popleft())
            self.ends += sum(not isinstance(each, StreamControl) and each.is_end for each in decoded)
        return self.ends


class Listeners:
    """The members and what can be asked of them."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._members: dict[str, Member] = {}
        self._listening: set[asyncio.Task[None]] = set()

    async def open(self, members: list[dict[str, Any]]) -> dict[str, Any]:
        """Connect everybody, some at a time."""
        started = time.monotonic()
        gate = asyncio.Semaphore(_OPENING_AT_ONCE)
        await asyncio.gather(*(self._enter(gate, **member) for member in members))
        return {"open": len(self._members), "seconds": time.monotonic() - started}

    async def _enter(
        self, gate: asyncio.Semaphore, name: str, url: str, headers: Mapping[str, str], subprotocols: list[str]
    ) -> None:
        async with gate:
            try:
                connection = await connect(
                    url,
                    additional_headers=headers,
                    subprotocols=[Subprotocol(each) for each in subprotocols] or None,
                    compression=None,
                    # The platform's heartbeat is what counts.
                    ping_interval=None,
                    max_queue=None,
                    max_size=None,
                    proxy=None,
                )
            except (OSError, TimeoutError, WebSocketException) as refused:
                say({"name": name, "refused": f"{type(refused).__name__}: {refused}"})
                return
        member = self._members[name] = Member(name, connection)
        self._listening.add(asyncio.create_task(member.listen()))

    async def wait(self, ends: Mapping[str, int], within: float, silence: float) -> dict[str, Any]:
        """Wait for the ends of runs."""
        started = time.monotonic()
        waiting = dict(ends)
        while True:
            waiting = {name: due for name, due in waiting.items() if self._ends_of(name) < due}
            now = time.monotonic()
            silent = now - max([started, *(member.last_heard for member in self._members.values())])
            if not waiting or now - started >= within or silent >= silence:
                return {"waiting": sorted(waiting), "seconds": now - started}
            await asyncio.sleep(_LOOK_SECONDS)

    def _ends_of(self, name: str) -> int:
        member = self._members.get(name)
        return 0 if member is None else member.ends_seen(self._dialect)

    async def show(self) -> dict[str, Any]:
        """Hand over what came."""
        count = 0
        for member in self._members.values():
            while member.frames:
                received, frame = member.frames.popleft()
                say({"name": member.name, "received": received, "frame": frame})
                count += 1
            if member.closed is not None:
                say({"name": member.name, "closed": member.closed})
        return {"frames": count}

    async def close(self) -> None:
        """Leave, all at once and without waiting for anybody's goodbye."""
        for task in self._listening:
            task.cancel()
        for member in self._members.values():
            member.connection.transport.abort()


async def serve(target: str) -> None:
    """Carry out the orders of the standard input until it ends, on a target's live connections."""
    crowd = Listeners(Target.load(target).driver_class.dialect)
    await carry_out({"open": crowd.open, "wait": crowd.wait, "show": crowd.show})
    await crowd.close()
