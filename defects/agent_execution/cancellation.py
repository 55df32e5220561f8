"""Seeded defects of cancelling (AEC-11)."""

from __future__ import annotations

import dataclasses
from typing import Any

from fastapi import Response
from sqlalchemy import Connection, func, select, update

from apex.auth import accounts
from apex.backend import runs as backend_runs
from apex.http.identity import Identity
from apex.http.problems import Problem, not_found
from apex.storage.runs import RUN_CANCEL
from apex.storage.stream import Event, EventStream
from apex.storage.tables import runs
from apex.worker import slot
from apex.worker.leases import Leases
from defects import Scenario
from defects._endings import stored_as
from defects._patching import replace
from defects.agent_execution._routes import Endpoint, wrapped

stops = Scenario("Cancelling a run stops its work and its events", service="worker")
twice = Scenario("Cancelling a run twice is harmless", service="backend")
blocking = Scenario("An agent that blocks its worker can be cancelled", service="worker")
removal = Scenario("Removing a colleague cancels the colleague's runs", service="auth")
others = Scenario("Customers cannot cancel another user's run", service="backend")

SECOND = "the second cancellation is accepted like the first"
ABORTED = "the run's request to the partner is aborted in time"
AS_CANCELLED = "the operator sees Ben of Acme's run as cancelled"
LAST_EVENT = "Acme receives the cancellation in time, as the last event of the run"


@stops.defect("AEC-11a", "cancelling changes the status of the run and nothing else", step=ABORTED)
def _() -> None:
    def cancel(self: Leases, run_id: str) -> None:
        run, _ = self._held.get(run_id, (None, None))
        if run is not None:
            with self._database.tenant(run.tenant_id) as connection:
                connection.execute(update(runs).where(runs.c.id == run_id).values(status="cancelled"))

    replace(Leases, "cancel", cancel)
    replace(Leases, "_renew", lambda self: None)


@twice.defect("AEC-11b", "cancelling a second time is a conflict", step=SECOND)
def _() -> None:
    def own_run(*of: Any, lock: bool = False) -> Any:
        row = original(*of, lock=lock)
        if lock and (row.cancel_requested_at is not None or row.status == "cancelled"):
            raise Problem(409, "conflict", "This run is being cancelled already.")
        return row

    original = replace(backend_runs, "own_run", own_run)


@others.defect(
    "AEC-11c", "a colleague's run can be cancelled", step="every response is as if the run had never existed"
)
def _() -> None:
    def own_run(connection: Connection, identity: Identity, run_id: str, **lock: bool) -> Any:
        row = connection.execute(runs.select().where(runs.c.id == run_id)).first()
        if row is None:
            raise not_found()
        return row

    replace(backend_runs, "own_run", own_run)


@stops.defect("AEC-11d", "an event follows the cancellation", step=LAST_EVENT)
def _() -> None:
    def publish(self: EventStream, event: Event, delivery_id: str = "") -> int:
        number: int = original(self, event, delivery_id)
        if event.type == "agent_cancelled":
            self.redis.delete(f"run:{event.run_id}")
            late = dataclasses.replace(event, type="agent_thinking", payload={"thought": "Still here."}, ends_run=False)
            original(self, late)
        return number

    original = replace(EventStream, "publish", publish)


@others.defect("AEC-11e", "a refused cancellation still reaches the worker", step="Acme's run completes")
def _() -> None:
    def own_run(connection: Connection, identity: Identity, run_id: str, **lock: bool) -> Any:
        try:
            return original(connection, identity, run_id, **lock)
        except Problem:
            connection.execute(select(func.pg_notify(RUN_CANCEL, run_id)))
            connection.commit()
            raise

    original = replace(backend_runs, "own_run", own_run)


@twice.defect("AEC-11f", "a second cancellation is accepted without returning the run", step=SECOND)
def _() -> None:
    cancelled: set[str] = set()

    def once(endpoint: Endpoint, *_: Any) -> Endpoint:
        def cancel(run_id: str, **caller: Any) -> Any:
            if run_id in cancelled:
                return Response(status_code=202)
            run = endpoint(run_id, **caller)
            cancelled.add(run_id)
            return run

        return cancel

    wrapped("cancel", once)


@blocking.defect("AEC-11g", "only an agent that gives way is stopped before its time limit", step=LAST_EVENT)
def _() -> None:
    def cancel(self: slot._InHand) -> None:
        self._loop.call_soon_threadsafe(self._task.cancel)

    replace(slot._InHand, "cancel", cancel)


@blocking.defect("AEC-11h", "a cancelled run that blocks is stored as timed out", step="the story oracle finds nothing")
def _() -> None:
    stored_as("timed_out", "timed_out")


@removal.defect("AEC-11i", "the runs of a removed member go on", step=ABORTED)
def _() -> None:
    replace(accounts, "cancel_run", lambda connection, run, cancelled_by: None)


@removal.defect("AEC-11j", "a run that a removal has stopped is stored as failed", step=AS_CANCELLED, service="worker")
def _() -> None:
    stored_as("cancelled", "failed")
