"""Blind defects of agent_execution, written from the promises alone."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "AEC-03sa",
    "what an agent has had done by another is kept for a minute, for whoever's run comes into the slot next",
    service="worker",
    scenario="Runs that follow each other each use their own customer's data",
    step="every user runs a savings review at the same time",
)
def _() -> None:
    # Observable: two customers with different inventories run the advisor within a minute in one slot; the second one's
    # answer has the first one's findings and costs, and its story has no call of a tool.
    import json
    import time
    from copy import deepcopy

    from apex.worker.execution import Execution

    @around(Execution, "delegate")
    async def _(original: Any, self: Any, agent_name: str, input: dict[str, Any]) -> Any:
        # An agent that asks twice for the same gets it at once.
        done: dict[tuple[str, str], tuple[float, Any]] = self._toolbox.__dict__.setdefault("done", {})
        key = agent_name, json.dumps(input, sort_keys=True, default=str)
        until, answer = done.get(key, (0.0, None))
        if until < time.monotonic():
            answer = await original(self, agent_name, input)
            done[key] = time.monotonic() + 60, answer
        return deepcopy(answer)


@blind_defect(
    "AEC-04sa",
    "who names a time limit gets it, also one beyond the platform's",
    service="backend",
    scenario="No customer can exceed the platform's time limit",
    step="Acme is notified in time that the run took too long",
)
def _() -> None:
    # Observable: with worker.run_seconds = 3, POST /v1/runs with "time_limit_seconds": 86400 for an agent whose tool
    # hangs; after the platform's limit the run is still running, and its slot taken. Without a limit all is well.
    runs: Any = import_module("apex.backend.runs")

    def wanted_or_most(wanted: float, most: float) -> float:
        return wanted or most

    runs.min = wanted_or_most


@blind_defect(
    "AEC-07sa",
    "the step of calls side by side is over with the first of them",
    service="worker",
    scenario="The durations of the steps add up to the run's duration",
    step="the operator sees that reading the price list took a second, and no other step did",
)
def _() -> None:
    # Observable: two tools side by side, one of 0.1 s and one of 2 s; the run's steps have some 0.1 s for both of them,
    # and two seconds of an agent that works by itself. The sum is right.
    from apex.worker.tracker import Tracker

    @around(Tracker, "call_ended")
    def _(original: Any, self: Any, tool_name: str, agent_name: str) -> None:
        original(self, tool_name, agent_name)
        if self.steps[-1]["kind"] == "tool":
            self.working(agent_name)


@blind_defect(
    "AEC-10sa",
    "of what a call reads and computes in several goes, the last go is counted",
    service="tools",
    scenario="Twice the servers use about twice the resources",
    step="Borealis' runs used these multiples of what Acme's used",
)
def _() -> None:
    # Observable: a cost analysis over 600 instances, whose utilisation is read 500 at a time: its usage says fewer
    # bytes_read (and less CPU time of the tools) than one over 500.
    import time

    from apex.tools.counting import counting_bytes
    from apex.tools.tool import ToolCall

    async def in_thread(self: Any, work: Any) -> Any:
        def timed() -> Any:
            before = time.thread_time()
            with counting_bytes() as sizes:
                try:
                    return work()
                finally:
                    self.cpu_seconds = time.thread_time() - before
                    self.bytes_read = sum(sizes)

        return await self._in_turn(timed)

    replace(ToolCall, "in_thread", in_thread)
