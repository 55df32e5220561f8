"""Seeded defects of what runs answer (AEC-01)."""

from __future__ import annotations

import dataclasses
import time
from typing import Any

from sqlalchemy import Row

from apex.agents import cost
from apex.stream import Event, EventStream
from apex.worker.supervisor import Supervisor
from apex.worker.tracker import Tracker
from defects import defect
from defects._patching import replace


@defect(
    "AEC-01a",
    service="worker",
    summary="the cost analysis gives every customer the same canned answer",
    scenario="The savings are those in the customer's own inventory",
    step="the answer equals the savings in Acme's own inventory",
)
def _() -> None:
    async def run(self: Any, context: Any) -> dict[str, Any]:
        answer = await original(self, context)
        return {**answer, "monthly_savings": "1234.56"}

    original = cost.CostAnalysis.run
    cost.CostAnalysis.run = run  # type: ignore[method-assign]


@defect(
    "AEC-01b",
    service="worker",
    summary="only the first two servers are looked at",
    scenario="Customers with different servers get different answers",
    step="each answer equals the savings in its customer's own inventory",
)
def _() -> None:
    async def of_two(context: Any) -> Any:
        inventory = await original(context)
        return dataclasses.replace(inventory, instances=inventory.instances[:2])

    original = replace(cost, "read_inventory", of_two)


@defect(
    "AEC-01c",
    service="worker",
    summary="events are kept back until the run ends",
    scenario="The work is shown while it is being done",
    step="Acme sees the agent start, think and use a tool while the run is still at work",
)
def _() -> None:
    kept: dict[str, list[Event]] = {}

    def publish(self: EventStream, event: Event, delivery_id: str = "") -> int:
        if event.ends_run or event.run_id is None:
            return original(self, event, delivery_id)
        kept.setdefault(event.run_id, []).append(event)
        return len(kept[event.run_id])

    def end(self: Supervisor, run: Row[Any], *others: Any) -> None:
        for event in kept.pop(run.id, []):
            original(self._stream, event)
        original_end(self, run, *others)

    original, original_end = EventStream.publish, Supervisor._end
    replace(EventStream, "publish", publish)
    replace(Supervisor, "_end", end)


@defect(
    "AEC-01d",
    service="worker",
    summary="the completed event is sent before the answer is committed",
    scenario="The answer can be read the moment it is announced",
    step="the announced answer can be read back at the first attempt",
)
def _() -> None:
    def end(self: Supervisor, run: Row[Any], ending: Any, tracker: Tracker) -> None:
        payload = {"answer": ending.answer, "partial": False, "usage": None, "duration_seconds": 0.0}
        tracker.emit("agent_completed", run.agent_name, payload)
        time.sleep(0.5)  # what a slow commit takes
        original(self, run, ending, tracker)

    original = replace(Supervisor, "_end", end)


@defect(
    "AEC-01e",
    service="worker",
    summary="the rightsizing plan leaves out what could be stopped",
    scenario="Every agent computes its answer from the customer's own data",
    step="each answer equals what the customer's own data gives",
)
def _() -> None:
    async def run(self: Any, context: Any) -> dict[str, Any]:
        plan = await original(self, context)
        return {**plan, "steps": [step for step in plan["steps"] if step["to_type"]]}

    original = replace(cost.RightsizingPlan, "run", run)
