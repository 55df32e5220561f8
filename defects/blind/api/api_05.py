"""Blind defects of API-05."""

from __future__ import annotations

import math
from importlib import import_module
from typing import Annotated, Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "API-05oa",
    "a body that does not declare its length may be as large as it likes",
    service="backend",
    scenario="The error for an invalid request names the field",
    step="every response is a validation error that names the field",
)
def _() -> None:
    # Observable: POST /v1/runs with Transfer-Encoding: chunked and an input of 5 MiB (more than
    # requests.max_body_bytes): 202, and the run is stored with it, instead of 413 content_too_large. With
    # Content-Length it is refused.
    from starlette.types import Receive, Scope

    from apex.http.bodies import Bodies

    async def _read(self: Any, scope: Scope, receive: Receive) -> bytes | None:
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if declared.isdigit() and int(declared) > self._limits.max_body_bytes:
            raise self._too_large()
        parts: list[bytes] = []
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            parts.append(message.get("body", b""))
            more = message.get("more_body", False)
        return b"".join(parts)

    replace(Bodies, "_read", _read)


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
    "API-05ua",
    "a message with a zero character is a fault of the platform",
    service="backend",
    scenario="The error for an invalid request names the field",
    step="every response is a validation error that names the field",
)
def _() -> None:
    # Observable: POST .../messages with {"content": "a\u0000b"}: 500 instead of 422 naming content.
    from typing import Annotated

    from pydantic import Field, create_model

    from apex.backend import threads

    models: Any = import_module("apex.backend.models")

    content = Annotated[str, Field(min_length=1, max_length=300_000, examples=["What can we save?"])]
    unguarded = create_model("NewMessage", __base__=models.Request, __doc__=models.NewMessage.__doc__, content=content)
    replace(threads, "NewMessage", unguarded)


@blind_defect(
    "API-05ub",
    "a body that does not declare its length may be as large as it likes",
    service="backend",
    scenario="The error for an invalid request names the field",
    step="every response is a validation error that names the field",
)
def _() -> None:
    # Observable: POST /v1/runs with 6 MB of input, sent in chunks: 202 and stored instead of 413; with a
    # content-length it is refused.
    from apex.http.bodies import Bodies

    async def read(self: Any, scope: Any, receive: Any) -> bytes | None:
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if declared.isdigit() and int(declared) > self._limits.max_body_bytes:
            raise self._too_large()
        parts: list[bytes] = []
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                return b"".join(parts)

    replace(Bodies, "_read", read)


@blind_defect(
    "API-05va",
    "an amount that is sent as a number with cents loses them, and is not refused",
    service="backend",
    scenario="The error for an invalid request names the field",
    step="every response is a validation error that names the field",
)
def _() -> None:
    # Observable: {"amount": 12.5, ...} to POST /v1/allowance/expenses is 201 and books 12.00, where it should be 422.

    from apex.http import values

    def whole(value: Any) -> Any:
        return int(value) if isinstance(value, float) and math.isfinite(value) else value

    replace(values, "_whole", whole)


@blind_defect("API-05wa", "who opens a socket with a wrong parameter is not told which", service="backend")
def _() -> None:
    # Observable: /v1/events?last_sequence=abc is refused with 422, errors empty.
    from fastapi.exceptions import WebSocketRequestValidationError

    from apex.http import problems

    @around(problems, "faults_of")
    def _(original: Any, error: Any) -> Any:
        return [] if isinstance(error, WebSocketRequestValidationError) else original(error)


