"""Seeded defects of what is kept of finished runs (AEC-02)."""

from __future__ import annotations

from dataclasses import replace as changed
from typing import Any

from sqlalchemy import Connection, Row, update

from apex.agents import cost
from apex.agents.agent import RunContext
from apex.agents.inventory import Inventory
from apex.backend import runs as backend_runs
from apex.identity import Identity
from apex.tables import messages, runs
from apex.worker import supervisor
from apex.worker.supervisor import Supervisor
from apex.worker.tracker import Tracker
from defects import defect
from defects._patching import replace


@defect(
    "AEC-02a",
    service="backend",
    summary="a finished run is kept in the memory of the backend only",
    scenario="A finished run reads the same after the service has crashed",
    step="the run reads as it did before",
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


@defect(
    "AEC-02b",
    service="worker",
    summary="a follow-up starts without the thread's history",
    scenario="A follow-up builds on the answer before it",
    step="the answer tells the change since the one before",
)
def _() -> None:
    replace(supervisor, "read_history", lambda database, run: [])


@defect(
    "AEC-02c",
    service="worker",
    summary="the answer is not written into the thread",
    scenario="A finished run reads the same after the service has crashed",
    step="the answer is the newest message of its thread",
)
def _() -> None:
    def end(self: Supervisor, run: Row[Any], ending: Any, tracker: Tracker) -> None:
        original(self, run, ending, tracker)
        with self._database.tenant(run.tenant_id) as connection:
            connection.execute(messages.delete().where(messages.c.run_id == run.id, messages.c.role == "assistant"))

    original = replace(Supervisor, "_end", end)


@defect(
    "AEC-02d",
    service="worker",
    summary="a follow-up looks at the servers again that the answer before named, and at no other",
    scenario="A follow-up builds on the answer before it",
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
