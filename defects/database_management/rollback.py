"""Seeded defects of rollbacks (DBP-14)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from apex.backend import allowance, threads
from apex.backend import runs as backend_runs
from apex.http import idempotency
from apex.http.identity import Identity
from apex.http.problems import Problem, conflict
from apex.storage.cache import Cache
from apex.storage.database import Database
from apex.storage.tables import outbox
from defects import Scenario
from defects._patching import around
from defects._transactions import final_so_far

fails = Scenario("A change that fails is as if it had never been tried", service="backend")

_NOTHING = "nothing of Acme has changed in any store"


@fails.defect("DBP-14a", "the allowance is cached before its change is committed", step=_NOTHING)
def _() -> None:
    caches: list[Cache] = []

    @around(Cache, "__init__")
    def _(original: Any, self: Cache, *given: Any) -> None:
        original(self, *given)
        caches.append(self)

    @around(allowance, "count_share")
    def _(original: Any, connection: Connection, identity: Identity, *given: Any) -> None:
        original(connection, identity, *given)
        caches[-1].put(identity.tenant_id, "allowance", *allowance.statement_now(connection))


@fails.defect("DBP-14b", "what is to be delivered is written in a transaction of its own", step=_NOTHING)
def _() -> None:
    databases: list[Database] = []

    @around(Database, "__init__")
    def _(original: Any, self: Database, *given: Any) -> None:
        original(self, *given)
        databases.append(self)

    @around(allowance, "count_spent")
    def _(original: Any, connection: Connection, identity: Identity, *given: Any) -> Any:
        month = original(connection, identity, *given)
        with databases[-1].platform() as other:
            other.execute(text("SELECT set_config('app.tenant_id', :tenant, true)"), {"tenant": identity.tenant_id})
            # Due late, so that it is still there when somebody looks.
            row = {"tenant_id": identity.tenant_id, "topic": "analytics", "payload": {}}
            other.execute(outbox.insert().values(**row, next_attempt_at=text("now() + interval '1 hour'")))
        return month


@fails.defect("DBP-14c", "a number of the event stream is taken for a run that is not stored yet", step=_NOTHING)
def _() -> None:
    caches: list[Any] = []

    @around(Cache, "__init__")
    def _(original: Any, self: Cache, *given: Any) -> None:
        original(self, *given)
        caches.append(self._redis)

    @around(backend_runs, "new_thread")
    def _(original: Any, connection: Connection, identity: Identity, title: str) -> Any:
        caches[-1].hincrby(f"stream:{identity.user_id}", "sequence", 1)
        caches[-1].expire(f"stream:{identity.user_id}", 60)
        return original(connection, identity, title)


@fails.defect("DBP-14d", "an expense is counted in one transaction and stored in another", step=_NOTHING)
def _() -> None:
    @around(allowance, "write_expense")
    def _(original: Any, connection: Connection, identity: Identity, *given: Any) -> Any:
        final_so_far(connection, identity.tenant_id)
        return original(connection, identity, *given)


@fails.defect("DBP-14e", "of messages that cannot all be moved some are moved", step=_NOTHING)
def _() -> None:
    @around(threads, "move_messages")
    def _(original: Any, connection: Connection, *given: Any) -> Any:
        try:
            return original(connection, *given)
        except Problem:
            final_so_far(connection, "")
            raise


@fails.defect("DBP-14f", "a key counts as used although its request has failed", step=_NOTHING)
def _() -> None:
    @around(idempotency, "_known")
    def _(original: Any, connection: Connection, identity: Identity, *given: Any) -> Any:
        known = original(connection, identity, *given)
        final_so_far(connection, identity.tenant_id)
        return known


@fails.defect(
    "DBP-14g",
    "an expense that failed is remembered as being booked",
    step="Acme can make a permitted change of that kind afterwards",
)
def _() -> None:
    failed: set[str] = set()

    @around(allowance, "write_expense")
    def _(original: Any, connection: Connection, identity: Identity, *given: Any) -> Any:
        if identity.tenant_id in failed:
            raise conflict("This is being booked already.")
        try:
            return original(connection, identity, *given)
        except OperationalError:
            failed.add(identity.tenant_id)
            raise
