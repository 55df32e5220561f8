"""Seeded defects of what runs answer (AEC-01)."""

from __future__ import annotations

import dataclasses
import time
from collections import defaultdict
from typing import Any

from sqlalchemy import Row

from apex.agents import cost
from apex.storage.stream import Event, EventStream
from apex.worker.supervisor import Supervisor
from apex.worker.tracker import Tracker
from defects import Scenario
from defects._patching import replace
from defects.agent_execution._answers import spoilt

savings = Scenario("The savings equal those in the customer's own inventory", service="worker")
different = Scenario("Customers with different servers get different answers", service="worker")
every_agent = Scenario("Every agent computes its answer from the customer's own data", service="worker")
progress = Scenario("Progress is shown while the run is still running", service="worker")
announced = Scenario("The answer can be read as soon as it is announced", service="worker")

OWN_SAVINGS = "the answer equals the savings in Acme's own inventory"
EACH_SAVINGS = "each customer's answer equals the savings in their own inventory"
WHILE_RUNNING = "Acme receives these events while the run is still running"
ANNOUNCED = "Acme reads the announced answer at the first attempt"
OWN_DATA = "each answer equals what the customer's own data gives"


@savings.defect("AEC-01a", "the cost analysis gives every customer the same canned answer", step=OWN_SAVINGS)
def _() -> None:
    spoilt(cost.CostAnalysis, lambda answer: {"monthly_savings": "1234.56"})


@different.defect("AEC-01b", "only the first two servers are analysed", step=EACH_SAVINGS)
def _() -> None:
    async def of_two(context: Any) -> Any:
        inventory = await original(context)
        return dataclasses.replace(inventory, instances=inventory.instances[:2])

    original = replace(cost, "read_inventory", of_two)


@progress.defect("AEC-01c", "events are held back until the run ends", step=WHILE_RUNNING)
def _() -> None:
    held: defaultdict[str, list[Event]] = defaultdict(list)

    def publish(self: EventStream, event: Event, delivery_id: str = "") -> Any:
        if event.ends_run or event.run_id is None:
            return original_publish(self, event, delivery_id)
        held[event.run_id].append(event)
        return len(held[event.run_id])

    def end(self: Supervisor, run: Row[Any], *how: Any) -> None:
        for event in held.pop(run.id, []):
            original_publish(self._stream, event)
        original_end(self, run, *how)

    original_publish, original_end = replace(EventStream, "publish", publish), replace(Supervisor, "_end", end)


@announced.defect("AEC-01d", "the completed event is sent before the answer is committed", step=ANNOUNCED)
def _() -> None:
    def end(self: Supervisor, run: Row[Any], ending: Any, tracker: Tracker) -> None:
        payload = {"answer": ending.answer, "partial": False, "usage": None, "duration_seconds": 0.0}
        tracker.emit("agent_completed", run.agent_name, payload)
        time.sleep(0.5)  # what a slow commit takes
        original(self, run, ending, tracker)

    original = replace(Supervisor, "_end", end)


@every_agent.defect("AEC-01e", "the rightsizing plan leaves out what could be stopped", step=OWN_DATA)
def _() -> None:
    spoilt(cost.RightsizingPlan, lambda plan: {"steps": [step for step in plan["steps"] if step["to_type"]]})
