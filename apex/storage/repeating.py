"""Work on the database that failed for a reason that passes is done again; what may have been done already is not."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import psycopg
import structlog
from sqlalchemy.exc import DBAPIError, OperationalError
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, stop_after_delay
from tenacity.wait import wait_exponential_jitter

log = structlog.get_logger()

_ATTEMPTS, _SECONDS = 6, 3.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 0.5
# A transaction that another one stood in the way of: serialisation failure, deadlock.
_IN_THE_WAY = ("40001", "40P01")
# Connections lost or refused: class 08, and a server that shuts down, has crashed or starts.
_LOST = ("08", "57P01", "57P02", "57P03")


class UnknownOutcome(Exception):
    """The connection was lost, or the replica not heard of, while a transaction was committed: it may have been."""


def is_passing(error: BaseException) -> bool:
    """Whether the work has left nothing behind and may well succeed the next time."""
    if not isinstance(error, DBAPIError):
        return False
    state = error.orig.sqlstate if isinstance(error.orig, psycopg.Error) else None
    if state is not None:
        return state in _IN_THE_WAY or state.startswith(_LOST)
    return isinstance(error, OperationalError)


P = ParamSpec("P")
R = TypeVar("R")


def repeated(work: Callable[P, R], is_harmless: bool = False) -> Callable[P, R]:
    """``work``, done again with growing pauses where it failed for a passing reason. It is one transaction.

    ``is_harmless``: done twice, it is as if done once; then an unknown outcome is a passing reason, too.
    """

    def passes(error: BaseException) -> bool:
        return is_passing(error) or (is_harmless and isinstance(error, UnknownOutcome))

    attempts = Retrying(
        retry=retry_if_exception(passes),
        # Each pause has a floor: together they outlast whatever is over within a second.
        wait=wait_exponential_jitter(multiplier=_FIRST_PAUSE, max=_LONGEST_PAUSE, jitter=_FIRST_PAUSE),
        stop=stop_after_attempt(_ATTEMPTS) | stop_after_delay(_SECONDS),
        before_sleep=_say,
        reraise=True,
    )

    @functools.wraps(work)
    def repeating(*given: P.args, **named: P.kwargs) -> R:
        return attempts.copy()(work, *given, **named)

    return repeating


def _say(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    cause = getattr(error, "orig", None) or error
    log.warning("transaction repeated", attempt=state.attempt_number, reason=type(cause).__name__)
