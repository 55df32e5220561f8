"""Seeded defects of the walls between tenants in the database (DBL-04)."""

from __future__ import annotations

from sqlalchemy import text

from apex.storage.database import Database
from defects import Scenario
from defects._patching import replace


def _unguarded(table: str) -> None:
    """Switch row-level security off on a table once the service has seen to it; the next start restores it."""

    def migrate(self: Database) -> None:
        original(self)
        with self.as_owner() as connection:
            connection.execute(text(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"))

    original = replace(Database, "migrate", migrate)


behalf_one_customer = Scenario("On behalf of one customer the database shows nothing of another", service="backend")


@behalf_one_customer.defect(
    "DBL-04a", "the table of usage has no policy", step="it sees Acme's data of every kind and nobody else's"
)
def _() -> None:
    _unguarded("usage_records")


behalf_nobody_database = Scenario("On behalf of nobody the database shows nothing", service="backend")


@behalf_nobody_database.defect("DBL-04b", "the table of people has no policy", step="it sees nothing at all")
def _() -> None:
    _unguarded("users")


behalf_one_customer_nothing = Scenario("On behalf of one customer nothing of another can be changed", service="backend")


@behalf_one_customer_nothing.defect(
    "DBL-04c",
    "the table of what is to be sent has no policy",
    step="it has changed Acme's data of every kind and nobody else's",
)
def _() -> None:
    _unguarded("outbox")


@behalf_one_customer.defect(
    "DBL-04d",
    "the table of spent refresh tokens has no policy",
    step="it sees Acme's data of every kind and nobody else's",
)
def _() -> None:
    _unguarded("spent_refresh_tokens")


@behalf_one_customer_nothing.defect(
    "DBL-04e",
    "the table of the tools that were added has no policy",
    step="it has changed Acme's data of every kind and nobody else's",
)
def _() -> None:
    _unguarded("registered_tools")
