"""Seeded defects of the loss of the primary database (DBP-03)."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from defects import Scenario
from defects._patching import around

KEPT = "everybody finds each confirmed change once, and no refused one"

survives = Scenario("Confirmed changes survive the loss of the primary database", service="backend")


@survives.defect("DBP-03a", "a change is confirmed before the replica has it", step=KEPT)
def _() -> None:
    from apex.storage import pool

    around(pool, "limits")(lambda original, *of, **how: f"{original(*of, **how)} -c synchronous_commit=local")


@survives.defect("DBP-03b", "a commit of which nothing is heard is taken for done", step=KEPT)
def _() -> None:
    from apex.storage import database
    from apex.storage.repeating import UnknownOutcome

    @around(database, "_commit")
    def _(original: Any, connection: Any, transaction: Any) -> None:
        with suppress(UnknownOutcome):
            original(connection, transaction)

    @around(database.Database, "_mark")
    def _(original: Any, *of: Any) -> None:
        with suppress(Exception):
            original(*of)


@survives.defect("DBP-03c", "what writes knows no server but the first", step="everybody can write again in time")
def _() -> None:
    from apex.storage import database

    @around(database, "engine_of")
    def _(original: Any, url: Any, settings: Any, name: str, replica: Any = None, wanted: str = "any") -> Any:
        return original(url, settings, name, *(() if wanted == "read-write" else (replica, wanted)))
