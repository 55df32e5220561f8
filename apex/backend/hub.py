"""Brings published events to the open connections of this process."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from contextlib import suppress

import redis.asyncio
import structlog
from prometheus_client import Gauge

from apex.backend.connection import Connection
from apex.storage.stream import LINE_ERRORS, PATIENCE_SECONDS, PRESENCE

log = structlog.get_logger()

OPEN = Gauge("apex_connections", "Open event sockets of this process")
# Subscribing to something keeps the line open while nobody is connected.
_KEEP_OPEN = "keep-open"


class Hub:
    """One subscription to Redis for all connections; its methods belong to the event loop that runs it."""

    def __init__(self, client: redis.asyncio.Redis, subscriber: redis.asyncio.Redis, heartbeat_seconds: float) -> None:
        self._redis, self._heartbeat_seconds = client, heartbeat_seconds
        self._subscription = subscriber.pubsub(ignore_subscribe_messages=False)
        # Two who find no line at the same time would each open one, and only one of them is listened to.
        self._line = asyncio.Lock()
        self._connections: dict[str, set[Connection]] = defaultdict(set)
        self._subscribed: dict[str, asyncio.Event] = {}
        self._heard_at = 0.0

    @property
    def open(self) -> int:
        """How many connections are open."""
        return sum(len(connections) for connections in self._connections.values())

    async def add(self, connection: Connection) -> None:
        """From here on ``connection`` is offered whatever is published for its user.

        Raises:
            TimeoutError: Redis does not answer; any other of LINE_ERRORS: it cannot be reached.
        """
        user_id = connection.identity.user_id
        self._connections[user_id].add(connection)
        OPEN.inc()
        async with asyncio.timeout(PATIENCE_SECONDS):
            if user_id not in self._subscribed:
                self._subscribed[user_id] = asyncio.Event()
                async with self._line:
                    await self._subscription.subscribe(_channel(user_id))
            await self._subscribed[user_id].wait()
            await self._redis.zadd(PRESENCE, {user_id: time.time()})

    async def remove(self, connection: Connection) -> None:
        """The connection is closed."""
        user_id = connection.identity.user_id
        self._connections[user_id].discard(connection)
        OPEN.dec()
        if not self._connections[user_id]:
            del self._connections[user_id], self._subscribed[user_id]
            # A lost line is subscribed anew by run(), for those who are still here.
            with suppress(*LINE_ERRORS):
                async with self._line:
                    await self._subscription.unsubscribe(_channel(user_id))

    def sessions(self) -> dict[str, Connection]:
        """One open connection for each session."""
        return {c.identity.session_id: c for connections in self._connections.values() for c in connections}

    def end_session(self, session_id: str, reason: str) -> None:
        """Close the connections of a session that has ended."""
        for connections in self._connections.values():
            for connection in connections:
                if connection.identity.session_id == session_id:
                    connection.end(reason)

    async def run(self) -> None:
        """Receive until cancelled; after a lost line every connection catches up by itself."""
        pause = 0.05
        while True:
            try:
                async with self._line:
                    await self._subscription.subscribe(_KEEP_OPEN, *map(_channel, self._connections))
                # A Redis that has just started takes subscriptions while it still loads its data and reads nothing.
                await self._redis.ping()
                # It may have forgotten who is connected, and a notice goes to those alone.
                await self._show_presence()
                _heed_cancellation()
                pause = 0.05
                for connections in self._connections.values():
                    for connection in connections:
                        connection.look()
                await self._listen()
            except Exception as error:
                # This task must outlive whatever happens to it: without it no connection is offered anything.
                log.warning("events interrupted", exc_info=error)
                async with self._line:
                    await self._subscription.aclose()  # type: ignore[no-untyped-call]
                _heed_cancellation()
                await asyncio.sleep(pause)
                pause = min(pause * 2, 1.0)

    async def show_presence(self) -> None:
        """Keep the connected users in the presence set, until cancelled."""
        while True:
            try:
                await self._show_presence()
                await self._redis.zremrangebyscore(PRESENCE, 0, time.time() - 10 * self._heartbeat_seconds)
            except Exception as error:
                log.warning("presence not shown", exc_info=error)
            _heed_cancellation()
            await asyncio.sleep(self._heartbeat_seconds)

    async def _show_presence(self) -> None:
        if self._connections:
            await self._redis.zadd(PRESENCE, dict.fromkeys(self._connections, time.time()))

    async def _listen(self) -> None:
        """Receive until the line is lost, or answers nothing any more."""
        # A task group would forget that it is cancelled when one of its tasks fails at the same moment.
        work = asyncio.ensure_future(self._receive()), asyncio.ensure_future(self._ask())
        try:
            done, _ = await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                each.result()
        finally:
            for each in work:
                each.cancel()
            await asyncio.gather(*work, return_exceptions=True)

    async def _receive(self) -> None:
        async for message in self._subscription.listen():
            self._heard_at = time.monotonic()
            if message["type"] not in ("message", "subscribe"):
                continue
            _, _, user_id = message["channel"].partition(":")
            if message["type"] == "message":
                epoch, sequence, envelope = message["data"].split(":", 2)
                for connection in self._connections.get(user_id, ()):
                    connection.offer(epoch, int(sequence), envelope)
            elif user_id in self._subscribed:
                self._subscribed[user_id].set()

    async def _ask(self) -> None:
        """Ask over the line again and again; raises TimeoutError once it has not answered."""
        while True:
            asked_at = time.monotonic()
            async with self._line:
                await self._subscription.ping()
            await asyncio.sleep(PATIENCE_SECONDS)
            if self._heard_at < asked_at:
                raise TimeoutError("the line on which events are announced says nothing")


def _heed_cancellation() -> None:
    """End a task that was cancelled while the client was connecting: it now and then makes another error of that."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _channel(user_id: str) -> str:
    return f"events:{user_id}"
