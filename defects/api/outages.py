"""Seeded defects of what is told of failures (API-07)."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable
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

lies_behind_doors = Scenario("What lies behind the doors fails")


def _breakdown(id: str, summary: str, step: str, service: str = "backend") -> Callable[[Callable[[], None]], None]:
    return lies_behind_doors.defect(id, summary, step=step, service=service)


_PASSING = "each failure is told to be a passing one, under its request's number"
_NOTHING_INSIDE = "no answer shows anything of the inside"
_LOGGED = "the log has the detail of each failure under the same number"


@_breakdown("API-07a", "a database that cannot be reached is taken for a fault of ours", _PASSING)
def _() -> None:
    replace(problems, "OperationalError", InterfaceError)


@_breakdown("API-07b", "a failure is told under a number that nobody has seen before", _PASSING)
def _() -> None:
    def answer(request_id: str, problem: Problem) -> Any:
        return original(str(uuid.uuid4()), problem)

    original = replace(problems, "answer", answer)


@_breakdown("API-07c", "who cannot be answered is told which host did not answer", _NOTHING_INSIDE)
def _() -> None:
    replace(
        problems, "unavailable", lambda: Problem(503, "unavailable", "connection to server at 127.0.0.1 was refused")
    )


@_breakdown("API-07d", "nobody is told why the store of finished work did not answer", _LOGGED, "analytics")
def _() -> None:
    _say_nothing(problems)


@_breakdown("API-07h", "who cannot watch is told so in the words of what could not be reached", _NOTHING_INSIDE)
def _() -> None:
    original = problems.unavailable
    replace(sockets, "unavailable", lambda: original(str(sys.exception())))


@_breakdown("API-07i", "nobody is told why nobody can watch", _LOGGED)
def _() -> None:
    _say_nothing(sockets)


@_breakdown("API-07j", "where it is not known which instances there are, there are said to be none", _PASSING)
def _() -> None:
    def instances(self: Registry) -> list[Instance]:
        try:
            found: list[Instance] = original(self)
        except RedisError:
            return []
        return found

    original = replace(Registry, "instances", instances)


@_breakdown("API-07k", "who wants to watch waits for what gives no answer", _PASSING)
def _() -> None:
    replace(hub, "PATIENCE_SECONDS", 600.0)


stored_makes_sense = Scenario("What is stored makes no sense", service="backend")


@stored_makes_sense.defect(
    "API-07e", "a fault of ours is told to customers in the exception's own words", step=_NOTHING_INSIDE
)
def _() -> None:
    def unexpected(request_id: str, error: Exception) -> JSONResponse:
        problems.log.error("request failed", exc_info=error)
        return problems.answer(request_id, Problem(500, "internal_error", f"{type(error).__name__}: {error}"))

    replace(problems, "unexpected", unexpected)


@stored_makes_sense.defect("API-07f", "a fault of ours leaves nothing in the log", step=_LOGGED)
def _() -> None:
    _say_nothing(problems)


@stored_makes_sense.defect(
    "API-07g",
    "what is stored and makes no sense is left out, as if there were nothing",
    step="each failure is told to be a fault of ours, under its request's number",
)
def _() -> None:
    def unexpected(request_id: str, error: Exception) -> JSONResponse:
        problems.log.error("request failed", exc_info=error)
        return problems.answer(request_id, problems.not_found())

    replace(problems, "unexpected", unexpected)


def _say_nothing(module: Any) -> None:
    class Silent:
        def error(self, event: str, **fields: Any) -> None:
            """Nobody hears of it."""

    replace(module, "log", Silent())
