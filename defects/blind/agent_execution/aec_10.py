"""Blind defects of AEC-10."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "AEC-10oa",
    "the size of the working state is that of its last look, not of its largest",
    service="worker",
    scenario="The agent state is reported as it was at its largest",
    step="the run reports the large agent state",
)
def _() -> None:
    # Observable: run the advisor over an inventory: usage.peak_state_bytes is 2 (its own, empty state), however many
    # instances its cost analysis had in hand; the same for 200 and for 400 instances. An agent that empties its state
    # before it answers reports as little. A cost_analysis by itself, whose state only grows, reports what it did.

    from apex.worker.tracker import Tracker

    def state_seen(self: Any, state: dict[str, Any]) -> None:
        with self._platform_work():
            self.peak_state_bytes = len(json.dumps(state, default=str).encode())

    replace(Tracker, "state_seen", state_seen)


@blind_defect(
    "AEC-10qa",
    "what the tools of a delegated agent use is not counted",
    service="worker",
    scenario="What an agent's delegates read is counted, too",
    step="Acme's last run used these multiples of the lowest figure of the earlier runs",
)
def _() -> None:
    # Observable: run advisor over an inventory: its usage says bytes_read 0, and as little cpu_seconds as if no cloud
    # had been read, with 200 instances as with 400; tool_calls is 3. cost_analysis by itself over the same inventory
    # has what it has read.
    from apex.worker.execution import Execution

    @around(Execution, "_used")
    def _used(original: Callable[..., None], self: Any, call: Any) -> None:
        if not self._delegated:
            original(self, call)


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


@blind_defect(
    "AEC-10ua",
    "what a failed tool call has used is not counted",
    service="worker",
    scenario="What a failed tool call has read is counted, too",
    step="the run reports the large document as data read",
)
def _() -> None:
    # Observable: a run in which a tool reads from the cloud or a partner and then fails (the agent goes on); the run's
    # bytes_read and cpu_seconds lack what that call has used.
    from apex.agents import ToolFailed
    from apex.worker.execution import Execution

    @around(Execution, "_used")
    def _(original: Any, self: Any, call: Any) -> None:
        if not isinstance(call, ToolFailed):
            original(self, call)


@blind_defect(
    "AEC-10ub",
    "all runs of a worker begin with the working state of the runs before",
    service="worker",
)
def _() -> None:
    # Observable: a usage report after (or beside) a large cost analysis in the same worker; its peak_state_bytes is
    # that of the other's state, some 100 KB instead of 2 bytes.
    from apex.worker.execution import Execution

    state: dict[str, Any] = {}

    @around(Execution, "__init__")
    def _(original: Any, self: Any, *given: Any, **others: Any) -> None:
        original(self, *given, **others)
        self.state = state


@blind_defect(
    "AEC-10va", "of calls side by side, what the first to end has read is lost when the next one ends", service="worker"
)
def _() -> None:
    # Observable: two tools at once, each reading a known number of bytes; bytes_read has those of the last alone.
    from contextvars import ContextVar

    from apex.worker.execution import Execution

    before: ContextVar[int] = ContextVar("before", default=0)

    @around(Execution, "_carry_out")
    async def carry_out(original: Any, self: Any, *call: Any) -> Any:
        before.set(self._tracker.bytes_read)
        return await original(self, *call)

    @around(Execution, "_used")
    def used(original: Any, self: Any, call: Any) -> None:
        original(self, call)
        self._tracker.bytes_read = before.get() + call.bytes_read


@blind_defect("AEC-10wa", "of what the tools calculate only the busiest call is counted", service="worker")
def _() -> None:
    # Observable: the run's cpu_seconds are less than those that the tools log for its calls together.
    from apex.worker.execution import Execution

    @around(Execution, "_used")
    def _(original: Any, execution: Any, call: Any) -> None:
        before = execution._tracker.tool_cpu_seconds
        original(execution, call)
        execution._tracker.tool_cpu_seconds = max(before, call.cpu_seconds)


@blind_defect("AEC-10xa", "what a failed tool call has read and calculated is not counted", service="worker")
def _() -> None:
    # Observable: a tool reads 1 MB and then fails; the run's bytes_read and cpu_seconds do not have it.
    from apex.worker.execution import Execution
    from apex.worker.toolbox import ToolAnswer

    @around(Execution, "_used")
    def _(original: Any, execution: Any, call: Any) -> None:
        if isinstance(call, ToolAnswer):
            original(execution, call)


@blind_defect(
    "AEC-10ya",
    "tool calls of delegated agents are not counted",
    service="worker",
    scenario="Delegated agents report their part within the run",
    step="the records oracle finds nothing",
)
def _() -> None:
    # Observable: the usage of a supervisor's run says 0 tool calls, its story has several.
    from apex.worker.tracker import Tracker

    @around(Tracker, "call_started")
    def _(original: Any, self: Any, tool_name: str, agent_name: str) -> None:
        original(self, tool_name, agent_name)
        if agent_name != self._run.agent_name:
            self.tool_calls -= 1


@blind_defect(
    "AEC-10yb",
    "of the working state the size at the end is reported, not the largest",
    service="worker",
    scenario="The agent state is reported as it was at its largest",
    step="the run reports the large agent state",
)
def _() -> None:
    # Observable: an agent that empties its state before it answers, or a supervisor whose parts had large ones.
    from apex.worker.tracker import Tracker

    @around(Tracker, "state_seen")
    def _(original: Any, self: Any, state: dict[str, Any]) -> None:
        self.peak_state_bytes = 0
        original(self, state)


@blind_defect(
    "AEC-10za",
    "a call's CPU time is that of the whole tools process",
    service="tools",
)
def _() -> None:
    # Noticed in most plays only: on a quiet machine the others' share can be small.
    # Seen: with other runs beside it the same run has used several times as much.
    from apex.tools import tool

    replace(tool, "time", SimpleNamespace(thread_time=time.process_time, perf_counter=time.perf_counter))


@blind_defect(
    "AEC-10zb",
    "the working state stays with the agent from run to run",
    service="worker",
    scenario="Twice the servers use about twice the resources",
    step="Borealis' runs used these multiples of what Acme's used",
)
def _() -> None:
    # Seen: a run over a small inventory after one over a large one reports the peak size of the large one.
    from apex.worker.execution import Execution

    states: dict[str, dict[str, Any]] = {}

    @around(Execution, "__init__")
    def _(original: Callable[..., Any], self: Any, run: Any, agent: Any, *arguments: Any, **others: Any) -> None:
        original(self, run, agent, *arguments, **others)
        self.state = states.setdefault(agent.name, {})


@blind_defect(
    "AEC-10zc",
    "only a completed run reports its usage",
    service="worker",
    scenario="The error of a crashed agent contains no internal details",
    step="the records oracle finds nothing",
)
def _() -> None:
    # Seen: the usage of a failed, timed-out or cancelled run is null, and its job counts no tool calls.
    from apex.worker import supervisor

    @around(supervisor, "end_run")
    def _(original: Callable[..., bool], connection: Any, run: Any, ending: Any, **others: Any) -> bool:
        if ending.status != "completed":
            others["usage"] = None
        return original(connection, run, ending, **others)


@blind_defect(
    "AEC-10ma",
    "what an agent puts into its working state after its last step is not measured",
    service="worker",
)
def _() -> None:
    # Observable: an agent that fills context.state and answers, without a thought or a call behind it: its
    # peak_state_bytes are those of before. Of a cost analysis the datapoints (most of its state) are missing.
    from apex.tools.sanitising import hidden
    from apex.worker.execution import Execution

    async def perform(self: Any) -> Any:
        self._tracker.working(self._agent.name)
        answer = await self._agent.run(self)
        return answer if self._delegated else hidden(answer)

    replace(Execution, "perform", perform)
