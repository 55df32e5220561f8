"""Seeded defects of what is told of a run's state (API-06)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

from sqlalchemy import Row

from apex.backend import runs as backend_runs
from apex.http.problems import permission_denied
from defects import Scenario
from defects._patching import replace


def _told(change: Callable[[dict[str, Any]], None]) -> None:
    """Of every run something else is told than what is stored."""

    def fields(row: Row[Any]) -> dict[str, Any]:
        told: dict[str, Any] = original(row)
        change(told)
        return told

    original = replace(backend_runs, "fields", fields)


state_progress_move = Scenario("State and progress move only forward", service="backend")


@state_progress_move.defect(
    "API-06a",
    "every third reader is told a state from a stale cache",
    step="the states that Acme has read go only forward, to the end",
)
def _() -> None:
    def stale(told: dict[str, Any]) -> None:
        first, readers = cache.setdefault(told["id"], (told["status"], count()))
        if next(readers) % 3 == 2:
            told["status"] = first

    cache: dict[str, tuple[str, Any]] = {}
    _told(stale)


@state_progress_move.defect(
    "API-06b",
    "progress is told only when the run has ended",
    step="the progress that Acme has read has grown with each answer",
)
def _() -> None:
    def silent(told: dict[str, Any]) -> None:
        if told["finished_at"] is None:
            told["progress"] = 0

    _told(silent)


run_never_existed = Scenario("A run that never existed is not found", service="backend")


@run_never_existed.defect(
    "API-06c", "a run that never existed is refused for want of a permission", step="Acme is told that there is nothing"
)
def _() -> None:
    replace(backend_runs, "not_found", lambda: permission_denied("runs:read"))
