"""Threads for tools: each tenant has a share, and what has begun is over before its call is."""

import asyncio
import gc
import threading
from collections.abc import Iterator
from contextvars import ContextVar

import pytest

from apex.tools.pools import FairThreads

PATIENCE = 20


class Cloud:
    """Answers nobody before it is let go; counts who has asked."""

    def __init__(self) -> None:
        self.asked = threading.Semaphore(0)
        self.go_on = threading.Event()
        self.answered = 0

    def ask(self) -> str:
        self.asked.release()
        assert self.go_on.wait(PATIENCE)
        self.answered += 1
        return "an answer"


@pytest.fixture
def slow() -> Iterator[Cloud]:
    cloud = Cloud()
    yield cloud
    cloud.go_on.set()


def test_the_slow_cloud_of_one_tenant_holds_up_nobody_else(slow):
    async def scene() -> None:
        threads = FairThreads(total=3, share=2)
        waiting = [asyncio.ensure_future(threads.run("noisy", slow.ask)) for _ in range(5)]
        for _ in range(2):
            assert await asyncio.to_thread(slow.asked.acquire, timeout=PATIENCE)
        assert await asyncio.wait_for(threads.run("quiet", lambda: "at once"), PATIENCE) == "at once"
        # No third of the noisy one has had the free thread.
        assert not slow.asked.acquire(blocking=False)
        slow.go_on.set()
        assert await asyncio.wait_for(asyncio.gather(*waiting), PATIENCE) == ["an answer"] * 5

    asyncio.run(scene())


@pytest.mark.parametrize("total", [1, 9], ids=["no thread free", "no turn of the tenant"])
def test_what_is_cancelled_before_its_turn_is_never_done(slow, total):
    async def scene() -> None:
        threads = FairThreads(total, share=min(total, 2))
        first = [asyncio.ensure_future(threads.run("some", slow.ask)) for _ in range(min(total, 2))]
        for _ in first:
            assert await asyncio.to_thread(slow.asked.acquire, timeout=PATIENCE)
        withdrawn = asyncio.ensure_future(threads.run("other" if total == 1 else "some", slow.ask))
        await asyncio.wait([withdrawn], timeout=0)
        withdrawn.cancel()
        await asyncio.wait([withdrawn], timeout=PATIENCE)
        assert withdrawn.cancelled()
        slow.go_on.set()
        await asyncio.gather(*first)
        assert await threads.run("some", lambda: slow.answered) == len(first)

    asyncio.run(scene())


def test_what_is_cancelled_at_work_is_over_before_its_call_is(slow):
    async def scene() -> None:
        threads = FairThreads(total=1, share=1)
        call = asyncio.ensure_future(threads.run("some", slow.ask))
        assert await asyncio.to_thread(slow.asked.acquire, timeout=PATIENCE)
        for _ in range(3):
            call.cancel()
            await asyncio.wait([call], timeout=0)
            assert not call.done()
        slow.go_on.set()
        await asyncio.wait([call], timeout=PATIENCE)
        assert (call.cancelled(), slow.answered) == (True, 1)

    asyncio.run(scene())


def test_a_fault_comes_through_and_frees_the_thread():
    threads = FairThreads(total=1, share=1)

    async def scene() -> None:
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                await threads.run("some", lambda: 1 // 0)

    asyncio.run(scene())
    gc.collect()
    assert not threads._turns


def test_the_thread_knows_whose_call_it_is():
    trace: ContextVar[str] = ContextVar("trace", default="none")

    async def scene() -> str:
        trace.set("this one")
        return await FairThreads(total=1, share=1).run("some", trace.get)

    assert asyncio.run(scene()) == "this one"
