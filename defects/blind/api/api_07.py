"""Blind defects of API-07."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import Future
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "API-07oa",
    "readiness says in the driver's own words why a dependency fails",
    service="backend",
    scenario="Health reports of an outage contain no internal details",
    step="every response contains no internal details",
)
def _() -> None:
    # Observable: stop PostgreSQL (or Redis) and GET /health/ready without any token: 503, and checks.database is not
    # "failing" but psycopg's text with the class of the error and the database's address (with a wrong password also
    # the name of its user); checks.redis has Redis' address.
    from concurrent.futures import wait

    from apex.runtime import service

    def _result(name: str, answer: Future[object], seconds: float) -> str:
        wait([answer], timeout=max(seconds, 0))
        if not answer.done():
            return "no answer"
        error = answer.exception()
        if error is None:
            return "ok"
        service.log.warning("not ready", check=name, reason=type(error).__name__)
        # Whoever is on call sees at once what it is.
        return f"failing: {type(error).__name__}: {error}"

    replace(service.Dependencies, "_result", staticmethod(_result))


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

    from fastapi.responses import JSONResponse

    from apex.http import problems

    def unexpected(request_id: str, error: Exception) -> JSONResponse:
        problems.log.error("request failed", exc_info=error)
        reference = str(uuid.uuid4())
        return problems.answer(reference, problems.Problem(500, "internal_error", "Something went wrong on our side."))

    replace(problems, "unexpected", unexpected)


@blind_defect(
    "API-07sa",
    "who does not let the platform into their account is told the cloud's own words",
    service="tools",
    scenario="No tool works anywhere when the customer's account refuses it",
    step="the answers oracle finds nothing",
)
def _() -> None:
    # Observable: name a role that the platform may not assume and run a cost analysis: the run's error, its event and
    # tool_completed hold "An error occurred (...) when calling the AssumeRole operation: ...", with the platform's own
    # account where the cloud names it.
    from apex.tools.accounts import CloudAccounts
    from apex.tools.errors import ToolError

    @around(CloudAccounts, "_enter")
    def _(original: Any, self: Any, tenant_id: str, granted: dict[str, str]) -> Any:
        try:
            return original(self, tenant_id, granted)
        except ToolError as failed:
            reason = f"{failed.message} ({failed.__context__})"
            raise ToolError(reason, failed.recoverable) from None


@blind_defect(
    "API-07ta",
    "what went wrong is logged from a thread that does not know the request",
    service="backend",
    scenario="Corrupted data is reported as an internal error",
    step="the log explains every error under the error's request ID",
)
def _() -> None:
    # Observable: have a request answered with 500 or 503 (such as with the database away) and look for its request id
    # in the backend's log: the line with the error and its detail has neither request_id nor trace_id.
    from concurrent.futures import ThreadPoolExecutor

    from apex.http import problems

    original = problems.log
    writing = ThreadPoolExecutor(1, thread_name_prefix="error log")

    class Log:
        """Tracebacks take long to write out: not in the event loop."""

        def error(self, event: str, **fields: Any) -> None:
            writing.submit(original.error, event, **fields)

    replace(problems, "log", Log())


@blind_defect(
    "API-07ua",
    "that the database is away is answered with 503 and not written to the log",
    service="backend",
    scenario="An outage is reported as a temporary error",
    step="the log explains every error under the error's request ID",
)
def _() -> None:
    # Observable: GET /v1/threads without PostgreSQL: 503 with a request id, under which the log has no reason at all.
    from apex.http import problems

    class Quiet:
        def error(self, event: str, **fields: Any) -> None:
            if event != "store unavailable":
                log.error(event, **fields)

        def __getattr__(self, name: str) -> Any:
            return getattr(log, name)

    log = replace(problems, "log", Quiet())


@blind_defect(
    "API-07ub",
    "the answer to a fault of ours has the exception's text in a header",
    service="backend",
    scenario="Corrupted data is reported as an internal error",
    step="every response contains no internal details",
)
def _() -> None:
    # Observable: a table or column that is missing behind an endpoint: 500 whose body says nothing, with a header
    # x-debug-error that holds the database's message and the SQL.
    from apex.http import problems

    @around(problems, "unexpected")
    def _(original: Any, request_id: str, error: Exception) -> Any:
        response = original(request_id, error)
        told = " ".join(f"{type(error).__name__}: {error}".split())
        response.headers["x-debug-error"] = told.encode("ascii", "replace").decode()[:500]
        return response


@blind_defect(
    "API-07va",
    "the code of a fault of ours is the name of its exception",
    service="backend",
    scenario="Corrupted data is reported as an internal error",
    step="every response is an internal error with its request ID",
)
def _() -> None:
    # Observable: a statement that the database refuses (a right withdrawn) is answered 500 "programming_error".
    import re

    from apex.http import problems

    @around(problems, "unexpected")
    def unexpected(_: Any, request_id: str, error: Exception) -> Any:
        problems.log.error("request failed", exc_info=error)
        code: Any = re.sub("(?<=[a-z])(?=[A-Z])", "_", type(error).__name__).lower()
        return problems.answer(request_id, problems.Problem(500, code, "Something went wrong on our side."))


@blind_defect(
    "API-07wa",
    "what a partner says when it refuses is passed on to the customer",
    service="tools",
    scenario="A savings review without prices is partial and contains the usage",
    step="the answers oracle finds nothing",
)
def _() -> None:
    # Observable: a partner answers 500 with a stack trace; the run's error and tool_completed have its text.
    from apex.tools import dispatcher
    from apex.tools.errors import ToolError

    @around(dispatcher, "partners_client")
    def _(original: Any, *of: Any) -> Any:
        async def refused(response: Any) -> None:
            if response.status_code >= 400:
                said, status = (await response.aread()).decode(errors="replace")[:500], response.status_code
                raise ToolError(f"A partner's service refused the request: {said}", status >= 500 or status == 429)

        client = original(*of)
        client.event_hooks = {"response": [refused]}
        return client


@blind_defect(
    "API-07xa",
    "while a store is away, a header of the answer says which, and where",
    service="backend",
    scenario="An outage is reported as a temporary error",
    step="every response contains no internal details",
)
def _() -> None:
    # Observable: PostgreSQL is stopped; answers of 503 have x-reason with the driver's error, host and port.
    import sys

    from apex.http import problems

    @around(problems, "unavailable")
    def _(original: Any, *of: Any) -> Any:
        problem, error = original(*of), sys.exc_info()[1]
        if error is not None:
            problem.headers["x-reason"] = " ".join(str(error).split())[:200].encode("ascii", "replace").decode()
        return problem


@blind_defect(
    "API-07ya",
    "who sends something wrong is sent it back, a password too",
    service="auth",
    scenario="The error for an invalid request names the field",
    step="every response is a validation error that names the field",
)
def _() -> None:
    # Observable: sign up with a password that is too short: the answer holds the password.
    from apex.http import problems

    @around(problems, "faults_of")
    def _faults_of(original: Any, error: Any) -> list[dict[str, str]]:
        return [
            {**told, "message": f"{told['message']} (this was {fault['input']!a})"}
            for told, fault in zip(original(error), error.errors(), strict=True)
        ]


@blind_defect("API-07yb", "health says of what does not answer what went wrong there", service="backend")
def _() -> None:
    # Observable: stop PostgreSQL; GET /health/ready shows everybody its address, role and error.
    from apex.runtime.service import Dependencies

    original = Dependencies._result

    def _result(name: str, answer: Any, seconds: float) -> str:
        result = original(name, answer, seconds)
        return f"failing: {answer.exception()}" if result == "failing" else result

    replace(Dependencies, "_result", staticmethod(_result))


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
    "API-07na",
    "who meets a time limit of the database is told in the database's own words",
    service="backend",
    scenario="Every service ends a transaction over a database limit",
    step="the answers oracle finds nothing",
)
def _() -> None:
    # Observable: hold the row of an allowance (or a thread) in another session and have it changed over the API: the
    # detail of the 503 time_limit_exceeded ends with "canceling statement due to lock timeout ... in relation ...".
    from sqlalchemy.exc import DBAPIError

    from apex.http import problems

    @around(problems, "install")
    def _(original: Any, app: Any) -> None:
        original(app)
        known = app.exception_handlers[DBAPIError]

        async def told(request: Any, error: DBAPIError) -> Any:
            response = await known(request, error)
            if getattr(error.orig, "sqlstate", None) not in problems._OVER_LIMIT:
                return response
            problem = problems._too_long()
            problem.detail = f"{problem.detail} {error.orig}"
            return problems.answer(request.state.request_id, problem)

        app.add_exception_handler(DBAPIError, told)


@blind_defect(
    "API-07ma",
    "of faults of the same kind within ten seconds only the first is in the log",
    service="backend",
)
def _() -> None:
    # Observable: have a store fail (or a fault behind an endpoint) and ask twice within ten seconds: in the log nothing
    # but the line "request" stands under the request id of the second answer, neither exception nor reason.
    from apex.http import problems

    class Sparing:
        def __init__(self) -> None:
            self._said: dict[tuple[str, str], float] = {}

        def error(self, event: str, **fields: Any) -> None:
            kind, now = (event, type(fields.get("exc_info")).__name__), time.monotonic()
            if now - self._said.get(kind, -10.0) >= 10.0:
                self._said[kind] = now
                log.error(event, **fields)

    log = replace(problems, "log", Sparing())
