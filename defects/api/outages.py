"""Seeded defects of errors and what they expose (API-07)."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from fastapi.responses import JSONResponse
from redis.exceptions import RedisError
from sqlalchemy.exc import InterfaceError

from apex.backend import hub, sockets
from apex.http import problems
from apex.http.problems import Problem
from apex.runtime.discovery import Instance, Registry
from defects import Scenario
from defects._patching import replace

outage = Scenario("An outage is reported as a temporary error", service="backend")
corrupted = Scenario("Corrupted data is reported as an internal error", service="backend")

_TEMPORARY = "every response is a temporary error with its request ID"
_NOTHING_INTERNAL = "every response contains no internal details"
_LOGGED = "the log explains every error under the error's request ID"


def _log_nothing(module: Any) -> None:
    replace(module, "log", SimpleNamespace(error=lambda event, **fields: None))


@outage.defect("API-07a", "an unreachable database is reported as an internal error", step=_TEMPORARY)
def _() -> None:
    replace(problems, "OperationalError", InterfaceError)


@outage.defect("API-07b", "an error has the request ID of no request", step=_TEMPORARY)
def _() -> None:
    original: Any = replace(problems, "answer", lambda request_id, problem: original(str(uuid.uuid4()), problem))


@outage.defect("API-07c", "the error names the host that is unreachable", step=_NOTHING_INTERNAL)
def _() -> None:
    refused = "connection to server at 127.0.0.1 was refused"
    replace(problems, "unavailable", lambda: Problem(503, "unavailable", refused))


@outage.defect("API-07d", "the analytics service does not log its errors", step=_LOGGED, service="analytics")
def _() -> None:
    _log_nothing(problems)


@outage.defect("API-07h", "a refused connection shows the exception", step=_NOTHING_INTERNAL)
def _() -> None:
    original = problems.unavailable
    replace(sockets, "unavailable", lambda: original(str(sys.exception())))


@outage.defect("API-07i", "the error of a refused connection is not logged", step=_LOGGED)
def _() -> None:
    _log_nothing(sockets)


@outage.defect("API-07j", "where the instances are unknown, an empty list is returned", step=_TEMPORARY)
def _() -> None:
    def instances(self: Registry) -> list[Instance]:
        try:
            found: list[Instance] = original(self)
        except RedisError:
            return []
        return found

    original = replace(Registry, "instances", instances)


@outage.defect("API-07k", "a new connection waits without a timeout for Redis", step=_TEMPORARY)
def _() -> None:
    replace(hub, "PATIENCE_SECONDS", 600.0)


def _unexpected(problem_of: Callable[[Exception], Problem]) -> None:
    """Another error is returned for what nobody expected; it is logged as before."""

    def unexpected(request_id: str, error: Exception) -> JSONResponse:
        problems.log.error("request failed", exc_info=error)
        return problems.answer(request_id, problem_of(error))

    replace(problems, "unexpected", unexpected)


@corrupted.defect("API-07e", "an internal error shows the exception", step=_NOTHING_INTERNAL)
def _() -> None:
    _unexpected(lambda error: Problem(500, "internal_error", f"{type(error).__name__}: {error}"))


@corrupted.defect("API-07f", "an internal error is not logged", step=_LOGGED)
def _() -> None:
    _log_nothing(problems)


@corrupted.defect(
    "API-07g",
    "corrupted data is reported as not found",
    step="every response is an internal error with its request ID",
)
def _() -> None:
    _unexpected(lambda error: problems.not_found())
