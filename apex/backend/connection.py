"""One customer's connection: a cursor in the user's stream.

What is published is offered to a small buffer. What does not fit, or was missed, is read from the stream when the
connection gets to it: the stream is the buffer of a slow reader, who so holds up nobody else.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections import deque
from dataclasses import dataclass
from typing import cast

import redis.asyncio
from starlette.websockets import WebSocket

from apex.http.identity import Identity
from apex.storage.stream import STREAM_MEMORY_SECONDS

CLOSE_SESSION_ENDED = 4401
CLOSE_REMOVED = 4403
_BATCH = 200


@dataclass(frozen=True)
class Position:
    """A place in a stream: ``epoch`` as told to the client, ``sequence`` the last event seen."""

    epoch: str
    sequence: int


class Connection:
    """Sends one user's events over one socket; created and used in one event loop."""

    def __init__(self, socket: WebSocket, identity: Identity, client: redis.asyncio.Redis, buffer_size: int) -> None:
        self.identity = identity
        self._socket, self._redis, self._buffer_size = socket, client, buffer_size
        self._buffer: deque[tuple[str, int, str]] = deque()
        self._behind = False
        self._news = asyncio.Event()
        self._epoch = ""
        self._cursor = 0
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def offer(self, epoch: str, sequence: int, envelope: str) -> None:
        """Something was published; called for every event, so it only takes note."""
        if len(self._buffer) < self._buffer_size and not self._behind:
            self._buffer.append((epoch, sequence, envelope))
        else:
            self.look()
            return
        self._news.set()

    def look(self) -> None:
        """Something may have been missed: read on from the stream."""
        self._behind = True
        self._buffer.clear()
        self._news.set()

    def end(self, reason: str) -> None:
        """The session has ended: close as soon as possible."""
        if not self.ended.done():
            self.ended.set_result(CLOSE_REMOVED if reason == "removed" else CLOSE_SESSION_ENDED)

    async def send_events(self, resume: Position | None) -> None:
        """Open the stream, at ``resume`` if that is still possible, and send until cancelled."""
        await self._open(resume)
        while True:
            await self._news.wait()
            self._news.clear()
            while self._buffer or self._behind:
                if self._behind:
                    self._behind = False
                    await self._catch_up()
                    continue
                epoch, sequence, envelope = self._buffer.popleft()
                if epoch != self._epoch or sequence > self._cursor + 1:
                    await self._catch_up()
                elif sequence > self._cursor:
                    await self._send(sequence, envelope)

    async def _open(self, resume: Position | None) -> None:
        epoch, generation, newest = await self._stand()
        self._epoch = epoch
        known = resume is not None and resume.epoch.partition(".")[0] == epoch and 0 <= resume.sequence <= newest
        self._cursor = resume.sequence if resume is not None and known else newest
        await self._control("stream_opened", generation)
        if resume is not None:
            if known:
                await self._catch_up()
            else:
                await self._resync()

    async def _catch_up(self) -> None:
        """Send what the stream holds behind the cursor; tell it when some of that is gone."""
        while True:
            epoch, _, newest = await self._stand()
            if epoch != self._epoch:
                await self._resync()
                return
            if newest <= self._cursor:
                return
            # The client decodes, and a range is never null: its type says neither.
            entries = cast(
                list[tuple[str, dict[str, str]]],
                await self._redis.xrange(self._key("events"), f"{self._cursor + 1}-0", "+", count=_BATCH),
            )
            for entry_id, fields in entries:
                sequence = int(entry_id.partition("-")[0])
                if sequence != self._cursor + 1:
                    await self._resync()
                    return
                await self._send(sequence, fields["event"])
            if not entries:
                await self._resync()
                return

    async def _resync(self) -> None:
        """Go on from the present, under a new epoch, so that the client knows that it has missed something."""
        await self._redis.hincrby(self._key("stream"), "generation", 1)
        self._epoch, generation, self._cursor = await self._stand()
        await self._control("resync_required", generation)

    async def _stand(self) -> tuple[str, int, int]:
        """The stream's epoch, generation and newest sequence."""
        key = self._key("stream")
        async with self._redis.pipeline(transaction=False) as commands:
            commands.hsetnx(key, "epoch", uuid.uuid4().hex[:12])
            # Nothing may ever be published to somebody who only looks in.
            commands.expire(key, STREAM_MEMORY_SECONDS)
            commands.hmget(key, ["epoch", "generation", "sequence"])
            *_, fields = await commands.execute()
        epoch, generation, sequence = cast(list[str | None], fields)
        return epoch or "", int(generation or 0), int(sequence or 0)

    async def _control(self, type: str, generation: int) -> None:
        frame = {"type": type, "epoch": f"{self._epoch}.{generation}", "sequence": self._cursor}
        await self._socket.send_text(json.dumps(frame))

    async def _send(self, sequence: int, envelope: str) -> None:
        await self._socket.send_text(envelope)
        self._cursor = sequence

    def _key(self, kind: str) -> str:
        return f"{kind}:{self.identity.user_id}"
