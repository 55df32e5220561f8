"""Seeded defects of the isolation of customers in the database (DBL-04)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from apex.storage.database import Database
from defects import Scenario
from defects._patching import around

reading = Scenario("A query on behalf of one customer reads only that customer's data", service="backend")
reading_for_none = Scenario("A query on behalf of no customer reads nothing", service="backend")
changing = Scenario("An update on behalf of one customer changes only that customer's data", service="backend")

_ONLY_ACME = "the role has reached Acme's data in every table and no other data"


def _without_policy(table: str) -> None:
    """Disable row-level security on a table once the service has migrated it; the next start restores it."""

    @around(Database, "migrate")
    def migrate(original: Any, self: Database, *environment: str) -> None:
        original(self, *environment)
        with self.as_owner() as connection:
            connection.execute(text(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"))


@reading.defect("DBL-04a", "the table of usage has no policy", step=_ONLY_ACME)
def _() -> None:
    _without_policy("usage_records")


@reading_for_none.defect("DBL-04b", "the table of users has no policy", step="the role has reached no data")
def _() -> None:
    _without_policy("users")


@changing.defect("DBL-04c", "the table of outgoing events has no policy", step=_ONLY_ACME)
def _() -> None:
    _without_policy("outbox")


@reading.defect("DBL-04d", "the table of spent refresh tokens has no policy", step=_ONLY_ACME)
def _() -> None:
    _without_policy("spent_refresh_tokens")


@changing.defect("DBL-04e", "the table of registered tools has no policy", step=_ONLY_ACME)
def _() -> None:
    _without_policy("registered_tools")
