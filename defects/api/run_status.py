"""Seeded defects of the status of a run (API-06)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count, takewhile
from typing import Any

from sqlalchemy import Row

from apex.backend import runs as backend_runs
from apex.http.problems import permission_denied
from defects import Scenario
from defects._patching import replace

forward = Scenario("Status and progress of a run only move forward", service="backend")
turns = Scenario("Progress does not fall when an agent delegates to others", service="backend")
unknown = Scenario("A run that never existed is not found", service="backend")


def _shown(change: Callable[[dict[str, Any]], None]) -> None:
    """Every run is shown otherwise than it is stored."""

    def fields(row: Row[Any]) -> dict[str, Any]:
        shown: dict[str, Any] = original(row)
        change(shown)
        return shown

    original = replace(backend_runs, "fields", fields)


@forward.defect(
    "API-06a",
    "every third response has a status from a stale cache",
    step="the statuses that Acme has read only move forward, to the end",
)
def _() -> None:
    def stale(shown: dict[str, Any]) -> None:
        first, readers = cache.setdefault(shown["id"], (shown["status"], count()))
        if next(readers) % 3 == 2:
            shown["status"] = first

    cache: dict[str, tuple[str, Any]] = {}
    _shown(stale)


@forward.defect(
    "API-06b",
    "progress is shown only when the run has ended",
    step="the progress that Acme has read has grown with each answer",
)
def _() -> None:
    _shown(lambda shown: shown.update(progress=0) if shown["finished_at"] is None else None)


@unknown.defect("API-06c", "an unknown run is a permission error", step="the response is a not-found error")
def _() -> None:
    replace(backend_runs, "not_found", lambda: permission_denied("runs:read"))


@turns.defect(
    "API-06d", "progress is counted anew for each agent", step="the progress that Acme has read has never fallen"
)
def _() -> None:
    def of_the_last_agent(shown: dict[str, Any]) -> None:
        agents = [step["agent_name"] for step in reversed(shown["steps"])]
        shown["progress"] = sum(1 for _ in takewhile(lambda name: name == agents[0], agents))

    _shown(of_the_last_agent)
