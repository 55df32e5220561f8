"""Blind defects of API-01."""

from __future__ import annotations

from typing import Any, Literal

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
    "API-01ua",
    "wrong input is answered as application/json, not as published",
    service="backend",
    scenario="Refusals conform to the published API reference, too",
    step="the answers oracle finds nothing",
)
def _() -> None:
    # Observable: POST /v1/runs with a wrong field: 422 with content-type application/json; the OpenAPI document has
    # application/problem+json for every 4XX.
    from apex.http import problems

    @around(problems, "answer")
    def _(original: Any, request_id: str, problem: Any) -> Any:
        response = original(request_id, problem)
        if problem.status == 422:
            response.headers["content-type"] = "application/json"
        return response


@blind_defect(
    "API-01ub",
    "an answer too large for an event is missing over HTTP, too",
    service="backend",
    scenario="A large result arrives as an event that common clients accept",
    step="the records oracle finds nothing",
)
def _() -> None:
    # Observable: a run with an answer of 1 MB: agent_completed refers to /v1/runs/{id}, and there the answer is null
    # although the run is completed.
    import json

    from apex.backend import runs
    from apex.storage.fitting import LARGEST_EVENT_BYTES

    @around(runs, "shown")
    def _(original: Any, row: Any) -> Any:
        run = original(row)
        if len(json.dumps(run.answer).encode()) > LARGEST_EVENT_BYTES:
            return run.model_copy(update={"answer": None})
        return run


@blind_defect(
    "API-01va",
    "the published document says of every value that it is never null",
    service="backend",
    scenario="A program starts a run, polls it and reads the result",
    step="every response conforms to the published API reference",
)
def _() -> None:
    # Observable: the answer to POST /v1/runs (answer, error, usage: null) does not match the live /openapi.json.
    from apex.http import problems

    @around(problems, "install")
    def install(original: Any, app: Any) -> None:
        original(app)
        generate = app.openapi

        def openapi() -> dict[str, Any]:
            document: dict[str, Any] = generate()
            for schema in document["components"]["schemas"].values():
                for kind in schema.get("properties", {}).values():
                    kinds = [each for each in kind.get("anyOf", ()) if each != {"type": "null"}]
                    if len(kinds) == 1:
                        del kind["anyOf"]
                        kind.update(kinds[0])
            return document

        app.openapi = openapi


@blind_defect(
    "API-01wa",
    "read over HTTP, a run's duration has the time in the queue in it",
    service="backend",
    scenario="A program starts a run, polls it and reads the result",
    step="the records oracle finds nothing",
)
def _() -> None:
    # Observable: duration_seconds is not finished_at - started_at, nor that of the agent_completed event.
    from apex.backend import runs

    @around(runs, "fields")
    def _(original: Any, row: Any) -> dict[str, Any]:
        told: dict[str, Any] = original(row)
        if told["duration_seconds"] is not None:
            told["duration_seconds"] = (row.finished_at - row.created_at).total_seconds()
        return told


@blind_defect(
    "API-01xa",
    "a run in a list comes without its answer",
    service="backend",
    scenario="Runs can be listed by how they ended",
    step="each of Acme's runs is listed under its status alone",
)
def _() -> None:
    # Observable: GET /v1/runs?thread_id= has a completed run with answer null, GET /v1/runs/{id} has the answer.
    from apex.backend.models import Runs

    @around(Runs, "__init__")
    def _(original: Any, self: Any, *, items: list[Any], next_cursor: str | None) -> None:
        brief = [each.model_copy(update={"answer": None}) for each in items]
        original(self, items=brief, next_cursor=next_cursor)


@blind_defect(
    "API-01ya",
    "runs cannot be listed by the status timed_out",
    service="backend",
    scenario="Runs can be listed by how they ended",
    step="each of Acme's runs is listed under its status alone",
)
def _() -> None:
    # Observable: GET /v1/runs?status=timed_out is refused with 422; the published document allows it.
    from apex.backend import runs

    replace(runs, "Status", Literal["queued", "running", "completed", "failed", "cancelled"])


@blind_defect(
    "API-01yb",
    "an answer that is too large for an event is not to be had over HTTP either",
    service="backend",
    scenario="A megabyte of text reads back complete",
    step="the stored result equals what the agent returned",
)
def _() -> None:
    # Observable: the completed event refers to /v1/runs/<id>, and there the answer is null.
    from apex.backend import runs
    from apex.storage.fitting import fitting

    @around(runs, "fields")
    def _fields(original: Any, row: Any) -> dict[str, Any]:
        known = original(row)
        return {**known, **fitting({"answer": known["answer"]}, known["id"])}


@blind_defect(
    "API-01za",
    "refusals are answered as plain JSON, not as the problem details that are published",
    service="backend",
    scenario="Refusals conform to the published API reference, too",
    step="the answers oracle finds nothing",
)
def _() -> None:
    # Observable: the content type of any 4xx is application/json; the OpenAPI document says application/problem+json.
    from apex.http import problems

    @around(problems, "answer")
    def _(original: Any, *arguments: Any) -> Any:
        response = original(*arguments)
        response.headers["content-type"] = "application/json"
        return response


@blind_defect(
    "API-01zb",
    "whoever follows a run over HTTP does not learn why it timed out",
    service="backend",
    scenario="A job that takes too long is recorded once, as timed out",
    step="the records oracle finds nothing",
)
def _() -> None:
    # Observable: GET of a run that has timed out has error null; the event has the reason.
    from apex.backend import runs
    from apex.storage.runs import FAILED

    @around(runs, "fields")
    def _(original: Any, row: Any) -> dict[str, Any]:
        values: dict[str, Any] = original(row)
        return {**values, "error": values["error"] if values["status"] == FAILED else None}


@blind_defect(
    "API-01zc",
    "the OpenAPI document is made before there are any routes, and kept",
    service="backend",
    scenario="Refusals conform to the published API reference, too",
    step="every response conforms to the published API reference",
)
def _() -> None:
    # Observable: GET /openapi.json of the backend has no paths.
    from apex.http import problems

    @around(problems, "install")
    def _(original: Any, app: Any) -> None:
        original(app)
        # Once, at the start: making it takes a moment.
        document = app.openapi()
        app.openapi = lambda: document
