"""Seeded defects of finished runs (AEC-02)."""

from __future__ import annotations

import dataclasses
from typing import Any

from sqlalchemy import Connection, Row, update

from apex.agents import cost
from apex.agents.agent import RunContext
from apex.agents.inventory import Inventory
from apex.backend import runs as backend_runs
from apex.storage.tables import messages, runs
from apex.worker import supervisor
from apex.worker.supervisor import Supervisor
from defects import Scenario
from defects._patching import replace

unchanged = Scenario("A finished run is unchanged after the backend has crashed", service="backend")
follow_up = Scenario("A follow-up states the change since the previous answer", service="worker")

CHANGE = "the answer states the change since the previous answer"
NEWEST = "the answer is the newest message of the run's conversation"


@unchanged.defect("AEC-02a", "a finished run is kept in the backend's memory only", step="the run is unchanged")
def _() -> None:
    memory: dict[str, Any] = {}

    def own_run(connection: Connection, identity: Any, run_id: str, **lock: bool) -> Any:
        row = original(connection, identity, run_id, **lock)
        if row.status == "completed" and run_id not in memory:
            memory[run_id] = row
            connection.execute(update(runs).where(runs.c.id == run_id).values(answer=None, steps=[]))
        return memory.get(run_id, row)

    original = replace(backend_runs, "own_run", own_run)


@follow_up.defect("AEC-02b", "a follow-up starts without the thread's history", step=CHANGE)
def _() -> None:
    replace(supervisor, "read_history", lambda database, run: [])


@unchanged.defect("AEC-02c", "the answer is not written to the thread", step=NEWEST, service="worker")
def _() -> None:
    def end(self: Supervisor, run: Row[Any], *how: Any) -> None:
        original(self, run, *how)
        with self._database.tenant(run.tenant_id) as connection:
            connection.execute(messages.delete().where(messages.c.run_id == run.id, messages.c.role == "assistant"))

    original = replace(Supervisor, "_end", end)


@follow_up.defect("AEC-02d", "a follow-up reads only the servers that the previous answer named", step=CHANGE)
def _() -> None:
    async def read_inventory(context: RunContext) -> Inventory:
        inventory: Inventory = await original(context)
        answers = [message.data for message in context.history if message.data and "findings" in message.data]
        if not answers:
            return inventory
        named = {finding["resource_id"] for finding in answers[-1]["findings"]}
        seen = [each for each in inventory.instances if each["resource_id"] in named]
        return dataclasses.replace(inventory, instances=seen)

    original = replace(cost, "read_inventory", read_inventory)
