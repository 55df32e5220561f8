"""What a tool's time is: what it had done for it, without its waiting for a thread."""

import asyncio
import threading
import uuid
from typing import Any

import pytest

from apex.tools.pools import FairThreads
from apex.tools.tool import ToolCall, Turn, seconds_waited


@pytest.mark.parametrize(
    ("turns", "waited"),
    [
        ([], 0),
        ([Turn(1, 1, 5)], 0),
        ([Turn(1, 3, 5)], 2),
        ([Turn(1, 3, 5), Turn(6, 7, 8)], 3),
        ([Turn(1, 1, 5), Turn(1, 5, 9)], 0),  # side by side, one after the other: somebody is always at work
        ([Turn(1, 2, 5), Turn(1, 7, 9)], 3),
        ([Turn(1, 4, 6), Turn(2, 3, 4)], 2),
        ([Turn(1, None, 4)], 3),  # given up before its turn
    ],
)
def test_a_call_has_waited_while_none_of_its_work_was_done(turns, waited):
    assert seconds_waited(turns) == waited


def test_a_call_that_waits_for_its_tenants_only_thread_has_waited_so_long():
    threads, let_go = FairThreads(2, 1), threading.Event()
    nobody: Any = None

    def call() -> ToolCall:
        ids = (str(uuid.uuid4()), "research", "run", "tenant", "user")
        return ToolCall(*ids, nobody, "http://partner", nobody, threads, nobody)

    async def scene() -> tuple[ToolCall, ToolCall]:
        first, second = call(), call()
        held = asyncio.ensure_future(first.in_thread(lambda: let_go.wait(20)))
        await asyncio.sleep(0)
        waiting = asyncio.ensure_future(second.in_thread(lambda: None))
        await asyncio.wait([waiting], timeout=0.2)
        let_go.set()
        await asyncio.gather(held, waiting)
        return first, second

    first, second = asyncio.run(scene())
    assert seconds_waited(first.turns) < 0.1
    assert seconds_waited(second.turns) >= 0.2
