"""Seeded defects of polling (API-01)."""

from __future__ import annotations

from typing import Any

from fastapi.responses import JSONResponse
from sqlalchemy import Row

from apex.backend import runs as backend_runs
from apex.http import problems
from apex.http.problems import Problem
from defects import Scenario
from defects._patching import replace

polled = Scenario("A program starts a run, polls it and reads the result", service="backend")
refused = Scenario("Refusals conform to the published API reference, too", service="backend")

_CONFORMS = "every response conforms to the published API reference"


@polled.defect("API-01a", "a field of a run has another name than the published one", step=_CONFORMS)
def _() -> None:
    def shown(row: Row[Any]) -> Any:
        run = original(row).model_dump(mode="json")
        run["duration"] = run.pop("duration_seconds")
        return JSONResponse(run)

    original = replace(backend_runs, "shown", shown)


@refused.defect("API-01b", "refusals have no request ID", step=_CONFORMS)
def _() -> None:
    def answer(request_id: str, problem: Problem) -> JSONResponse:
        body = {"code": problem.code, "detail": problem.detail}
        return JSONResponse(body, problem.status, problem.headers, media_type="application/problem+json")

    replace(problems, "answer", answer)
