"""Threads for what blocks, shared fairly: the slow cloud of one tenant holds up nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from typing import TypeVar
from weakref import WeakValueDictionary

T = TypeVar("T")


class FairThreads:
    """``total`` threads, of which no tenant has more than ``share`` at work; belongs to one event loop."""

    def __init__(self, total: int, share: int) -> None:
        self._pool = ThreadPoolExecutor(total, thread_name_prefix="tool")
        self._share = share
        # Forgotten with the last call of a tenant that is at work or waits for its turn.
        self._turns: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def run(self, tenant_id: str, work: Callable[[], T]) -> T:
        """What ``work`` gives or raises. Cancelled before its turn it is not done, later it is over before this is."""
        turns = self._turns.setdefault(tenant_id, asyncio.Semaphore(self._share))
        async with turns:
            submitted = self._pool.submit(copy_context().run, work)
            working = asyncio.wrap_future(submitted)
            try:
                return await asyncio.shield(working)
            except asyncio.CancelledError:
                # A thread cannot be stopped. A call is not over before its work is: nobody may begin it anew meanwhile.
                while not submitted.cancel() and not working.done():
                    with suppress(asyncio.CancelledError):
                        await asyncio.wait([working])
                raise
