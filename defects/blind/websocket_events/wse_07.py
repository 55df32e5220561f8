"""Blind defects of WSE-07."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace as changed
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "WSE-07ra",
    "who has been connected for a while is not told of a notice",
    service="backend",
    scenario="A notice reaches a customer who has been connected for a while",
    step="every connection receives the notice in time",
)
def _() -> None:
    # Observable: keep a socket open for longer than two heartbeats, then have an operator send a notice: it does not
    # arrive. Sockets that were opened just before have it: only who connects is written down as present.
    import time

    from apex.backend import hub
    from apex.storage.stream import PRESENCE

    async def show_presence(self: Any) -> None:
        while True:
            try:
                await self._redis.zremrangebyscore(PRESENCE, 0, time.time() - 10 * self._heartbeat_seconds)
            except Exception as error:
                hub.log.warning("presence not shown", exc_info=error)
            hub._heed_cancellation()
            await asyncio.sleep(self._heartbeat_seconds)

    replace(hub.Hub, "show_presence", show_presence)


@blind_defect(
    "WSE-07sa",
    "a notice that cannot be told to one user is told to all others again, with each attempt",
    service="worker",
    scenario="A notice that has to be sent again is shown once",
    step="every connection shows the notice once, with no gap to the next run",
)
def _() -> None:
    # Observable: make the stream of one connected user refuse what is written to it (put a plain value under the key
    # events:<user id>) and send a notice; everybody else who is connected receives it up to five times.
    from apex.storage.stream import Event
    from apex.worker.relay import EventRelay

    def publish_notice(self: Any, row: Any) -> None:
        refusals = []
        for user_id in self._stream.connected_users(self._present_seconds):
            try:
                self._publish(Event(user_id=user_id, **row.payload), "")
            except Exception as error:
                refusals.append(error)
        if refusals:
            raise refusals[0]

    replace(EventRelay, "_publish_notice", publish_notice)


@blind_defect(
    "WSE-07ua",
    "a notice reaches the first hundred connected users only",
    service="worker",
    scenario="A notice reaches more than a hundred customers",
    step="every connection receives the notice in time",
)
def _() -> None:
    # Observable: more than 100 users are connected when an operator sends a notice; the others never get it.
    from apex.storage.stream import EventStream

    @around(EventStream, "connected_users")
    def _(original: Any, self: Any, within_seconds: float) -> list[str]:
        users: list[str] = original(self, within_seconds)
        return users[:100]


@blind_defect(
    "WSE-07ub",
    "who has been connected for longer than two heartbeats gets no notice",
    service="backend",
    scenario="A notice reaches a customer who has been connected for a while",
    step="every connection receives the notice in time",
)
def _() -> None:
    # Observable: connect, wait for more than two heartbeats, have a notice sent: it does not come, although others who
    # have just connected get it.
    import asyncio
    import time

    hub: Any = import_module("apex.backend.hub")

    async def show_presence(self: hub.Hub) -> None:
        while True:
            try:
                await self._redis.zremrangebyscore(hub.PRESENCE, 0, time.time() - 10 * self._heartbeat_seconds)
            except Exception as error:
                hub.log.warning("presence not shown", exc_info=error)
            hub._heed_cancellation()
            await asyncio.sleep(self._heartbeat_seconds)

    replace(hub.Hub, "show_presence", show_presence)


@blind_defect("WSE-07va", "a notice that could not be delivered within five seconds is let go", service="worker")
def _() -> None:
    # Observable: Redis is away for ten seconds; a notice sent at the beginning of that is answered 202 and reaches
    # nobody, although everybody's socket is open again. (Old notices were thought to be in the way.)
    from apex.storage.runs import now
    from apex.worker.relay import EventRelay

    def is_news(payload: dict[str, Any]) -> bool:
        sent_at = datetime.fromisoformat(payload["timestamp"])
        return payload["type"] != "notice" or now() - sent_at < timedelta(seconds=5)

    @around(EventRelay, "deliver")
    def deliver(original: Any, self: Any, rows: list[Any]) -> None:
        original(self, [row for row in rows if is_news(row.payload)])


@blind_defect(
    "WSE-07wa",
    "of a notice everyone gets the first 200 characters",
    service="worker",
    scenario="A notice reaches the users of every backend",
    step="every connection receives the notice in time",
)
def _() -> None:
    # Observable: a notice with a body of 1,000 characters arrives cut, with a note of its length.
    from apex.storage.stream import EventStream
    from apex.tools.sanitising import shown

    @around(EventStream, "publish")
    def _(original: Any, self: Any, event: Any, delivery_id: str = "") -> int:
        if event.type == "notice":
            event.payload = shown(event.payload)
        number: int = original(self, event, delivery_id)
        return number


@blind_defect(
    "WSE-07xa", "a notice under the title of an earlier one reaches nobody who had that one", service="worker"
)
def _() -> None:
    # Observable: the operator sends "Maintenance" twice on a day, with different texts; sockets get the first only.
    from apex.storage.stream import EventStream

    @around(EventStream, "publish")
    def _(original: Any, self: Any, event: Any, delivery_id: str = "") -> int:
        if event.type == "notice":
            delivery_id = f"notice:{event.payload['title']}:{event.user_id}"
        number: int = original(self, event, delivery_id)
        return number


@blind_defect(
    "WSE-07ya",
    "each backend instance takes the users of the others out of the presence",
    service="backend",
    scenario="A notice reaches the users of every backend",
    step="every connection receives the notice in time",
)
def _() -> None:
    # Observable: with two backend instances a notice does not reach the users of one of them.
    from apex.backend import hub
    from apex.storage.stream import PRESENCE

    async def show_presence(self: Any) -> None:
        while True:
            try:
                async with self._redis.pipeline(transaction=True) as commands:
                    commands.delete(PRESENCE)
                    if self._connections:
                        commands.zadd(PRESENCE, dict.fromkeys(self._connections, time.time()))
                    await commands.execute()
            except Exception as error:
                hub.log.warning("presence not shown", exc_info=error)
            hub._heed_cancellation()
            await asyncio.sleep(self._heartbeat_seconds)

    replace(hub.Hub, "show_presence", show_presence)


@blind_defect("WSE-07yb", "to everyone goes also how the operators' own runs end", service="worker")
def _() -> None:
    # Observable: an operator runs the usage report; every connected customer receives its agent_completed.
    from sqlalchemy import select

    from apex.storage.stream import Event
    from apex.storage.tables import tenants
    from apex.worker.relay import EventRelay

    @around(EventRelay, "deliver")
    def _deliver(original: Any, self: Any, rows: list[Any]) -> None:
        for row in rows:
            with self._database.tenant(str(row.tenant_id)) as connection:
                is_platform = connection.scalar(select(tenants.c.plan)) == "platform"
            everyone = self._stream.connected_users(self._present_seconds) if is_platform else []
            for user_id in {*everyone} - {row.payload.get("user_id")} if row.payload["type"] != "notice" else ():
                event = {**row.payload, "user_id": user_id, "ends_run": False}
                self._stream.publish(Event(**event), f"{row.id}:{user_id}")
        original(self, rows)


@blind_defect(
    "WSE-07za",
    "presence is noted when a socket opens, and not again",
    service="backend",
    scenario="A notice reaches a customer who has been connected for a while",
    step="every connection receives the notice in time",
)
def _() -> None:
    # Seen: who has been connected for longer than two heartbeats receives no notice.
    import time

    from apex.backend.hub import Hub, _heed_cancellation
    from apex.storage.stream import PRESENCE

    async def show_presence(self: Any) -> None:
        while True:
            try:
                await self._redis.zremrangebyscore(PRESENCE, 0, time.time() - 10 * self._heartbeat_seconds)
            except Exception:
                _heed_cancellation()
            await asyncio.sleep(self._heartbeat_seconds)

    replace(Hub, "show_presence", show_presence)


@blind_defect(
    "WSE-07zb",
    "the owner of an organisation can send a notice to everyone",
    service="backend",
    scenario="A customer cannot send a notice",
    step="Acme is refused because the operator permission is missing",
)
def _() -> None:
    # Seen: POST /v1/operations/notices by a customer's owner is 202 instead of 403; a member's is refused.
    from apex.http.identity import OPERATOR
    from defects.blind._backend_endpoints import around_endpoint

    def send(_: Any, endpoint: Callable[..., Any], request: Any, identity: Any) -> Any:
        if identity.role == "owner":
            identity = changed(identity, role=OPERATOR)
        return endpoint(request=request, identity=identity)

    around_endpoint("POST", "/v1/operations/notices", send)


@blind_defect(
    "WSE-07zc",
    "a notice goes to the first hundred of those who are connected",
    service="worker",
    scenario="A notice reaches more than a hundred customers",
    step="every connection receives the notice in time",
)
def _() -> None:
    # Seen: with more than a hundred users connected some receive no notice.
    from apex.storage.stream import EventStream

    @around(EventStream, "connected_users")
    def _(original: Callable[..., list[str]], self: Any, within_seconds: float) -> list[str]:
        return original(self, within_seconds)[:100]


@blind_defect(
    "WSE-07na",
    "of notices within two seconds of each other everyone gets the first only",
    service="worker",
)
def _() -> None:
    # Observable: an operator sends two different notices one right after the other, both answered 202: connected users
    # receive one of them, and never the other.
    from apex.worker.relay import EventRelay

    @around(EventRelay, "_publish_notice")
    def _(original: Any, self: Any, row: Any) -> None:
        # Somebody has pressed the button twice; one that has to be delivered again is another matter.
        store, key = self._stream.redis, "notice:latest"
        if store.set(key, str(row.id), nx=True, px=2_000) or store.get(key) == str(row.id):
            original(self, row)


@blind_defect(
    "WSE-07ma",
    "who closes one of several tabs gets no notice until the next heartbeat",
    service="backend",
)
def _() -> None:
    # Observable: open two sockets of one user (also at two backends), close one, and send a notice at once: the other
    # socket, which is open all the time, does not get it. (backend.heartbeat_seconds later it would.)
    from apex.backend.hub import Hub
    from apex.storage.stream import LINE_ERRORS, PRESENCE

    @around(Hub, "remove")
    async def _(original: Any, self: Any, connection: Any) -> None:
        await original(self, connection)
        with suppress(*LINE_ERRORS):
            await self._redis.zrem(PRESENCE, connection.identity.user_id)
