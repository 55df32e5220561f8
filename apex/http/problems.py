"""Errors as the customer sees them: RFC 9457 problem details with stable codes, never the exception's own text."""

from __future__ import annotations

from typing import Any, Literal

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError, WebSocketRequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.websockets import WebSocket

from apex.http.methods import allowed
from apex.storage.repeating import UnknownOutcome

log = structlog.get_logger()

# Of thousands of faults the first are enough to begin with.
_NAMED, _EXPLAINED = 10, 100


Code = Literal[
    "allowance_exceeded",
    "bad_request",
    "cancelled",
    "conflict",
    "content_too_large",
    "feature_switched_off",
    "headers_too_large",
    "idempotency_key_reused",
    "in_progress",
    "internal_error",
    "invitation_expired",
    "invitation_used",
    "method_not_allowed",
    "not_found",
    "outcome_unknown",
    "permission_denied",
    "rate_limited",
    "request_timeout",
    "time_limit_exceeded",
    "tool_withdrawn",
    "unauthenticated",
    "unavailable",
    "unknown_agent",
    "unknown_tool",
    "uri_too_long",
    "validation_failed",
]
"""Every code that an answer may carry: customers' programs go by them, so none ever changes its meaning."""


class FieldError(BaseModel):
    """A field of the request, and what is wrong with it."""

    field: str
    message: str


class RateLimit(BaseModel):
    """What a plan allows: ``burst`` requests at once, ``per_second`` in the long run."""

    burst: int
    per_second: float


class ProblemDetails(BaseModel):
    """RFC 9457, with a stable ``code``, the request's id and, for wrong input, the fields."""

    type: str
    title: str
    status: int
    code: Code
    detail: str
    request_id: str
    errors: list[FieldError] | None = None
    known_agents: list[str] | None = None
    limit: RateLimit | None = None


class Problem(Exception):
    """An answer other than success; ``detail`` is written for the customer."""

    def __init__(
        self, status: int, code: Code, detail: str, headers: dict[str, str] | None = None, **members: Any
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail
        self.headers, self.members = headers or {}, members


def not_found() -> Problem:
    """The same words for what never existed and for what belongs to somebody else."""
    return Problem(404, "not_found", "There is nothing here under this address.")


def unauthenticated(detail: str = "A valid access token is needed.") -> Problem:
    """Who asks is not known."""
    return Problem(401, "unauthenticated", detail, headers={"www-authenticate": "Bearer"})


def permission_denied(permission: str) -> Problem:
    """Who asks is known, but may not do this."""
    return Problem(403, "permission_denied", f"This needs the permission '{permission}'.", permission=permission)


def conflict(detail: str) -> Problem:
    """What is asked does not go together with what is stored."""
    return Problem(409, "conflict", detail)


def rate_limited(seconds: int, burst: int, per_second: float) -> Problem:
    """The tenant asks more often than its plan allows; there is room again after ``seconds``."""
    return Problem(
        429,
        "rate_limited",
        f"Your plan allows {burst} requests at once and {per_second:g} per second; please try again in {seconds} s.",
        headers={"retry-after": str(seconds)},
        limit={"burst": burst, "per_second": per_second},
    )


def too_many_attempts(seconds: int) -> Problem:
    """Too much was tried to get in; there is room again after ``seconds``. Says nothing of whether it was right."""
    return Problem(
        429,
        "rate_limited",
        f"There were too many attempts; please try again in {seconds} s.",
        headers={"retry-after": str(seconds)},
    )


def not_registered(field: str, message: str) -> Problem:
    """What a field names is well formed, and nothing that this deployment knows."""
    told = f"This field names nothing that is registered here: {field}."
    return Problem(409, "conflict", told, errors=[{"field": field, "message": message}])


def allowance_exceeded(detail: str) -> Problem:
    """What is asked would be more than the organisation's allowance."""
    return Problem(409, "allowance_exceeded", detail)


def switched_off(detail: str) -> Problem:
    """Whoever runs the platform has switched the feature off for now."""
    return Problem(503, "feature_switched_off", detail, headers={"retry-after": "60"})


def unavailable(detail: str = "The service cannot answer right now; please try again.") -> Problem:
    """Something that the service needs does not answer."""
    return Problem(503, "unavailable", detail, headers={"retry-after": "1"})


def _busy() -> Problem:
    return unavailable("Too many requests are being worked on at the moment; please try again.")


def _too_long() -> Problem:
    detail = "This took longer than is allowed here, and nothing was changed; please try again."
    return Problem(503, "time_limit_exceeded", detail, headers={"retry-after": "1"})


def _unknown_outcome() -> Problem:
    detail = (
        "It is not known whether this was done. Please look, or send it with an Idempotency-Key: then it can be sent "
        "again without harm."
    )
    return Problem(503, "outcome_unknown", detail, headers={"retry-after": "1"})


# A statement, a wait for a lock, a transaction that did nothing: each over its time limit.
_OVER_LIMIT = ("57014", "55P03", "25P03", "25P04")


def validation_failed(faults: dict[str, str]) -> Problem:
    """The request is not as it must be: what is wrong, by the name of the field."""
    return _wrong_fields([{"field": field, "message": message} for field, message in faults.items()])


def _wrong_fields(faults: list[dict[str, str]]) -> Problem:
    names = list(dict.fromkeys(fault["field"] for fault in faults))
    named = ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")
    detail = f"These fields are not as expected: {named}."
    return Problem(422, "validation_failed", detail, errors=faults[:_EXPLAINED])


def faults_of(error: RequestValidationError | WebSocketRequestValidationError) -> list[dict[str, str]]:
    """Each fault with its field, by the path that leads to it in what the caller sent: ``records.0.cost``."""
    body = error.body if isinstance(error, RequestValidationError) else None
    return [{"field": _field(fault, body), "message": _printable(fault["msg"])} for fault in error.errors()]


def _field(fault: Any, body: Any) -> str:
    if fault["type"] == "json_invalid":
        return "body"
    path = list(fault["loc"][1:])
    if fault["type"].startswith("union_tag_"):
        path.append(fault["ctx"]["discriminator"].strip("'"))
    if fault["loc"][0] == "body":
        path = _within(body, path)
    return _printable(".".join(str(part) for part in path)) or "body"


def _within(body: Any, path: list[Any]) -> list[Any]:
    """The path without what only our models know: the names of alternatives, which nobody has sent."""
    kept = []
    for part in path[:-1]:
        known = part in body if isinstance(body, dict) else isinstance(body, list) and isinstance(part, int)
        if known:
            kept.append(part)
            body = body[part]
    return [*kept, *path[-1:]]


def _printable(text: str) -> str:
    """The text with what no answer can carry written out: half a surrogate pair, for one."""
    return text.encode("utf-8", "backslashreplace").decode()


RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": ProblemDetails, "description": "The request is refused"},
    "5XX": {"model": ProblemDetails, "description": "The service cannot answer"},
}


