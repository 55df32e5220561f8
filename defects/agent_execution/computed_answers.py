"""Seeded defects of what runs answer (AEC-01)."""

from __future__ import annotations

import dataclasses
import time
from typing import Any

from sqlalchemy import Row

from apex.agents import cost
from apex.storage.stream import Event, EventStream
from apex.worker.supervisor import Supervisor
from apex.worker.tracker import Tracker
from defects import Scenario
from defects._patching import replace

savings_those_customer = Scenario("The savings are those in the customer's own inventory", service="worker")


@savings_those_customer.defect(
    "AEC-01a",
    "the cost analysis gives every customer the same canned answer",
    step="the answer equals the savings in Acme's own inventory",
)
def _() -> None:
    async def run(self: Any, context: Any) -> dict[str, Any]:
        answer = await original(self, context)
        return {**answer, "monthly_savings": "1234.56"}

    original = cost.CostAnalysis.run
    cost.CostAnalysis.run = run  # type: ignore[method-assign]


customers_different_servers = Scenario("Customers with different servers get different answers", service="worker")


@customers_different_servers.defect(
    "AEC-01b",
    "only the first two servers are looked at",
    step="each answer equals the savings in its customer's own inventory",
)
def _() -> None:
    async def of_two(context: Any) -> Any:
        inventory = await original(context)
        return dataclasses.replace(inventory, instances=inventory.instances[:2])

    original = replace(cost, "read_inventory", of_two)


work_shown_being = Scenario("The work is shown while it is being done", service="worker")


@work_shown_being.defect(
    "AEC-01c",
    "events are kept back until the run ends",
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


answer_can_read = Scenario("The answer can be read the moment it is announced", service="worker")


@answer_can_read.defect(
    "AEC-01d",
    "the completed event is sent before the answer is committed",
    step="the announced answer can be read back at the first attempt",
)
def _() -> None:
    def end(self: Supervisor, run: Row[Any], ending: Any, tracker: Tracker) -> None:
        payload = {"answer": ending.answer, "partial": False, "usage": None, "duration_seconds": 0.0}
        tracker.emit("agent_completed", run.agent_name, payload)
        time.sleep(0.5)  # what a slow commit takes
        original(self, run, ending, tracker)

    original = replace(Supervisor, "_end", end)


every_agent_computes = Scenario("Every agent computes its answer from the customer's own data", service="worker")


@every_agent_computes.defect(
    "AEC-01e",
    "the rightsizing plan leaves out what could be stopped",
    step="each answer equals what the customer's own data gives",
)
def _() -> None:
    async def run(self: Any, context: Any) -> dict[str, Any]:
        plan = await original(self, context)
        return {**plan, "steps": [step for step in plan["steps"] if step["to_type"]]}

    original = replace(cost.RightsizingPlan, "run", run)
