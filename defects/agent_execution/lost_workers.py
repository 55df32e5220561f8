"""Seeded defects of lost workers (AEC-12)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, update

from apex.backend.connection import Connection as LiveConnection
from apex.storage.tables import runs
from apex.worker import app, leases
from apex.worker.leases import Leases
from apex.worker.slot import Slot
from defects import Scenario
from defects._patching import replace

customer_told_time = Scenario("The customer is told in time that the worker was lost")


@customer_told_time.defect(
    "AEC-12a",
    "nobody looks for runs whose worker was lost",
    step="Acme is told in time that the worker was lost",
    service="worker",
)
def _() -> None:
    replace(Leases, "_fail_lost", lambda self: None)


lost_run_not = Scenario("A lost run is not run again", service="worker")


@lost_run_not.defect("AEC-12b", "a lost run is run again", step="the run is stored as failed in time")
def _() -> None:
    def again(connection: Connection, run: Row[Any], *others: Any, **options: Any) -> bool:
        connection.execute(update(runs).where(runs.c.id == run.id).values(status="queued", worker=None))
        return True

    replace(leases, "end_run", again)


@lost_run_not.defect("AEC-12c", "a lost run is failed, and a copy of it is run", step="the partner was asked once")
def _() -> None:
    def once_more(connection: Connection, run: Row[Any], *others: Any, **options: Any) -> bool:
        ended: bool = original(connection, run, *others, **options)
        if ended:
            kept = {name: run._mapping[name] for name in _ASKED}
            connection.execute(runs.insert().values(id=str(uuid.uuid4()), **kept))
        return ended

    original = replace(leases, "end_run", once_more)


_ASKED = (
    "tenant_id",
    "user_id",
    "thread_id",
    "agent_name",
    "input",
    "time_limit_seconds",
    "caller",
    "traceparent",
    "request_id",
)


@customer_told_time.defect(
    "AEC-12d", "the connection is given up with the worker", step="Acme's connection has stayed open", service="backend"
)
def _() -> None:
    async def send(self: LiveConnection, sequence: int, envelope: str) -> None:
        await original(self, sequence, envelope)
        if '"worker_lost"' in envelope:
            self.end("logged_out")

    original = replace(LiveConnection, "_send", send)


worker_stop_finishes = Scenario("A worker that is to stop finishes what it has in hand", service="worker")


@worker_stop_finishes.defect(
    "AEC-12e", "a worker that is to stop leaves the runs in hand behind", step="the run is stored as completed"
)
def _() -> None:
    replace(app, "finish", lambda slots, leases, seconds: None)
    replace(Leases, "close", lambda self: self._closed.set())


@worker_stop_finishes.defect(
    "AEC-12f",
    "the runs in hand of a worker that is to stop go on unheard",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    def unheard(slots: Sequence[Slot], leases: Leases, seconds: float) -> None:
        for slot in slots:
            if slot.tracker is not None:
                vars(slot.tracker)["emit"] = lambda *event: None
        original(slots, leases, seconds)

    original = replace(app, "finish", unheard)
