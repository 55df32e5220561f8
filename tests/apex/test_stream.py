"""Redis as the services that serve customers ask it: over lines that break."""

import asyncio
import time
import uuid
from typing import Any, cast

import pytest
import redis.asyncio
import uvloop
from hamcrest import greater_than
from starlette.websockets import WebSocket

from apex.backend import hub
from apex.backend.connection import Connection
from apex.backend.hub import Hub
from apex.http.buckets import Bucket, Buckets
from apex.http.fair_use import FairUse
from apex.http.identity import Identity
from apex.http.problems import Problem
from apex.settings import Rate, RateLimits
from apex.storage.stream import asynchronous
from support.scenario.waiting import wait_for
from support.stack.client import Fault, Stack


@pytest.fixture
def url(addresses: dict[str, Any]) -> str:
    written: str = addresses["redis"]["url"]
    return written


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hub gives a line up as it always does, only sooner."""
    monkeypatch.setattr(hub, "PATIENCE_SECONDS", 0.5)


@pytest.mark.parametrize("rounds_of_the_loop", range(4))
def test_a_command_after_the_line_was_reset_is_answered(stack: Stack, url: str, rounds_of_the_loop: int):
    async def ask() -> list[bool]:
        client = asynchronous(url, retries=1)
        await asyncio.gather(*(client.ping() for _ in range(10)))
        await asyncio.to_thread(stack.cut_connections, "redis")
        # The loop may or may not have noticed the reset by the time of the next command.
        for _ in range(rounds_of_the_loop):
            await asyncio.sleep(0)
        answers = list(await asyncio.gather(*(client.ping() for _ in range(10))))
        await client.aclose()
        return answers

    assert uvloop.run(ask()) == [True] * 10


def test_more_commands_at_once_than_there_are_lines_take_turns(url: str):
    """After a line was lost, everybody who watches catches up at the same time."""

    async def ask() -> list[bool]:
        client = asynchronous(url, retries=1)
        answers = list(await asyncio.gather(*(client.ping() for _ in range(500))))
        await client.aclose()
        return answers

    assert uvloop.run(ask()) == [True] * 500


async def granted_of(use: FairUse, tenant: str) -> int:
    """How many of ten requests at once are granted."""
    refusals = await asyncio.gather(*(use.admit(tenant, "free") for _ in range(10)), return_exceptions=True)
    assert all(isinstance(each, Problem | None) for each in refusals), refusals
    return sum(each is None for each in refusals)


@pytest.mark.parametrize("rounds_of_the_loop", range(4))
def test_fair_use_is_counted_in_one_place_after_the_lines_were_reset(stack: Stack, url: str, rounds_of_the_loop: int):
    """A process that counted for itself would let a tenant have its share once more."""

    async def granted_afterwards() -> int:
        use, tenant = FairUse(RateLimits(free=Rate(burst=5, per_second=0.001)), Buckets(url)), str(uuid.uuid4())
        assert await granted_of(use, tenant) == 5
        await asyncio.to_thread(stack.cut_connections, "redis")
        for _ in range(rounds_of_the_loop):
            await asyncio.sleep(0)
        return await granted_of(use, tenant)

    assert uvloop.run(granted_afterwards()) == 0


def test_nobody_gains_when_the_place_of_counting_changes(stack: Stack, url: str):
    """A process that counts for itself for a while knows what was granted before, and what it grants is not lost."""

    async def granted_in_turn() -> list[int]:
        buckets, used, unused = Buckets(url), "used", "unused"
        use = FairUse(RateLimits(free=Rate(burst=5, per_second=0.001)), buckets)
        granted = [await granted_of(use, used)]
        await asyncio.to_thread(stack.set_fault, "redis", Fault(kind="refuse"))
        await asyncio.to_thread(stack.cut_connections, "redis")
        granted += [await granted_of(use, used), await granted_of(use, unused)]
        await asyncio.to_thread(stack.clear_fault, "redis")
        await counted_in_one_place_again(buckets)
        return [*granted, await granted_of(use, used), await granted_of(use, unused)]

    async def counted_in_one_place_again(buckets: Buckets) -> None:
        late = time.monotonic() + 10
        other = [Bucket(str(uuid.uuid4()), Rate(burst=1, per_second=1))]
        while await buckets._shared(buckets._take, other) is None:
            assert time.monotonic() < late
            await asyncio.sleep(0)

    assert uvloop.run(granted_in_turn()) == [5, 0, 5, 0, 0]


@pytest.mark.parametrize("rounds_of_the_loop", range(8))
def test_who_comes_while_the_hub_itself_connects_is_let_in(url: str, rounds_of_the_loop: int):
    """There is one line to listen on, whoever has opened it."""

    async def come() -> None:
        client = asynchronous(url, retries=1)
        events = Hub(client, asynchronous(url, retries=0), heartbeat_seconds=1)
        socket, people = cast(WebSocket, None), [Identity(f"user-{n}", "t", "s", "owner", "mid", 0) for n in range(3)]
        running = asyncio.create_task(events.run())
        for _ in range(rounds_of_the_loop):
            await asyncio.sleep(0)
        coming = [events.add(Connection(socket, person, client, 1)) for person in people]
        try:
            await asyncio.wait_for(asyncio.gather(*coming), 5)
        finally:
            running.cancel()
            await client.aclose()

    uvloop.run(come())


def newcomer(client: redis.asyncio.Redis, name: str) -> Connection:
    return Connection(cast(WebSocket, None), Identity(name, "t", "s", "owner", "mid", 0), client, 1)


@pytest.mark.usefixtures("impatient")
def test_who_comes_while_the_line_carries_nothing_is_turned_away(stack: Stack, url: str):
    async def come() -> None:
        client = asynchronous(url, retries=1)
        events = Hub(client, asynchronous(url, retries=0), heartbeat_seconds=1)
        running = asyncio.create_task(events.run())
        await asyncio.wait_for(events.add(newcomer(client, "before")), 5)
        await asyncio.to_thread(stack.set_fault, "redis", Fault(kind="blackhole"))
        try:
            with pytest.raises(TimeoutError, match=r"^$"):
                await events.add(newcomer(client, "meanwhile"))
        finally:
            await asyncio.to_thread(stack.clear_fault, "redis")
        await asyncio.wait_for(events.add(newcomer(client, "afterwards")), 5)
        running.cancel()
        await client.aclose()

    uvloop.run(come())


@pytest.mark.usefixtures("impatient")
def test_a_line_that_carries_nothing_is_given_up_though_nobody_asks(stack: Stack, url: str):
    def lines() -> int:
        return next(line.total_connections for line in stack.links() if line.name == "redis")

    async def listen() -> None:
        events = Hub(asynchronous(url, retries=1), asynchronous(url, retries=0), heartbeat_seconds=1)
        running = asyncio.create_task(events.run())
        await asyncio.wait_for(events.add(newcomer(asynchronous(url, retries=1), "somebody")), 5)
        await asyncio.to_thread(stack.set_fault, "redis", Fault(kind="blackhole"))
        known = await asyncio.to_thread(lines)
        try:
            await asyncio.to_thread(wait_for, lines, greater_than(known), 10, "a new line")
        finally:
            await asyncio.to_thread(stack.clear_fault, "redis")
        running.cancel()

    uvloop.run(listen())
