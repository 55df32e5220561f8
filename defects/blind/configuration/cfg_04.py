"""Blind defects of CFG-04."""

from __future__ import annotations

from typing import Any

from defects import blind_defect
from defects._patching import replace


@blind_defect(
    "CFG-04pa",
    "analytics does not ask whose database it is given",
    service="analytics",
    scenario="A service refuses a store of another environment",
    step="the start is refused with every fault, its place, its key and the reason",
)
def _() -> None:
    # Observable: start analytics of one environment (its own Redis and ClickHouse) with the database.url of another,
    # whose services have used that database before: it starts, instead of being refused with "this database belongs to
    # the environment ...". Every other service is refused.
    from apex.storage.database import Database

    def require(self: Any, environment: str) -> None:
        """Who migrates nothing has nothing to look at."""

    replace(Database, "require", require)


@blind_defect(
    "CFG-04ua",
    "analytics does not ask whose PostgreSQL it is",
    service="analytics",
    scenario="A service refuses a store of another environment",
    step="the start is refused with every fault, its place, its key and the reason",
)
def _() -> None:
    # Observable: analytics of staging, given the database of production, starts; the other services are refused.
    from apex.storage.database import Database

    replace(Database, "require", lambda self, environment: None)
