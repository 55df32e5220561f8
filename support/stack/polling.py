"""The stack's one way to wait inside the event loop: try, and try again a little later, until a deadline."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

_FIRST_PAUSE_SECONDS = 0.01
# A service has been ready for half of this, on average, when it is seen to be.
_LONGEST_PAUSE_SECONDS = 0.03


class NotReady(Exception):
    """The attempt was made in order, and the answer is: not yet."""


async def poll(attempt: Callable[[], None], *, seconds: float, ended: asyncio.Event) -> bool:
    """Call `attempt` in a thread, with growing pauses, until it raises nothing.

    True once it succeeded; False when `ended` was set first (it cuts a pause short). After `seconds` raises
    TimeoutError, caused by the last failure. Failures are those that clients of services raise: any Exception.
    """
    deadline = time.monotonic() + seconds
    pause = _FIRST_PAUSE_SECONDS
    while not ended.is_set():
        try:
            await asyncio.to_thread(attempt)
            return True
        except Exception as failure:
            if time.monotonic() + pause > deadline:
                raise TimeoutError(f"not ready after {seconds:g} s: {failure}") from failure
        try:
            async with asyncio.timeout(pause):
                await ended.wait()
        except TimeoutError:
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
    return False
