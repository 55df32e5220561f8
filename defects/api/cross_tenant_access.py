"""Seeded defects of whose resources are reached (API-02)."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from sqlalchemy import Connection, Row, select, text, update

from apex.analytics.store import Jobs
from apex.backend import allowance as backend_allowance
from apex.backend import runs as backend_runs
from apex.backend import threads as backend_threads
from apex.backend.models import Expense, Expenses
from apex.http.identity import Caller, Identity, acting_as
from apex.http.problems import Problem
from apex.storage.database import Database
from apex.storage.tables import expenses, runs, threads
from defects import Scenario
from defects._patching import replace
from defects._routes import answer_instead, closed

colleague_finds_nothing = Scenario("A colleague finds nothing of what is not shared", service="backend")


@colleague_finds_nothing.defect(
    "API-02a", "whose run it is is not checked where its state is asked", step="each way ends as if nothing were there"
)
def _() -> None:
    def own_run(connection: Connection, caller: Identity, run_id: str, *, lock: bool = False) -> Row[Any]:
        row = connection.execute(select(runs).where(runs.c.id == run_id)).first()
        return row if row is not None else original(connection, caller, run_id, lock=lock)

    original = replace(backend_runs, "own_run", own_run)


another_customer_finds = Scenario("Another customer finds nothing")


@another_customer_finds.defect(
    "API-02b",
    "a run is looked for with the eyes of an operator",
    step="each way ends as if nothing were there",
    service="backend",
)
def _() -> None:
    def own_run(connection: Connection, caller: Identity, run_id: str, *, lock: bool = False) -> Row[Any]:
        everybodys = text("SELECT * FROM runs_of_all_tenants(NULL, NULL, 10000)").columns(*runs.c)
        found = [row for row in connection.execute(everybodys) if row.id == run_id]
        return found[0] if found else original(connection, caller, run_id, lock=lock)

    original = replace(backend_runs, "own_run", own_run)


@colleague_finds_nothing.defect(
    "API-02c",
    "somebody else's thread is refused in other words than one that never existed",
    step="each way ends as if nothing were there",
)
def _() -> None:
    def own_thread(connection: Connection, caller: Identity, thread_id: str, *lock: Any) -> Row[tuple[object, ...]]:
        if connection.scalar(select(threads.c.user_id).where(threads.c.id == thread_id)) not in (None, caller.user_id):
            raise Problem(404, "not_found", "This thread belongs to somebody else.")
        own: Row[tuple[object, ...]] = original(connection, caller, thread_id, *lock)
        return own

    original = replace(backend_threads, "own_thread", own_thread)


@colleague_finds_nothing.defect(
    "API-02d", "a colleague's thread is touched before it is seen whose it is", step="nothing of Acme's has changed"
)
def _() -> None:
    def routes(database: Database) -> Any:
        databases.append(database)
        return original_routes(database)

    def own_thread(connection: Connection, caller: Identity, thread_id: str, *lock: Any) -> Row[tuple[object, ...]]:
        with databases[0].tenant(caller.tenant_id) as another:
            another.execute(update(threads).where(threads.c.id == thread_id).values(title=f"Seen by {caller.user_id}"))
        own: Row[tuple[object, ...]] = original(connection, caller, thread_id, *lock)
        return own

    original = replace(backend_threads, "own_thread", own_thread)
    databases: list[Database] = []
    original_routes = replace(backend_threads, "routes", routes)


@another_customer_finds.defect(
    "API-02e",
    "who owns a conversation cannot read its messages either",
    step="every one of these ways is open to Acme",
    service="backend",
)
def _() -> None:
    closed("GET", "/v1/threads/{thread_id}/messages")


@colleague_finds_nothing.defect(
    "API-02f", "who owns a run cannot cancel it either", step="every one of these ways is open to Acme"
)
def _() -> None:
    closed("POST", "/v1/runs/{run_id}/cancel")


@another_customer_finds.defect(
    "API-02g",
    "records of jobs are listed whosever they are",
    step="each way ends as if nothing were there",
    service="analytics",
)
def _() -> None:
    def of_user(self: Jobs, tenant_id: str, user_id: str, run_id: str | None, limit: int) -> list[dict[str, Any]]:
        found = self._client().query(f"SELECT * FROM jobs FINAL ORDER BY finished_at DESC LIMIT {limit}")
        return [dict(row) for row in found.named_results()]

    replace(Jobs, "of_user", of_user)


@colleague_finds_nothing.defect(
    "API-02h", "expenses are listed for the whole organisation", step="each way ends as if nothing were there"
)
def _() -> None:
    def own(database: Database, router: APIRouter) -> None:
        @router.get("/v1/allowance/expenses")
        def booked(identity: Caller) -> Expenses:
            with acting_as(database, identity) as connection:
                rows = list(connection.execute(select(expenses)))
            items = [Expense.model_validate(row, from_attributes=True) for row in rows]
            return Expenses(items=items, next_cursor=None)

    answer_instead(backend_allowance, own)
