"""Seeded defects of cancelling (AEC-11)."""

from __future__ import annotations

import dataclasses
from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy import Connection, Row, func, select, text, update

from apex.backend import runs as backend_runs
from apex.backend.models import Run
from apex.http.identity import Caller, Identity
from apex.http.problems import Problem, not_found
from apex.runtime.paths import Named
from apex.storage.runs import RUN_CANCEL
from apex.storage.stream import Event, EventStream
from apex.storage.tables import runs
from apex.worker.leases import Leases
from defects import Scenario
from defects._patching import replace

cancelling_stops_agent = Scenario("Cancelling stops the agent's work outside, too", service="worker")


@cancelling_stops_agent.defect(
    "AEC-11a",
    "cancelling changes the label of the run and nothing else",
    step="the partner sees that nobody waits for its answer any more",
)
def _() -> None:
    def cancel(self: Leases, run_id: str) -> None:
        held = self._held.get(run_id)
        if held is None:
            return
        with self._database.platform() as connection:
            row = connection.execute(
                text("SELECT tenant_id FROM runs_of_all_tenants('running', NULL, 1000) WHERE id = :id"), {"id": run_id}
            ).first()
        if row is not None:
            with self._database.tenant(str(row.tenant_id)) as connection:
                connection.execute(update(runs).where(runs.c.id == run_id).values(status="cancelled"))

    replace(Leases, "cancel", cancel)
    replace(Leases, "_renew", lambda self: None)


cancelling_twice_harmless = Scenario("Cancelling twice is harmless", service="backend")


@cancelling_twice_harmless.defect(
    "AEC-11b", "cancelling a second time is a conflict", step="the second cancellation is accepted like the first"
)
def _() -> None:
    def own_run(connection: Connection, identity: Identity, run_id: str, *, lock: bool = False) -> Any:
        row = original(connection, identity, run_id, lock=lock)
        if lock and (row.cancel_requested_at is not None or row.status == "cancelled"):
            raise Problem(409, "conflict", "This run is being cancelled already.")
        return row

    original = replace(backend_runs, "own_run", own_run)


nobody_cancels_somebody = Scenario("Nobody cancels somebody else's run", service="backend")


@nobody_cancels_somebody.defect(
    "AEC-11c", "a colleague's run can be cancelled", step="each is answered as if the run had never existed"
)
def _() -> None:
    def own_run(connection: Connection, identity: Identity, run_id: str, *, lock: bool = False) -> Row[Any]:
        row = connection.execute(runs.select().where(runs.c.id == run_id)).first()
        if row is None:
            raise not_found()
        return row

    replace(backend_runs, "own_run", own_run)


@cancelling_stops_agent.defect(
    "AEC-11d",
    "an event follows the cancellation",
    step="Acme hears of the cancellation in time and of nothing after it",
)
def _() -> None:
    def publish(self: EventStream, event: Event, delivery_id: str = "") -> int:
        number: int = original(self, event, delivery_id)
        if event.type == "agent_cancelled":
            self.redis.delete(f"run:{event.run_id}")
            late = dataclasses.replace(event, type="agent_thinking", payload={"thought": "Still here."}, ends_run=False)
            original(self, late)
        return number

    original = replace(EventStream, "publish", publish)


@nobody_cancels_somebody.defect(
    "AEC-11e", "a cancellation is refused after the worker has been told of it", step="Acme's run completes"
)
def _() -> None:
    def own_run(connection: Connection, identity: Identity, run_id: str, *, lock: bool = False) -> Any:
        try:
            return original(connection, identity, run_id, lock=lock)
        except Problem:
            connection.execute(select(func.pg_notify(RUN_CANCEL, run_id)))
            connection.commit()
            raise

    original = replace(backend_runs, "own_run", own_run)


@cancelling_twice_harmless.defect(
    "AEC-11f",
    "a second cancellation is accepted without a word of the run",
    step="the second cancellation is accepted like the first",
)
def _() -> None:
    def routes(*arguments: Any) -> APIRouter:
        router, cancelled = APIRouter(), set[str]()

        @router.post("/v1/runs/{run_id}/cancel", status_code=202, response_model=None)
        def cancel(run_id: Named, identity: Caller) -> Run | Response:
            if run_id in cancelled:
                return Response(status_code=202)
            run: Run = beneath(run_id, identity)
            cancelled.add(run_id)
            return run

        platform: Any = original(*arguments)
        beneath = next(route.endpoint for route in platform.routes if route.path == "/v1/runs/{run_id}/cancel")
        router.include_router(platform)
        return router

    original = replace(backend_runs, "routes", routes)
