"""Seeded defects of what operators see of runs (AEC-07)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import text

from apex.backend import operations
from apex.storage.tables import runs
from apex.worker.tracker import Tracker
from defects import Scenario
from defects._patching import replace

listed = Scenario("Runs of every status are listed", service="backend")
pages = Scenario("The pages of the list show every run once", service="backend")
durations = Scenario("The durations of the steps add up to the run's duration", service="worker")

ADD_UP = "the operator sees that the steps add up to the run's duration"
PRICE_LIST = "the operator sees that reading the price list took as long as the partner, and no other step did"
ONCE = "each of Acme's runs is shown once, the newest first"
WAITED = "the operator sees that the run took no longer than the customer waited"


@listed.defect("AEC-07a", "operators do not see queued runs", step="the operator sees Acme's runs with these statuses")
def _() -> None:
    some = f"SELECT {operations._COLUMNS} FROM runs_of_all_tenants(:status, :tenant, :behind_time, :behind_id, :size)"
    replace(operations, "_RUNS_OF_ALL", text(f"{some} WHERE status <> 'queued'").columns(*runs.c))


@pages.defect(
    "AEC-07e",
    "the list of all runs ends with its first page",
    step="each of Acme's runs is shown once, the newest first",
)
def _() -> None:
    replace(operations, "next_cursor", lambda rows, limit: None)


@pages.defect("AEC-07f", "the next page begins with the last run of the one before", step=ONCE)
def _() -> None:
    def row_at(cursor: str) -> Any:
        moment, id = original(cursor)
        return moment + timedelta(microseconds=1), id

    original = replace(operations, "row_at", row_at)


@durations.defect("AEC-07b", "each step's duration is measured from the start of the run", step=ADD_UP)
def _() -> None:
    def leave(self: Tracker, moment: Any) -> None:
        self.steps[-1]["duration_seconds"] = (moment - self._run.started_at).total_seconds()

    replace(Tracker, "_leave", leave)


@durations.defect("AEC-07c", "all the time of a run is reported as that of its first step", step=PRICE_LIST)
def _() -> None:
    def finish(self: Tracker) -> Any:
        finished_at, steps, used = original(self)
        for step in steps:
            step["duration_seconds"] = 0.0
        steps[0]["duration_seconds"] = (finished_at - self._run.started_at).total_seconds()
        return finished_at, steps, used

    original = replace(Tracker, "finish", finish)


@durations.defect("AEC-07d", "a run is reported to have ended later than it did", step=WAITED)
def _() -> None:
    def finish(self: Tracker) -> Any:
        self._wall += timedelta(seconds=0.9)
        return original(self)

    original = replace(Tracker, "finish", finish)
