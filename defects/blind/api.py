"""Blind defects of api, written from the promises alone."""

from __future__ import annotations

import asyncio
import time
import uuid
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


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


@blind_defect(
    "API-02za",
    "a run can be begun in a colleague's thread",
    service="backend",
    scenario="A colleague cannot find a private resource",
    step="every response is as if the resource had never existed",
)
def _() -> None:
    # Observable: POST /v1/runs with a colleague's thread_id: 202, and the question is in the colleague's thread.
    from sqlalchemy import select

    from apex.backend import runs
    from apex.http.problems import not_found
    from apex.storage.tables import threads

    def thread_of(connection: Any, identity: Any, thread_id: str, lock: Any = None) -> Any:
        query = select(threads).where(threads.c.id == thread_id)
        row = connection.execute(query if lock is None else query.with_for_update(**lock)).first()
        if row is None:
            raise not_found()
        return row

    replace(runs, "own_thread", thread_of)


@blind_defect(
    "API-02zb",
    "a colleague's run is refused with 403, and so told to be there",
    service="backend",
    scenario="A colleague cannot find a private resource",
    step="every response is as if the resource had never existed",
)
def _() -> None:
    # Observable: GET or cancel of a colleague's run has 403, of an id that never existed 404.
    from sqlalchemy import select

    from apex.backend import runs as api
    from apex.http.problems import Problem, permission_denied
    from apex.storage.tables import runs

    @around(api, "own_run")
    def _(original: Any, connection: Any, identity: Any, run_id: str, *, lock: bool = False) -> Any:
        try:
            return original(connection, identity, run_id, lock=lock)
        except Problem:
            try:
                wanted = str(uuid.UUID(run_id))
            except ValueError:
                raise
            if connection.scalar(select(runs.c.id).where(runs.c.id == wanted)) is not None:
                raise permission_denied("runs:read") from None
            raise


@blind_defect(
    "API-02zc",
    "who asks for one job by its run is given it also where it is a colleague's",
    service="analytics",
    scenario="A colleague cannot find a private resource",
    step="every response is as if the resource had never existed",
)
def _() -> None:
    # Observable: GET /v1/jobs?run_id= of a colleague's run has its record; the list without run_id does not.
    from apex.analytics import store

    @around(store.Jobs, "of_user")
    def _(original: Any, self: Any, tenant_id: str, user_id: str, run_id: str | None, limit: int) -> Any:
        if run_id is None:
            return original(self, tenant_id, user_id, run_id, limit)
        query = (
            f"SELECT {', '.join(store._COLUMNS)} FROM jobs FINAL "
            "WHERE tenant_id = {tenant:UUID} AND run_id = {run:UUID} LIMIT {limit:UInt32}"
        )
        answer = self._client().query(query, {"tenant": tenant_id, "run": run_id, "limit": limit})
        return [dict(zip(store._COLUMNS, row, strict=True)) for row in answer.result_rows]


@blind_defect(
    "API-03za",
    "for half a minute after a log-out its access tokens are still good",
    service="backend",
    scenario="Reusing a refresh token ends the session",
    step="every token of Acme's session is refused",
)
def _() -> None:
    # Observable: log out, then GET /v1/threads with the same token: 200.
    from apex.http import identity

    @around(identity, "text")
    def _(original: Any, statement: str) -> Any:
        alive = "(ended_at IS NULL OR ended_at > now() - interval '30 seconds')"
        return original(statement.replace("ended_at IS NULL", alive))


@blind_defect(
    "API-03zb",
    "the refresh token of a session that was logged out still gives new tokens",
    service="auth",
    scenario="Reusing a refresh token ends the session",
    step="every token of Acme's session is refused",
)
def _() -> None:
    # Observable: log out, then refresh: 200 in place of 401.
    from apex.auth import sessions

    @around(sessions, "update")
    def _(original: Any, table: Any) -> Any:
        statement = original(table)
        where = statement.where
        statement.where = lambda *conditions: where(*(each for each in conditions if "ended_at" not in str(each)))
        return statement


