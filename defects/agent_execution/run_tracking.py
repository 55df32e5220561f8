"""Seeded defects of what operators see of runs (AEC-07)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import text

from apex.backend import operations
from apex.worker.tracker import Tracker
from defects import Scenario
from defects._patching import replace

run_listed_each = Scenario("A run is listed in each of its states", service="backend")


@run_listed_each.defect(
    "AEC-07a", "operators do not see runs that wait", step="the operator sees Acme's runs in these states"
)
def _() -> None:
    statement = text

    def without_queued(sql: str) -> Any:
        return statement(sql.replace(":size)", ":size) WHERE status <> 'queued'"))

    replace(operations, "text", without_queued)


steps_run_account = Scenario("The steps of a run account for its whole duration", service="worker")


@steps_run_account.defect(
    "AEC-07b",
    "each step's duration is measured from the start of the run",
    step="the operator sees the durations of its steps add up to the run's",
)
def _() -> None:
    def leave(self: Tracker, moment: Any) -> None:
        self.steps[-1]["duration_seconds"] = (moment - self._run.started_at).total_seconds()

    replace(Tracker, "_leave", leave)


@steps_run_account.defect(
    "AEC-07c",
    "all the time of a run is told as that of its first step",
    step="the operator sees the second spent on the partner's price list",
)
def _() -> None:
    def finish(self: Tracker) -> Any:
        finished_at, steps, used = original(self)
        for step in steps:
            step["duration_seconds"] = 0.0
        steps[0]["duration_seconds"] = (finished_at - self._run.started_at).total_seconds()
        return finished_at, steps, used

    original = replace(Tracker, "finish", finish)


@steps_run_account.defect(
    "AEC-07d", "a run is said to have ended later than it did", step="the run took no longer than Acme waited for it"
)
def _() -> None:
    def finish(self: Tracker) -> Any:
        self._wall += timedelta(seconds=0.9)
        return original(self)

    original = replace(Tracker, "finish", finish)
