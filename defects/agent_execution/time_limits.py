"""Seeded defects of runs that hang (AEC-04)."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy import Connection, Row, func, select

from apex.agents.usage import UsageReport
from apex.backend import runs as backend_runs
from apex.http.identity import Identity
from apex.http.problems import Problem
from apex.storage.tables import runs
from apex.worker import slot
from apex.worker.slot import Slot
from apex.worker.toolbox import Toolbox
from defects import Scenario
from defects._endings import stored_as
from defects._patching import replace

customer_told_when = Scenario("The customer is told when the time limit has passed")


@customer_told_when.defect(
    "AEC-04a",
    "the time limit does not reach tool calls",
    step="Acme is told in time that the run took too long",
    service="worker",
)
def _() -> None:
    async def call(self: Toolbox, *arguments: Any) -> Any:
        work = asyncio.ensure_future(original(self, *arguments))
        while not work.done():
            try:
                await asyncio.shield(work)
            except asyncio.CancelledError:
                continue
        return work.result()

    original = replace(Toolbox, "call", call)
    replace(slot._InHand, "overdue", lambda self: False)


agent_never_gives = Scenario("An agent that never gives way is ended as well", service="worker")


@agent_never_gives.defect(
    "AEC-04c", "nobody looks after agents that do not give way", step="Acme is told in time that the run took too long"
)
def _() -> None:
    replace(slot._InHand, "overdue", lambda self: False)


hanging_runs_every = Scenario("Hanging runs on every worker do not stop other customers", service="worker")


@hanging_runs_every.defect(
    "AEC-04b", "a worker's place is not given back after a time-out", step="Borealis' run ends in time all the same"
)
def _() -> None:
    async def carry_out(self: Slot, run: Row[Any]) -> None:
        await original(self, run)
        if run.time_limit_seconds < 10:
            self.close()

    original = replace(Slot, "_carry_out", carry_out)
    # Nor is there another in the place of one that was slow to end.
    replace(Slot, "give_up", Slot.close)


def _wrong_total() -> None:
    async def run(self: UsageReport, context: Any) -> dict[str, Any]:
        return {**await original(self, context), "total_cost": "99.99"}

    original = replace(UsageReport, "run", run)


@customer_told_when.defect(
    "AEC-04d", "a run that took too long is stored as failed", step="the run is stored as timed out", service="worker"
)
def _() -> None:
    stored_as("timed_out", "failed")


@customer_told_when.defect(
    "AEC-04e",
    "a customer whose run took too long gets no other",
    step="Acme can finish a usage report",
    service="backend",
)
def _() -> None:
    def new_thread(connection: Connection, identity: Identity, title: str) -> Any:
        late = select(func.count()).where(runs.c.user_id == identity.user_id, runs.c.status == "timed_out")
        if connection.scalar(late):
            raise Problem(409, "conflict", "A run of yours has not come to its end.")
        return original(connection, identity, title)

    original = replace(backend_runs, "new_thread", new_thread)


@hanging_runs_every.defect(
    "AEC-04f", "the totals of a usage report are wrong", step="the answer equals the totals of Borealis' own usage"
)
def _() -> None:
    _wrong_total()


@hanging_runs_every.defect(
    "AEC-04g", "an agent that gives no way keeps its place", step="Borealis' run ends in time all the same"
)
def _() -> None:
    replace(Slot, "give_up", Slot.close)
