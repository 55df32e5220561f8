"""Seeded defects of the walls between tenants in the database (DBL-04)."""

from __future__ import annotations

from sqlalchemy import text

from apex.database import Database
from defects import defect
from defects._patching import replace


def _unguarded(table: str) -> None:
    """Switch row-level security off on a table once the service has seen to it; the next start restores it."""

    def migrate(self: Database) -> None:
        original(self)
        with self.as_owner() as connection:
            connection.execute(text(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"))

    original = replace(Database, "migrate", migrate)


@defect(
    "DBL-04a",
    service="backend",
    summary="the table of usage has no policy",
    scenario="On behalf of one customer the database shows nothing of another",
    step="it sees Acme's data of every kind and nobody else's",
)
def _() -> None:
    _unguarded("usage_records")


@defect(
    "DBL-04b",
    service="backend",
    summary="the table of people has no policy",
    scenario="On behalf of nobody the database shows nothing",
    step="it sees nothing at all",
)
def _() -> None:
    _unguarded("users")


@defect(
    "DBL-04c",
    service="backend",
    summary="the table of what is to be sent has no policy",
    scenario="On behalf of one customer nothing of another can be changed",
    step="it has changed Acme's data of every kind and nobody else's",
)
def _() -> None:
    _unguarded("outbox")


@defect(
    "DBL-04d",
    service="backend",
    summary="the table of spent refresh tokens has no policy",
    scenario="On behalf of one customer the database shows nothing of another",
    step="it sees Acme's data of every kind and nobody else's",
)
def _() -> None:
    _unguarded("spent_refresh_tokens")


@defect(
    "DBL-04e",
    service="backend",
    summary="the table of the tools that were added has no policy",
    scenario="On behalf of one customer nothing of another can be changed",
    step="it has changed Acme's data of every kind and nobody else's",
)
def _() -> None:
    _unguarded("registered_tools")
