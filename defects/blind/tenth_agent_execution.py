"""Blind defects of agent_execution, written from the promises alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Row

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "AEC-02qa",
    "a follow-up compares with the oldest answer of its thread",
    service="worker",
    scenario="A third run builds on the second",
    step="the answer states no change since the previous answer",
)
def _() -> None:
    # Observable: run the cost analysis three times in one thread, and change the inventory before each: "previous" of
    # the third names the run and the savings of the first, and "change" is counted from those. The second is right.
    from apex.agents import cost
    from apex.agents.agent import RunContext

    def previous(context: RunContext) -> dict[str, str] | None:
        for message in context.history:
            if message.data is not None and message.run_id is not None and "findings" in message.data:
                return {"run_id": message.run_id, "monthly_savings": message.data["monthly_savings"]}
        return None

    replace(cost, "_previous", previous)


@blind_defect(
    "AEC-06qa",
    "a tool call that is cancelled is not told to its end",
    service="worker",
    scenario="A cancelled run sends its events in order, too",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    # Observable: cancel a run, or let it run out of time, while a tool is at work: tool_executing of that call has no
    # tool_completed. The same where one of two calls side by side fails: the other one, which is stopped then, has
    # none. Numbers have no gap.
    from apex.worker.execution import Execution

    @around(Execution, "_emit")
    def _emit(original: Callable[..., None], self: Any, type: str, payload: dict[str, Any]) -> None:
        if type == "tool_completed" and payload["outcome"] == "cancelled":
            return
        original(self, type, payload)


@blind_defect(
    "AEC-07qa",
    "the duration of a run is told in whole seconds",
    service="backend",
    scenario="Operators see their own runs, too",
    step="the records oracle finds nothing",
)
def _() -> None:
    # Observable: a run whose steps last 1.4 s together (GET /v1/operations/runs, and GET /v1/runs/{id}) has
    # duration_seconds 1.0; one of less than a second has 0.0. started_at and finished_at are right.
    from apex.backend import operations, runs

    original = runs.fields

    def fields(row: Row[Any]) -> dict[str, Any]:
        ended = row.started_at is not None and row.finished_at is not None
        return {**original(row), "duration_seconds": (row.finished_at - row.started_at).seconds if ended else None}

    for module in (runs, operations):
        replace(module, "fields", fields)


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