MEDIA_TYPE = "application/problem+json"


def install(app: FastAPI) -> None:
    """Answer every error of ``app`` with problem details, and publish that it does."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        for path in document["paths"].values():
            for operation in path.values():
                for status in RESPONSES:
                    content = operation["responses"][status]["content"]
                    # FastAPI publishes every model under the media type of successes.
                    if "application/json" in content:
                        content[MEDIA_TYPE] = content.pop("application/json")
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # the way that FastAPI documents

    @app.exception_handler(Problem)
    async def _problem(request: Request, problem: Problem) -> JSONResponse:
        if problem.status >= 500:
            log.error("cannot answer", code=problem.code, exc_info=problem.__cause__ or problem)
        return answer(request.state.request_id, problem)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        if error.status_code == 404:
            return answer(request.state.request_id, not_found())
        if error.status_code == 400:
            # FastAPI's word for a body that it could not read.
            return answer(request.state.request_id, validation_failed({"body": "cannot be read as JSON"}))
        if error.status_code == 405:
            # The router has named the methods of the first route alone.
            here = Problem(405, "method_not_allowed", str(error.detail), headers={"allow": allowed(request)})
            return answer(request.state.request_id, here)
        return answer(
            request.state.request_id,
            Problem(error.status_code, "bad_request", str(error.detail), headers=dict(error.headers or {})),
        )

    @app.exception_handler(RequestValidationError)
    async def _validation(request: Request, error: RequestValidationError) -> JSONResponse:
        return answer(request.state.request_id, _wrong_fields(faults_of(error)))

    @app.exception_handler(WebSocketRequestValidationError)
    async def _handshake(socket: WebSocket, error: WebSocketRequestValidationError) -> None:
        await socket.send_denial_response(answer(socket.state.request_id, _wrong_fields(faults_of(error))))

    @app.exception_handler(DBAPIError)
    async def _store(request: Request, error: DBAPIError) -> JSONResponse:
        if getattr(error.orig, "sqlstate", None) in _OVER_LIMIT:
            log.error("over a time limit of the database", exc_info=error)
            return answer(request.state.request_id, _too_long())
        if isinstance(error, OperationalError | InterfaceError):
            log.error("store unavailable", exc_info=error)
            return answer(request.state.request_id, unavailable())
        return unexpected(request.state.request_id, error)

    @app.exception_handler(PoolTimeout)
    async def _pool(request: Request, error: PoolTimeout) -> JSONResponse:
        log.error("no database connection free", exc_info=error)
        return answer(request.state.request_id, _busy())

    @app.exception_handler(UnknownOutcome)
    async def _unknown(request: Request, error: UnknownOutcome) -> JSONResponse:
        log.error("outcome of a commit unknown", exc_info=error)
        return answer(request.state.request_id, _unknown_outcome())


def unexpected(request_id: str, error: Exception) -> JSONResponse:
    """The answer to a fault of ours; the log has the rest, under the same request id."""
    log.error("request failed", exc_info=error)
    return answer(request_id, Problem(500, "internal_error", "Something went wrong on our side."))


def answer(request_id: str, problem: Problem) -> JSONResponse:
    """The problem as a response."""
    body = {
        "type": f"https://apex.example/problems/{problem.code}",
        "title": problem.code.replace("_", " ").capitalize(),
        "status": problem.status,
        "code": problem.code,
        "detail": problem.detail,
        "request_id": request_id,
        **problem.members,
    }
    return JSONResponse(body, problem.status, problem.headers, media_type=MEDIA_TYPE)
