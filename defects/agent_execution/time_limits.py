"""Seeded defects of time limits (AEC-04)."""

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
from defects.agent_execution._answers import spoilt

notified = Scenario("The customer is notified when the time limit has passed", service="worker")
blocking = Scenario("An agent that cannot be interrupted is ended, too", service="worker")
everywhere = Scenario("Hanging runs on every worker do not stop other customers", service="worker")

TOO_LONG = "Acme is notified in time that the run took too long"
IN_TIME = "Borealis' run completes in time"
NEXT_RUN = "Acme can finish a usage report"
TOTALS = "the answer equals the totals of Borealis' own usage"


@notified.defect("AEC-04a", "the time limit does not reach tool calls", step=TOO_LONG)
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


@everywhere.defect("AEC-04b", "a worker slot is not freed after a timeout", step=IN_TIME)
def _() -> None:
    async def carry_out(self: Slot, run: Row[Any]) -> None:
        await original(self, run)
        if run.time_limit_seconds < 10:
            self.close()

    original = replace(Slot, "_carry_out", carry_out)
    # Nor does another take the place of one that was slow to end.
    replace(Slot, "give_up", Slot.close)


@blocking.defect("AEC-04c", "agents that block their worker are not watched", step=TOO_LONG)
def _() -> None:
    replace(slot._InHand, "overdue", lambda self: False)


@notified.defect("AEC-04d", "a run that took too long is stored as failed", step="the run is stored as timed out")
def _() -> None:
    stored_as("timed_out", "failed")


@notified.defect("AEC-04e", "a customer whose run took too long can start no other", step=NEXT_RUN, service="backend")
def _() -> None:
    def new_thread(connection: Connection, identity: Identity, title: str) -> Any:
        late = select(func.count()).where(runs.c.user_id == identity.user_id, runs.c.status == "timed_out")
        if connection.scalar(late):
            raise Problem(409, "conflict", "A run of yours has not come to its end.")
        return original(connection, identity, title)

    original = replace(backend_runs, "new_thread", new_thread)


@everywhere.defect("AEC-04f", "the totals of a usage report are wrong", step=TOTALS)
def _() -> None:
    spoilt(UsageReport, lambda answer: {"total_cost": "99.99"})


@everywhere.defect("AEC-04g", "an agent that blocks its worker keeps its slot", step=IN_TIME)
def _() -> None:
    replace(Slot, "give_up", Slot.close)
