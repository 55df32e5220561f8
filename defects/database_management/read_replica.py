"""Seeded defects of reads that are spread over replicas (DBP-09)."""

from __future__ import annotations

from typing import Any

from defects import Scenario
from defects._patching import around, replace

CURRENT = "everything is read as it was written, for as long as the replica lags"
GOES_ON = "Acme could read everything, and could write again in time"

shared = Scenario("The replica answers what customers read", service="backend")
current = Scenario("Customers find what they have just written while the replica lags", service="backend")
without = Scenario("Customers read on without the replica, and can write soon", service="backend")
seen = Scenario("Operators see that there is no replica", service="backend")


@shared.defect("DBP-09a", "everything is read from the primary", step="the replica has answered in time")
def _() -> None:
    from apex.storage.marks import Marks

    replace(Marks, "of", lambda self, tenant_id: None)


@current.defect(
    "DBP-09b",
    "the replica is read from however far it is behind",
    step="everything is read as it was written, for as long as the replica lags",
)
def _() -> None:
    from apex.storage.marks import Marks

    around(Marks, "of")(lambda original, self, tenant_id: original(self, tenant_id) and 0)


@current.defect("DBP-09c", "each process knows only what it has written itself", step=CURRENT)
def _() -> None:
    from apex.storage.marks import Marks

    own: dict[str, int] = {}

    @around(Marks, "raise_to")
    def _(original: Any, self: Any, position: int, tenant_id: str) -> None:
        own[tenant_id] = position

    replace(Marks, "of", lambda self, tenant_id: own.get(tenant_id, 0))


@without.defect("DBP-09d", "a reader whose replica is away is refused", step=GOES_ON)
def _() -> None:
    from apex.storage import database

    class _Never(Exception):
        pass

    replace(database, "OperationalError", _Never)
    replace(database, "PoolTimeout", _Never)


@seen.defect(
    "DBP-09e",
    "that there is no replica is told to nobody",
    step="every service reports in time that the database is not replicated",
)
def _() -> None:
    from apex.storage.database import Database

    replace(Database, "check_replicated", Database.check)


@seen.defect(
    "DBP-09f",
    "a replica that was away once is not read from any more",
    step="once the replica is back, every service reports this, and the replica answers Acme",
)
def _() -> None:
    from apex.storage import database

    replace(database, "_REPLICA_PAUSE_SECONDS", 10_000.0)
