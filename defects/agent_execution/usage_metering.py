"""Seeded defects of what runs report to have used (AEC-10)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from apex.tools.dispatcher import Dispatcher
from apex.tools.tool import ToolCall
from apex.worker.tracker import Tracker
from defects import Scenario
from defects._patching import replace

twice = Scenario("Twice the servers use about twice the resources", service="worker")
beside = Scenario("Twice the servers use about twice the resources while another run computes", service="tools")
others = Scenario("Other customers' runs are not counted", service="tools")
waiting = Scenario("A run reports its tool calls, and waiting as elapsed time only", service="worker")

TWICE = "Borealis' runs used these multiples of what Acme's used"
MULTIPLES = "Acme's last run used these multiples of the lowest figure of the earlier runs"
ELAPSED = "the run reports the wait as elapsed time, but not as CPU time"


def _usage(change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Have ``change(usage)`` give what a run reports of its use."""

    def finish(self: Tracker) -> Any:
        finished_at, steps, usage = original(self)
        return finished_at, steps, {**usage, **change(usage)}

    original = replace(Tracker, "finish", finish)


@twice.defect("AEC-10a", "every run reports the same computing time", step=TWICE)
def _() -> None:
    _usage(lambda usage: {"cpu_seconds": 0.25})


@waiting.defect("AEC-10b", "elapsed time is reported as computing time", step=ELAPSED)
def _() -> None:
    _usage(lambda usage: {"cpu_seconds": usage["wall_seconds"]})


@twice.defect("AEC-10c", "the data read is estimated from the number of tool calls", step=TWICE)
def _() -> None:
    _usage(lambda usage: {"bytes_read": 250_000 * usage["tool_calls"]})


@others.defect("AEC-10d", "a call counts what the whole service reads meanwhile", step=MULTIPLES)
def _() -> None:
    total = 0

    def read(self: ToolCall) -> int:
        return int(total - vars(self).setdefault("began_at", total))

    def count(self: ToolCall, value: int) -> None:
        nonlocal total
        total += value - read(self)

    replace(ToolCall, "bytes_read", property(read, count))


@others.defect("AEC-10e", "a call counts the computing time of the whole service meanwhile", step=MULTIPLES)
def _() -> None:
    replace(time, "thread_time", time.process_time)


@beside.defect("AEC-10f", "a call beside others is charged a flat amount of data", step=TWICE)
def _() -> None:
    running = 0

    async def execute(self: Dispatcher, *arguments: Any) -> Any:
        nonlocal running
        running += 1
        try:
            answer = await original(self, *arguments)
            if running > 1:
                answer.usage.bytes_read = 250_000
            return answer
        finally:
            running -= 1

    original = replace(Dispatcher, "execute", execute)


@waiting.defect("AEC-10g", "the answer is counted as a tool call, too", step="the run reports 3 tool calls")
def _() -> None:
    _usage(lambda usage: {"tool_calls": usage["tool_calls"] + 1})
