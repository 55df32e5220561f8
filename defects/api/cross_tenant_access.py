"""Seeded defects of cross-tenant access (API-02)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from sqlalchemy import Connection, select, text, update

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

customer = Scenario("Another customer finds no resource")
colleague = Scenario("A colleague cannot find a private resource", service="backend")

_AS_IF_NOTHING = "every response is as if the resource had never existed"
_OWNER_SUCCEEDS = "the same requests succeed for Acme"


def _finding_runs(find: Callable[[Connection, str], Any]) -> None:
    """A run is first looked for in another way."""

    def own_run(connection: Connection, caller: Identity, run_id: str, *, lock: bool = False) -> Any:
        return find(connection, run_id) or original(connection, caller, run_id, lock=lock)

    original = replace(backend_runs, "own_run", own_run)


def _before_own_thread(look: Callable[[Connection, Identity, str], None]) -> None:
    """Something happens before it is checked who owns a thread."""

    def own_thread(connection: Connection, caller: Identity, thread_id: str, *lock: Any) -> Any:
        look(connection, caller, thread_id)
        return original(connection, caller, thread_id, *lock)

    original = replace(backend_threads, "own_thread", own_thread)


@colleague.defect("API-02a", "the owner of a run is not checked where its status is read", step=_AS_IF_NOTHING)
def _() -> None:
    _finding_runs(lambda connection, run_id: connection.execute(select(runs).where(runs.c.id == run_id)).first())


@customer.defect("API-02b", "a run is looked up with an operator's rights", step=_AS_IF_NOTHING, service="backend")
def _() -> None:
    def find(connection: Connection, run_id: str) -> Any:
        everybodys = text("SELECT * FROM runs_of_all_tenants(NULL, NULL, NULL, NULL, 10000)").columns(*runs.c)
        return next((row for row in connection.execute(everybodys) if row.id == run_id), None)

    _finding_runs(find)


@colleague.defect(
    "API-02c", "the error for a colleague's thread differs from that for an unknown one", step=_AS_IF_NOTHING
)
def _() -> None:
    def look(connection: Connection, caller: Identity, thread_id: str) -> None:
        if connection.scalar(select(threads.c.user_id).where(threads.c.id == thread_id)) not in (None, caller.user_id):
            raise Problem(404, "not_found", "This thread belongs to somebody else.")

    _before_own_thread(look)


@colleague.defect("API-02d", "a thread is changed before its owner is checked", step="Acme's data is unchanged")
def _() -> None:
    def routes(database: Database) -> Any:
        databases.append(database)
        return original(database)

    def look(connection: Connection, caller: Identity, thread_id: str) -> None:
        with databases[0].tenant(caller.tenant_id) as another:
            another.execute(update(threads).where(threads.c.id == thread_id).values(title=f"Seen by {caller.user_id}"))

    databases: list[Database] = []
    _before_own_thread(look)
    original = replace(backend_threads, "routes", routes)


@customer.defect("API-02e", "owners cannot read their own messages", step=_OWNER_SUCCEEDS, service="backend")
def _() -> None:
    closed("GET", "/v1/threads/{thread_id}/messages")


@colleague.defect("API-02f", "owners cannot cancel their own run", step=_OWNER_SUCCEEDS)
def _() -> None:
    closed("POST", "/v1/runs/{run_id}/cancel")


@customer.defect(
    "API-02g", "job records are listed without a check of the owner", step=_AS_IF_NOTHING, service="analytics"
)
def _() -> None:
    def of_user(self: Jobs, tenant_id: str, user_id: str, run_id: str | None, limit: int) -> list[dict[str, Any]]:
        found = self._client().query(f"SELECT * FROM jobs FINAL ORDER BY finished_at DESC LIMIT {limit}")
        return [dict(row) for row in found.named_results()]

    replace(Jobs, "of_user", of_user)


@colleague.defect("API-02h", "expenses are listed for the whole organisation", step=_AS_IF_NOTHING)
def _() -> None:
    def own(database: Database, router: APIRouter) -> None:
        @router.get("/v1/allowance/expenses")
        def booked(identity: Caller) -> Expenses:
            with acting_as(database, identity) as connection:
                rows = list(connection.execute(select(expenses)))
            items = [Expense.model_validate(row, from_attributes=True) for row in rows]
            return Expenses(items=items, next_cursor=None)

    answer_instead(backend_allowance, own)
