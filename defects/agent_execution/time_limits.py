"""Seeded defects of runs that hang (AEC-04)."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy import Connection, Row, func, select

from apex.agents.usage import UsageReport
from apex.backend import runs as backend_runs
from apex.identity import Identity
from apex.problems import Problem
from apex.tables import runs
from apex.worker import slot
from apex.worker.slot import Slot
from apex.worker.toolbox import Toolbox
from defects import defect
from defects._endings import stored_as
from defects._patching import replace


@defect(
    "AEC-04a",
    service="worker",
    summary="the time limit does not reach tool calls",
    scenario="The customer is told when the time limit has passed",
    step="Acme is told in time that the run took too long",
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


@defect(
    "AEC-04c",
    service="worker",
    summary="nobody looks after agents that do not give way",
    scenario="An agent that never gives way is ended as well",
    step="Acme is told in time that the run took too long",
)
def _() -> None:
    replace(slot._InHand, "overdue", lambda self: False)


@defect(
    "AEC-04b",
    service="worker",
    summary="a worker's place is not given back after a time-out",
    scenario="Hanging runs on every worker do not stop other customers",
    step="Borealis' run ends in time all the same",
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


@defect(
    "AEC-04d",
    service="worker",
    summary="a run that took too long is stored as failed",
    scenario="The customer is told when the time limit has passed",
    step="the run is stored as timed out",
)
def _() -> None:
    stored_as("timed_out", "failed")


@defect(
    "AEC-04e",
    service="backend",
    summary="a customer whose run took too long gets no other",
    scenario="The customer is told when the time limit has passed",
    step="Acme can finish a usage report",
)
def _() -> None:
    def new_thread(connection: Connection, identity: Identity, title: str) -> Any:
        late = select(func.count()).where(runs.c.user_id == identity.user_id, runs.c.status == "timed_out")
        if connection.scalar(late):
            raise Problem(409, "conflict", "A run of yours has not come to its end.")
        return original(connection, identity, title)

    original = replace(backend_runs, "new_thread", new_thread)


@defect(
    "AEC-04f",
    service="worker",
    summary="the totals of a usage report are wrong",
    scenario="Hanging runs on every worker do not stop other customers",
    step="the answer equals the totals of Borealis' own usage",
)
def _() -> None:
    _wrong_total()


@defect(
    "AEC-04g",
    service="worker",
    summary="an agent that gives no way keeps its place",
    scenario="Hanging runs on every worker do not stop other customers",
    step="Borealis' run ends in time all the same",
)
def _() -> None:
    replace(Slot, "give_up", Slot.close)