@blind_defect(
    "API-03zc",
    "an access token that was good once is good for ever",
    service="backend",
    scenario="An invalid token gives access to no endpoint",
    step="every response is an authentication error",
)
def _() -> None:
    # Observable: use a token of two seconds at once and after three: 200 both times; one never used before has 401.
    from apex.http import identity

    known: dict[str, Any] = {}

    @around(identity, "verify")
    def _(original: Any, settings: Any, token: str) -> Any:
        # A signature does not change: looked at once.
        if token not in known:
            known[token] = original(settings, token)
        return known[token]


@blind_defect(
    "API-03zd",
    "access tokens are accepted for a minute after their end",
    service="backend",
    scenario="An invalid token gives access to no endpoint",
    step="every response is an authentication error",
)
def _() -> None:
    # Observable: log in with expires_in 1, wait three seconds, ask: 200.
    import jwt

    @around(jwt, "decode")
    def _(original: Any, *arguments: Any, **options: Any) -> Any:
        return original(*arguments, **{**options, "leeway": 60})


@blind_defect(
    "API-04za",
    "viewers may store usage",
    service="backend",
    scenario="Every endpoint is open to the permitted roles and no others",
    step="every response follows the access rule of its endpoint",
)
def _() -> None:
    # Observable: a viewer's POST /v1/usage-records: 201, and the organisation's reports have it.
    from apex.http import identity

    identity.PERMISSIONS["usage:write"] |= {"viewer"}


@blind_defect(
    "API-04zb",
    "who may not do something is not told which permission it takes",
    service="backend",
    scenario="Every endpoint is open to the permitted roles and no others",
    step="every permission error names the missing permission",
)
def _() -> None:
    # Observable: a member's PUT /v1/allowance: 403 without the permission, neither in the text nor beside it.
    from apex.http import identity
    from apex.http.problems import Problem

    replace(identity, "permission_denied", lambda _: Problem(403, "permission_denied", "You may not do this."))


@blind_defect(
    "API-04zc",
    "customers may store records of ended runs, which only the platform's services may",
    service="analytics",
    scenario="No endpoint is accessible without an access rule",
    step="every response follows the access rule of its endpoint",
)
def _() -> None:
    # Observable: any customer's access token at POST /v1/records of analytics: 201, for whatever tenant it says.
    from apex.analytics import app
    from apex.config.live import Configuration
    from apex.http.identity import verify
    from apex.http.problems import Problem

    @around(app, "verify_service_token")
    def _(original: Any, settings: Any, token: str, audience: str) -> Any:
        try:
            return original(settings, token, audience)
        except Problem:
            return verify(Configuration("analytics", settings), token).as_caller()


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
    "API-05zb",
    "a body that does not say how long it is may be of any length",
    service="backend",
    scenario="The error for an invalid request names the field",
    step="every response is a validation error that names the field",
)
def _() -> None:
    # Observable: usage records, padded to 10 MB, sent in chunks without content-length: 201 in place of 413.
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
    "API-06za",
    "of an ended run only some steps are kept: its progress goes back when it ends",
    service="worker",
    scenario="Status and progress of a run only move forward",
    step="the progress that Acme has read has grown with each answer",
)
def _() -> None:
    # Observable: poll a cost analysis on a slow cloud: progress is 4 or more before the end, and less after it.
    from apex.worker.tracker import Tracker

    @around(Tracker, "finish")
    def _(original: Any, self: Any) -> Any:
        finished_at, steps, usage = original(self)
        return finished_at, [step for step in steps if step["kind"] != "work"], usage


@blind_defect(
    "API-06zb",
    "a run that is asked to stop is shown as cancelled before it has ended, and however it ends",
    service="backend",
)
def _() -> None:
    # Observable: cancel a run just before its end, or while its worker hangs: cancelled first, then completed, failed.
    from apex.backend import runs
    from apex.storage.runs import CANCELLED, RUNNING

    @around(runs, "fields")
    def _(original: Any, row: Any) -> dict[str, Any]:
        values: dict[str, Any] = original(row)
        stopping = row.status == RUNNING and row.cancel_requested_at is not None
        return {**values, "status": CANCELLED} if stopping else values


@blind_defect(
    "API-06zc",
    "the progress of a run is 0 until it ends",
    service="worker",
    scenario="Status and progress of a run only move forward",
    step="the progress that Acme has read has grown with each answer",
)
def _() -> None:
    # Observable: poll a run of several slow tools: no step and no progress while it is running.
    from apex.worker.slot import _InHand

    @around(_InHand, "progress")
    def _(original: Any, self: Any) -> list[dict[str, Any]]:
        # The last one goes on and has no duration yet: it is not reported, and what comes before it belongs to it.
        return []


