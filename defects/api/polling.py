"""Seeded defects of following a run by asking (API-01)."""

from __future__ import annotations

from typing import Any

from fastapi.responses import JSONResponse
from sqlalchemy import Row

from apex.backend import runs as backend_runs
from apex.http import problems
from apex.http.problems import Problem
from defects import Scenario
from defects._patching import replace

program_asks_looks = Scenario(
    "A program asks, looks again until the run has ended, and reads the result", service="backend"
)


@program_asks_looks.defect(
    "API-01a",
    "a run is shown under names that are not the published ones",
    step="every answer on the way was as published",
)
def _() -> None:
    def shown(row: Row[Any]) -> Any:
        run = original(row).model_dump(mode="json")
        run["duration"] = run.pop("duration_seconds")
        return JSONResponse(run)

    original = replace(backend_runs, "shown", shown)


cannot_granted_answered = Scenario("What cannot be granted is answered as published, too", service="backend")


@cannot_granted_answered.defect(
    "API-01b", "refusals come without the id of the request", step="every answer on the way was as published"
)
def _() -> None:
    def answer(request_id: str, problem: Problem) -> JSONResponse:
        body = {"code": problem.code, "detail": problem.detail}
        return JSONResponse(body, problem.status, problem.headers, media_type="application/problem+json")

    replace(problems, "answer", answer)
