"""Seeded defects of runs that mix (AEC-03)."""

from __future__ import annotations

import asyncio
from typing import Any

from apex.agents.cost import CostAnalysis
from apex.backend import runs
from apex.worker.execution import Execution
from apex.worker.toolbox import Toolbox
from defects import Scenario
from defects._patching import replace

ten = Scenario("Ten customers at the same time each get their own result", service="worker")
in_turn = Scenario("Runs that follow each other each use their own customer's data", service="worker")
any_order = Scenario("Runs stay apart in whatever order customers act", service="backend")

SAVINGS = "each customer's answer equals the savings in their own inventory"
OWN_DATA = "answers, events and stored runs show each customer only their own data"


@ten.defect("AEC-03a", "the caller of a run is kept in a module-level variable", step=SAVINGS)
def _() -> None:
    current: Any = None

    async def perform(self: Execution) -> Any:
        nonlocal current
        current = self._run.caller
        await asyncio.sleep(0.05)
        return await original_perform(self)

    async def call(self: Toolbox, call_id: str, name: str, parameters: Any, story: Any, caller: Any) -> Any:
        return await original_call(self, call_id, name, parameters, story, current)

    original_perform, original_call = replace(Execution, "perform", perform), replace(Toolbox, "call", call)


@ten.defect("AEC-03b", "thoughts quote what the worker found last, whoever it was for", step=OWN_DATA)
def _() -> None:
    last = ""

    async def run(self: CostAnalysis, context: Any) -> Any:
        nonlocal last
        answer = await original(self, context)
        await context.think(f"Lately I found {last}.")
        last = ", ".join(finding["name"] for finding in answer["findings"])
        return answer

    original = replace(CostAnalysis, "run", run)


@in_turn.defect("AEC-03c", "a slot keeps the list of servers for its next run", step=SAVINGS)
def _() -> None:
    async def call(self: Toolbox, call_id: str, name: str, *others: Any) -> Any:
        if name != "list_instances":
            return await original(self, call_id, name, *others)
        kept: list[Any] = self.__dict__.setdefault("_kept", [])
        if not kept:
            kept.append(await original(self, call_id, name, *others))
        return kept[0]

    original = replace(Toolbox, "call", call)


@any_order.defect(
    "AEC-03d",
    "whichever run is read, the newest answer of its organisation is shown",
    step="every action has the expected outcome",
)
def _() -> None:
    def fields(row: Any) -> dict[str, Any]:
        made: dict[str, Any] = original(row)
        if made["status"] == "completed":
            if made["id"] not in shown:
                shown.add(made["id"])
                newest[made["tenant_id"]] = made["result"]
            made["result"] = newest[made["tenant_id"]]
        return made

    shown: set[Any] = set()
    newest: dict[Any, Any] = {}
    original = replace(runs, "fields", fields)
