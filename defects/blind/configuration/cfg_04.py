"""Blind defects of CFG-04."""

from __future__ import annotations

from defects import blind_defect
from defects._patching import replace


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
