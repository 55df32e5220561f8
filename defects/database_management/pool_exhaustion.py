"""Seeded defects of a pool of which every connection is in use (DBP-01)."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from typing import Any

from sqlalchemy.exc import TimeoutError as PoolTimeout
from tenacity import wait_fixed

from apex.http import problems
from apex.http.problems import Problem
from apex.storage import pool, repeating
from apex.storage.pool import FairPool, Turns
from defects import Scenario
from defects._patching import around, replace

in_vain = Scenario("Requests without a free connection are refused with Retry-After", service="backend")
in_turn = Scenario("Waiting requests are served in turn", service="backend")
recovery = Scenario("A service recovers as soon as connections are free", service="backend")

_RETRY = "every response asks the caller to retry"
_SUCCESS = "every response is a success"


@in_vain.defect(
    "DBP-01a",
    "the pool is unbounded",
    step="the database shows exactly as many connections of the service as are configured",
)
def _() -> None:
    @around(pool, "create_engine")
    def _(original: Any, url: Any, **options: Any) -> Any:
        return original(url, **{**options, "max_overflow": 1_000})


@in_vain.defect("DBP-01b", "who finds no connection is answered as after a fault of ours", step=_RETRY)
def _() -> None:
    replace(problems, "_busy", lambda: Problem(500, "internal_error", "Something went wrong on our side."))


@in_vain.defect("DBP-01c", "the refusal does not say when to try again", step=_RETRY)
def _() -> None:
    replace(problems, "_busy", lambda: Problem(503, "unavailable", "Too many requests are being worked on."))


@in_vain.defect(
    "DBP-01d",
    "who has waited in vain waits once more before being refused",
    step="every response arrives within the target time for refusal of a full pool",
)
def _() -> None:
    @around(repeating, "is_passing")
    def _(original: Any, error: BaseException) -> Any:
        return original(error) or isinstance(error, PoolTimeout)


class _LastFirst(deque[threading.Event]):
    def popleft(self) -> threading.Event:
        return self.pop()


@in_turn.defect(
    "DBP-01e",
    "the last to come is served first",
    step="the conversations of Cumulus, Dorado, Ember and Fathom are created in this order",
)
def _() -> None:
    @around(Turns, "__init__")
    def _(original: Any, turns: Turns, places: int) -> None:
        original(turns, places)
        turns._waiting = _LastFirst()


@recovery.defect("DBP-01f", "who finds no connection free at once is refused", step=_SUCCESS)
def _() -> None:
    @around(Turns, "take")
    def _(original: Any, turns: Turns, seconds: float) -> Any:
        return original(turns, 0.001)


def _lose_a_place_with_every(broken: int) -> None:
    """Of the connections that break, each one of so many takes its place in the pool with it."""
    numbers = itertools.count(1)

    @around(FairPool, "_do_return_conn")
    def _(original: Any, own: FairPool, record: Any) -> None:
        if record.dbapi_connection is None and next(numbers) % broken == 0:
            super(FairPool, own)._do_return_conn(record)
        else:
            original(own, record)


@recovery.defect(
    "DBP-01g",
    "with every second connection that breaks the pool becomes smaller",
    step="the service can use every connection again",
)
def _() -> None:
    _lose_a_place_with_every(2)


@recovery.defect(
    "DBP-01h", "the auth service loses a place with each connection that breaks", step=_SUCCESS, service="auth"
)
def _() -> None:
    _lose_a_place_with_every(1)


@recovery.defect(
    "DBP-01i",
    "a request whose connection was lost is repeated after a long pause",
    step="every response arrives within the target time for pool recovery",
)
def _() -> None:
    replace(repeating, "wait_exponential_jitter", lambda **_: wait_fixed(2.5))
