"""Seeded defects of what runs report to have used (AEC-10)."""

from __future__ import annotations

import time
from typing import Any

from apex.tools.dispatcher import Dispatcher
from apex.tools.tool import ToolCall
from apex.worker.tracker import Tracker
from defects import Scenario
from defects._patching import replace


def _usage(change: Any) -> None:
    """Have ``change(usage)`` give what a run reports of its use."""

    def finish(self: Tracker) -> Any:
        finished_at, steps, usage = original(self)
        return finished_at, steps, {**usage, **change(usage)}

    original = replace(Tracker, "finish", finish)


twice_servers_take = Scenario("Twice the servers take about twice the resources", service="worker")


@twice_servers_take.defect(
    "AEC-10a",
    "every run reports the same computing time",
    step="Borealis' runs used between 1.6 and 2.5 times as much as Acme's of",
)
def _() -> None:
    _usage(lambda usage: {"cpu_seconds": 0.25})


waiting_not_counted = Scenario("Waiting is not counted as computing", service="worker")


@waiting_not_counted.defect(
    "AEC-10b",
    "elapsed time is reported as computing time",
    step="the run reports the second as elapsed, but not as computing time",
)
def _() -> None:
    _usage(lambda usage: {"cpu_seconds": usage["wall_seconds"]})


@twice_servers_take.defect(
    "AEC-10c",
    "the data read is estimated from the number of tool calls",
    step="Borealis' runs used between 1.6 and 2.5 times as much as Acme's of",
)
def _() -> None:
    _usage(lambda usage: {"bytes_read": 250_000 * usage["tool_calls"]})


other_customers_runs = Scenario("Other customers' runs are not counted", service="tools")


@other_customers_runs.defect(
    "AEC-10d",
    "a call counts what the whole service reads while it lasts",
    step="Acme's last run used as much as the least of those before, within these bounds, of",
)
def _() -> None:
    total = 0

    def read(self: ToolCall) -> int:
        return int(total - vars(self).setdefault("began_at", total))

    def count(self: ToolCall, value: int) -> None:
        nonlocal total
        total += value - read(self)

    replace(ToolCall, "bytes_read", property(read, count))


@other_customers_runs.defect(
    "AEC-10e",
    "a call counts the computing time of the whole service while it works",
    step="Acme's last run used as much as the least of those before, within these bounds, of",
)
def _() -> None:
    replace(time, "thread_time", time.process_time)


twice_servers_take_about = Scenario(
    "Twice the servers take about twice the resources beside other customers' runs, too", service="tools"
)


@twice_servers_take_about.defect(
    "AEC-10f",
    "a call beside others is charged a flat amount of data",
    step="Borealis' runs used between 1.6 and 2.5 times as much as Acme's of",
)
def _() -> None:
    at_work = 0

    async def execute(self: Dispatcher, *arguments: Any) -> Any:
        nonlocal at_work
        at_work += 1
        try:
            answer = await original(self, *arguments)
            if at_work > 1:
                answer.usage.bytes_read = 250_000
            return answer
        finally:
            at_work -= 1

    original = replace(Dispatcher, "execute", execute)


@waiting_not_counted.defect("AEC-10g", "the answer is counted as a tool call, too", step="the run reports 3 tool calls")
def _() -> None:
    def finish(self: Tracker) -> Any:
        self.tool_calls += 1
        return original(self)

    original = replace(Tracker, "finish", finish)
