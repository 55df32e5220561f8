"""Seeded defects of tools that run in parallel (TLD-02)."""

import asyncio
from collections import Counter
from typing import Any

from apex.tools.dispatcher import Dispatcher
from apex.worker.toolbox import ToolAnswer, Toolbox
from defects import Scenario
from defects._patching import replace

_PARALLEL = "both of Acme's questions reach the partner before either is answered"

questions = Scenario("A second question is asked before the first is answered", service="worker")
slow = Scenario("A slow tool does not delay another", service="worker")


@questions.defect("TLD-02a", "a run's tools run one after the other", step=_PARALLEL)
def _() -> None:
    def begin(self: Toolbox, *arguments: Any) -> None:
        original(self, *arguments)
        self.calls_at_once = 1

    original = replace(Toolbox, "__init__", begin)


@questions.defect("TLD-02b", "a tools instance executes one call at a time", step=_PARALLEL, service="tools")
def _() -> None:
    one_at_a_time = asyncio.Lock()

    async def execute(self: Dispatcher, *arguments: Any) -> Any:
        async with one_at_a_time:
            return await original(self, *arguments)

    original = replace(Dispatcher, "execute", execute)


@questions.defect(
    "TLD-02c",
    "a run's results are kept by the name of the tool",
    step="Acme receives the right answer to each question, in the result and in the events",
)
def _() -> None:
    kept: dict[tuple[str, str], ToolAnswer] = {}

    async def call(self: Toolbox, call_id: str, name: str, parameters: Any, story: Any, caller: Any) -> ToolAnswer:
        answer = await original(self, call_id, name, parameters, story, caller)
        return kept.setdefault((story["run_id"], name), answer)

    original = replace(Toolbox, "call", call)


@slow.defect(
    "TLD-02d",
    "no call of a run returns before all those beside it have ended",
    step="Acme has the list of servers before the partner responds",
)
def _() -> None:
    running: Counter[str] = Counter()

    async def call(self: Toolbox, call_id: str, name: str, parameters: Any, story: Any, caller: Any) -> Any:
        running[story["run_id"]] += 1
        try:
            answer = await original(self, call_id, name, parameters, story, caller)
        finally:
            running[story["run_id"]] -= 1
        while running[story["run_id"]]:
            await asyncio.sleep(0.01)
        return answer

    original = replace(Toolbox, "call", call)