@blind_defect(
    "API-07za",
    "what went wrong inside a tool is told to the customer",
    service="tools",
    scenario="No error event contains internal details",
    step="the stored error and the error event of Acme's run show no internal details",
)
def _() -> None:
    # Observable: a tool that raises KeyError or a driver's error: its text is in tool_completed and in the run's error.
    import sys

    from apex.tools import dispatcher
    from apex.tools.errors import ToolError, WrongParameters

    @around(dispatcher, "_error")
    def _(original: Any, code: str, message: str, recoverable: bool = False) -> Any:
        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, ToolError | WrongParameters):
            message = f"{message[:-1]}: {error!r}."
        return original(code, message, recoverable)


@blind_defect(
    "API-07zb",
    "the request id in the answer to a fault of ours is one that the log does not have",
    service="backend",
    scenario="Corrupted data is reported as an internal error",
    step="every response is an internal error with its request ID",
)
def _() -> None:
    # Observable: force a 500; look for the request_id of its body in the log.
    import uuid

    from apex.http import problems

    @around(problems, "unexpected")
    def _(original: Any, request_id: str, error: Exception) -> Any:
        return original(str(uuid.uuid4()), error)


@blind_defect(
    "API-07zc",
    "the log says that something failed, not what",
    service="backend",
    scenario="Corrupted data is reported as an internal error",
    step="the log explains every error under the error's request ID",
)
def _() -> None:
    # Observable: force a 500 or stop PostgreSQL: the line of the request id has no exception.
    from types import SimpleNamespace

    from apex.http import problems

    log = problems.log

    def error(event: str, *, exc_info: BaseException, **fields: Any) -> None:
        log.error(event, reason=type(exc_info).__name__, **fields)

    replace(problems, "log", SimpleNamespace(error=error))


@blind_defect(
    "API-08za",
    "who comes back after the seconds that Retry-After says is refused again",
    service="backend",
    scenario="A customer who waits as long as Retry-After says is served",
    step="the response is a success",
)
def _() -> None:
    # Observable: a 429 of the free plan, half a second before there is room, says "Retry-After: 0".
    from apex.http import fair_use

    @around(fair_use, "rate_limited")
    def _(original: Any, seconds: int, burst: int, per_second: float) -> Any:
        # Rounded down in place of up.
        return original(seconds - 1, burst, per_second)


@blind_defect(
    "API-08zb",
    "each instance of each service grants a tenant the whole rate of its plan",
    service="backend",
    scenario="A rate limit holds for all instances of the API together",
    step="Acme is served as often as the limit was refilled meanwhile, and is refused otherwise",
)
def _() -> None:
    # Observable: a burst that is used up at one backend is there again at the other, or at analytics.
    from apex.http.buckets import Buckets

    async def shared(self: Any, script: Any, buckets: Any) -> None:
        return None

    replace(Buckets, "_shared", shared)


@blind_defect(
    "API-08zc",
    "request ids are so short that some come again in a crowd",
    service="backend",
)
def _() -> None:
    # Observable: of 500 requests, two have the same x-request-id (with five chances in six).
    import secrets
    from types import SimpleNamespace

    from apex.runtime import service

    replace(service, "uuid", SimpleNamespace(uuid4=lambda: secrets.token_hex(2)))


@blind_defect(
    "API-08zd",
    "who asks more often than the plan allows is kept waiting and never told",
    service="backend",
    scenario="The rate limit refuses only the customer who exceeds it",
    step="Acme is served up to the limit of the plan, and every refusal has a Retry-After",
)
def _() -> None:
    # Observable: use the free plan's burst up: no 429, the answers take a second and more.
    from apex.http.buckets import Buckets

    @around(Buckets, "take")
    async def _(original: Any, self: Any, buckets: Any) -> float:
        until = time.monotonic() + 30
        wait: float = await original(self, buckets)
        while 0 < wait < until - time.monotonic():
            await asyncio.sleep(wait)
            wait = await original(self, buckets)
        return wait