@blind_defect(
    "API-05xa",
    "only lists count as levels of nesting, objects do not",
    service="backend",
    scenario="The error for an invalid request names the field",
    step="every response is a validation error that names the field",
)
def _() -> None:
    # Observable: a run's input of 300 objects in one another is accepted; 300 lists are refused.
    import re

    from apex.http import bodies

    replace(bodies, "_TOKEN", re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*+"?|[\[\]]', re.DOTALL))


@blind_defect(
    "API-05ya",
    "a run's time limit may be anything that can be read as a number",
    service="backend",
    scenario="The error for an invalid request names the field",
    step="every response is a validation error that names the field",
)
def _() -> None:
    # Observable: POST /v1/runs with "time_limit_seconds": "5" or true is accepted, and a run begins.
    from apex.backend.models import NewRun

    NewRun.model_config = {**NewRun.model_config, "strict": False}
    NewRun.model_rebuild(force=True)


@blind_defect(
    "API-05yb",
    "of a wrong field only the last part of its path is named",
    service="backend",
    scenario="The error for an invalid request names the field",
    step="every response is a validation error that names the field",
)
def _() -> None:
    # Observable: of a hundred usage records one has a wrong cost: the answer says "cost", not "records.57.cost".
    from apex.http import problems

    @around(problems, "_field")
    def _field(original: Any, *of: Any) -> str:
        return str(original(*of)).rpartition(".")[2]


@blind_defect(
    "API-05za",
    "of several wrong fields only the first is named",
    service="backend",
    scenario="The error for an invalid request names the field",
    step="every response is a validation error that names the field",
)
def _() -> None:
    # Observable: POST /v1/budgets with neither team nor a good amount: one of the two in errors, and in the text.
    from apex.http import problems

    @around(problems, "_wrong_fields")
    def _(original: Any, faults: list[dict[str, str]]) -> Any:
        return original(faults[:1])


@blind_defect(
    "API-05zc",
    "behind an escaped quotation mark nobody looks how deep a body is nested",
    service="backend",
    scenario="Every endpoint is open to the permitted roles and no others",
    step="every response follows the access rule of its endpoint",
)
def _() -> None:
    # Observable: a run's input {"a": "\"", "b": 500 lists in each other}: 202, and kept, in place of 422.
    import re

    from apex.http import bodies

    replace(bodies, "_TOKEN", re.compile(rb'"[^"]*"?|[\[\]{}]'))


@blind_defect(
    "API-05zd",
    "a title that is too long is cut without a word",
    service="backend",
    scenario="The error for an invalid request names the field",
    step="every response is a validation error that names the field",
)
def _() -> None:
    # Observable: POST /v1/threads with a title of 300 characters: 201 and a title of 200, in place of 422.
    from typing import Annotated

    from pydantic import AfterValidator, StringConstraints, create_model

    from apex.backend import threads
    from apex.http.values import Request

    text = StringConstraints(strip_whitespace=True, min_length=1, pattern=r"^[^\x00]*$")
    title = Annotated[str, text, AfterValidator(lambda given: given[:200])]
    replace(threads, "NewThread", create_model("NewThread", __base__=Request, title=(title, ...)))


@blind_defect(
    "API-05na",
    "what is not UTF-8 in a body is replaced and stored instead of refused",
    service="backend",
    scenario="The error for an invalid request names the field",
    step="every response is a validation error that names the field",
)
def _() -> None:
    # Observable: POST /v1/threads with {"title": "Men\xfc"} in Latin-1: 201, and the title has U+FFFD in the place of
    # the letter, where 422 with the field "body" is due.
    from apex.http.bodies import Bodies

    @around(Bodies, "_read")
    async def _(original: Any, self: Any, scope: Any, receive: Any) -> bytes | None:
        body: bytes | None = await original(self, scope, receive)
        return None if body is None else body.decode(errors="replace").encode()


@blind_defect(
    "API-05ma",
    "a page size out of its bounds is taken for the nearest within them, not refused",
    service="backend",
)
def _() -> None:
    # Observable: GET /v1/threads?limit=0, limit=-3 or limit=100000 (also of runs, messages, expenses, budgets):
    # 200 with a page, instead of 422 that names the field limit.
    from fastapi import Query
    from pydantic import BeforeValidator

    from apex.backend import allowance, operations, runs, threads
    from apex.http.values import AsDigits

    def within(value: Any) -> Any:
        return min(max(value, 1), 200) if isinstance(value, int) else value

    # What is read first stands last.
    limit: Any = Annotated[int, Query(ge=1, le=200), BeforeValidator(within), AsDigits]
    for module in (allowance, operations, runs, threads):
        replace(module, "Limit", limit)
