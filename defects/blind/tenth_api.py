"""Blind defects of api, written from the promises alone."""

from __future__ import annotations

from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "API-01qa",
    "the published document can be read once",
    service="backend",
    scenario="A program starts a run, polls it and reads the result",
    step="every response conforms to the published API reference",
)
def _() -> None:
    # Observable: GET /openapi.json of the backend answers 200 the first time, and 500 (internal_error) from then on:
    # the document is kept by FastAPI, and what was renamed in it the first time is not found again.
    from collections.abc import Callable

    from fastapi import FastAPI

    from apex.http import problems

    @around(problems, "install")
    def install(original: Callable[[FastAPI], None], app: FastAPI) -> None:
        generate = app.openapi
        original(app)

        def openapi() -> dict[str, Any]:
            document = generate()
            for path in document["paths"].values():
                for operation in path.values():
                    for status in problems.RESPONSES:
                        content = operation["responses"][status]["content"]
                        content[problems.MEDIA_TYPE] = content.pop("application/json")
            return document

        app.openapi = openapi  # type: ignore[method-assign]


@blind_defect(
    "API-05qa",
    "of a wrong entry in a list it is not said which one it is",
    service="backend",
    scenario="The error for an invalid request names the field",
    step="every response is a validation error that names the field",
)
def _() -> None:
    # Observable: POST /v1/usage-records with three records, of which the third has the cost "much": 422 names the field
    # "records.cost" instead of "records.2.cost". With two wrong ones the same field is named twice.
    from apex.http import problems

    def within(body: Any, path: list[Any]) -> list[Any]:
        kept = []
        for part in path[:-1]:
            if isinstance(body, dict) and part in body:
                kept.append(part)
                body = body[part]
            elif isinstance(body, list) and isinstance(part, int):
                body = body[part]
        return [*kept, *path[-1:]]

    replace(problems, "_within", within)


@blind_defect(
    "API-06qa",
    "a worker reports the steps since its last report, and they replace the others",
    service="worker",
    scenario="Status and progress of a run only move forward",
    step="the progress that Acme has read has grown with each answer",
)
def _() -> None:
    # Observable: start a run of some seconds with several steps (a tool that is slow after others that were quick) and
    # GET /v1/runs/{id} again and again: "progress" rises to three or five and falls to nothing with the next heartbeat
    # of the worker, and "steps" with it. At the end of the run all is there again.
    from apex.worker.slot import _InHand

    def progress(self: Any) -> list[dict[str, Any]]:
        tracker = self._slot.tracker
        steps = list(tracker.steps) if tracker is not None else []
        reported = getattr(self, "_reported", 0)
        self._reported = sum(1 for step in steps if step["duration_seconds"] is not None)
        return steps[reported:]

    replace(_InHand, "progress", progress)


@blind_defect(
    "API-07qa",
    "a fault of ours is answered with an id that is in no log",
    service="backend",
    scenario="Corrupted data is reported as an internal error",
    step="every response is an internal error with its request ID",
)
def _() -> None:
    # Observable: force a fault that is answered with 500 (take a column away that the endpoint reads): "request_id" in
    # the body is neither the X-Request-Id of the answer nor in any line of the log, where the detail stands under the
    # other one. Answers with 4xx and 503 have the right one.
    import uuid

    from fastapi.responses import JSONResponse

    from apex.http import problems

    def unexpected(request_id: str, error: Exception) -> JSONResponse:
        problems.log.error("request failed", exc_info=error)
        reference = str(uuid.uuid4())
        return problems.answer(reference, problems.Problem(500, "internal_error", "Something went wrong on our side."))

    replace(problems, "unexpected", unexpected)
