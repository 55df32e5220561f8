"""Seeded defects of tools that work side by side (TLD-02)."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from apex.tools.dispatcher import Dispatcher
from apex.tools.models import ExecutionAnswer
from apex.worker.toolbox import ToolAnswer, Toolbox
from defects import Scenario
from defects._patching import replace

second_question_asked = Scenario("The second question is asked while the first waits for its answer")


@second_question_asked.defect(
    "TLD-02a",
    "a run's tools run one after the other",
    step="both questions were with the partner at the same time",
    service="worker",
)
def _() -> None:
    def begin(self: Toolbox, *arguments: Any) -> None:
        original(self, *arguments)
        self.calls_at_once = 1

    original = replace(Toolbox, "__init__", begin)


@second_question_asked.defect(
    "TLD-02b",
    "an instance of the tools carries out one call at a time",
    step="both questions were with the partner at the same time",
    service="tools",
)
def _() -> None:
    one_at_a_time = asyncio.Lock()

    async def execute(self: Dispatcher, *arguments: Any) -> ExecutionAnswer:
        async with one_at_a_time:
            answer: ExecutionAnswer = await original(self, *arguments)
            return answer

    original = replace(Dispatcher, "execute", execute)


@second_question_asked.defect(
    "TLD-02c",
    "results of a run are kept by the name of the tool",
    step="each question has its own answer, in the result and as shown to Acme",
    service="worker",
)
def _() -> None:
    kept: dict[tuple[str, str], ToolAnswer] = {}

    async def call(
        self: Toolbox,
        call_id: str,
        name: str,
        parameters: dict[str, Any],
        story: dict[str, Any],
        caller: dict[str, str],
    ) -> ToolAnswer:
        answer = await original(self, call_id, name, parameters, story, caller)
        return kept.setdefault((story["run_id"], name), answer)

    original = replace(Toolbox, "call", call)


slow_tool_does = Scenario("A slow tool does not hold up another", service="worker")


@slow_tool_does.defect(
    "TLD-02d",
    "no call of a run is over before all those beside it are",
    step="the servers were listed before the partner had answered",
)
def _() -> None:
    at_work: Counter[str] = Counter()

    async def call(self: Toolbox, call_id: str, name: str, parameters: Any, story: Any, caller: Any) -> ToolAnswer:
        at_work[story["run_id"]] += 1
        try:
            answer: ToolAnswer = await original(self, call_id, name, parameters, story, caller)
        finally:
            at_work[story["run_id"]] -= 1
        while at_work[story["run_id"]]:
            await asyncio.sleep(0.01)
        return answer

    original = replace(Toolbox, "call", call)
