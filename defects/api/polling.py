"""Seeded defects of following a run by asking (API-01)."""

from __future__ import annotations

from typing import Any

from fastapi.responses import JSONResponse
from sqlalchemy import Row

from apex import problems
from apex.backend import runs as backend_runs
from apex.problems import Problem
from defects import defect
from defects._patching import replace


@defect(
    "API-01a",
    service="backend",
    summary="a run is shown under names that are not the published ones",
    scenario="A program asks, looks again until the run has ended, and reads the result",
    step="every answer on the way was as published",
)
def _() -> None:
    def shown(row: Row[Any]) -> Any:
        run = original(row).model_dump(mode="json")
        run["duration"] = run.pop("duration_seconds")
        return JSONResponse(run)

    original = replace(backend_runs, "shown", shown)


@defect(
    "API-01b",
    service="backend",
    summary="refusals come without the id of the request",
    scenario="What cannot be granted is answered as published, too",
    step="every answer on the way was as published",
)
def _() -> None:
    def answer(request_id: str, problem: Problem) -> JSONResponse:
        body = {"code": problem.code, "detail": problem.detail}
        return JSONResponse(body, problem.status, problem.headers, media_type="application/problem+json")

    replace(problems, "answer", answer)
