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

notified = Scenario("The customer is notified in time that the worker was lost", service="worker")
not_again = Scenario("A lost run is not run again", service="worker")
shutdown = Scenario("A worker that shuts down finishes its runs first", service="worker")

ONE_REQUEST = "the partner has received one request from the run"
STAYED_OPEN = "Acme's connection has stayed open"
IN_ORDER = "Acme has received every event of the run in order, each once"


@notified.defect("AEC-12a", "lost runs are never looked for", step="Acme is notified in time that the worker was lost")
def _() -> None:
    replace(Leases, "_fail_lost", lambda self: None)


@not_again.defect("AEC-12b", "a lost run is run again", step="the run is stored as failed in time")
def _() -> None:
    def requeue(connection: Connection, run: Row[Any], *how: Any, **options: Any) -> None:
        connection.execute(update(runs).where(runs.c.id == run.id).values(status="queued", worker=None))

    replace(leases, "end_run", requeue)


@not_again.defect("AEC-12c", "a lost run is failed, and a copy of it is run", step=ONE_REQUEST)
def _() -> None:
    of_request = {"tenant_id", "user_id", "thread_id", "agent_name", "input", "time_limit_seconds", "caller"}
    of_request |= {"traceparent", "request_id"}

    def copy(connection: Connection, run: Row[Any], *how: Any, **options: Any) -> Any:
        ended = original(connection, run, *how, **options)
        if ended:
            copied = {name: run._mapping[name] for name in of_request}
            connection.execute(runs.insert().values(id=str(uuid.uuid4()), **copied))
        return ended

    original = replace(leases, "end_run", copy)


@notified.defect("AEC-12d", "the connection is closed with the worker", step=STAYED_OPEN, service="backend")
def _() -> None:
    async def send(self: LiveConnection, sequence: int, envelope: str) -> None:
        await original(self, sequence, envelope)
        if '"worker_lost"' in envelope:
            self.end("logged_out")

    original = replace(LiveConnection, "_send", send)


@shutdown.defect("AEC-12e", "a worker that shuts down abandons its runs", step="the run is stored as completed")
def _() -> None:
    replace(app, "finish", lambda slots, leases, seconds: None)
    replace(Leases, "close", lambda self: self._closed.set())


@shutdown.defect("AEC-12f", "the runs of a worker that shuts down send no more events", step=IN_ORDER)
def _() -> None:
    def silent(slots: Sequence[Slot], *others: Any) -> None:
        for slot in slots:
            if slot.tracker is not None:
                vars(slot.tracker)["emit"] = lambda *event: None
        original(slots, *others)

    original = replace(app, "finish", silent)
