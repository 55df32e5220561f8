"""Seeded defects of what is kept of finished runs (AEC-02)."""

from __future__ import annotations

from dataclasses import replace as changed
from typing import Any

from sqlalchemy import Connection, Row, update

from apex.agents import cost
from apex.agents.agent import RunContext
from apex.agents.inventory import Inventory
from apex.backend import runs as backend_runs
from apex.http.identity import Identity
from apex.storage.tables import messages, runs
from apex.worker import supervisor
from apex.worker.supervisor import Supervisor
from apex.worker.tracker import Tracker
from defects import Scenario
from defects._patching import replace

finished_run_reads = Scenario("A finished run reads the same after the service has crashed")


@finished_run_reads.defect(
    "AEC-02a",
    "a finished run is kept in the memory of the backend only",
    step="the run reads as it did before",
    service="backend",
)
def _() -> None:
    memory: dict[str, Any] = {}

    def own_run(connection: Connection, identity: Identity, run_id: str, *, lock: bool = False) -> Any:
        row = original(connection, identity, run_id, lock=lock)
        if row.status == "completed" and run_id not in memory:
            memory[run_id] = row
            connection.execute(update(runs).where(runs.c.id == run_id).values(answer=None, steps=[]))
        return memory.get(run_id, row)

    original = replace(backend_runs, "own_run", own_run)


follow_up_builds = Scenario("A follow-up builds on the answer before it", service="worker")


@follow_up_builds.defect(
    "AEC-02b",
    "a follow-up starts without the thread's history",
    step="the answer tells the change since the one before",
)
def _() -> None:
    replace(supervisor, "read_history", lambda database, run: [])


@finished_run_reads.defect(
    "AEC-02c",
    "the answer is not written into the thread",
    step="the answer is the newest message of its thread",
    service="worker",
)
def _() -> None:
    def end(self: Supervisor, run: Row[Any], ending: Any, tracker: Tracker) -> None:
        original(self, run, ending, tracker)
        with self._database.tenant(run.tenant_id) as connection:
            connection.execute(messages.delete().where(messages.c.run_id == run.id, messages.c.role == "assistant"))

    original = replace(Supervisor, "_end", end)


@follow_up_builds.defect(
    "AEC-02d",
    "a follow-up looks at the servers again that the answer before named, and at no other",
    step="the answer tells the change since the one before",
)
def _() -> None:
    async def read_inventory(context: RunContext) -> Inventory:
        inventory: Inventory = await original(context)
        answers = [message.data for message in context.history if message.data and "findings" in message.data]
        if not answers:
            return inventory
        named = {finding["resource_id"] for finding in answers[-1]["findings"]}
        return changed(inventory, instances=[each for each in inventory.instances if each["resource_id"] in named])

    original = replace(cost, "read_inventory", read_inventory)
