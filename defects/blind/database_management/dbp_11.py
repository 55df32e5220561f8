"""Blind defects of DBP-11."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "DBP-11ra",
    "a statement that was ended for taking too long is run again",
    service="backend",
    scenario="A fault that persists is reported",
    step="the platform has made <attempts>",
)
def _() -> None:
    # Observable: set database.statement_seconds to 0.5 and have a statement take longer than that (a trigger that
    # sleeps on the insertion of a thread): it is run again and again, as the log of PostgreSQL (57014) and the
    # backend's "transaction repeated" say, and the customer hears of it (time_limit_exceeded) after three seconds
    # instead of half a second.
    from apex.storage import repeating

    # All of the class "operator intervention", and so also the query that was cancelled.
    replace(repeating, "_LOST", ("08", "57"))


@blind_defect(
    "DBP-11ua",
    "the key of a request has a transaction of its own",
    service="backend",
    scenario="With a key, the outcome of an interrupted commit is found out",
    step="Acme's expense took effect exactly once",
)
def _() -> None:
    # Observable: where the connection is lost at the commit of a request with an Idempotency-Key, or between that and
    # the key's, the work is there and the key is not: it is done again, by the backend itself or when it is sent
    # again, and is there twice. Each such request also takes two connections.
    from apex.storage.database import Database

    replace(Database, "as_one", Database.tenant)


@blind_defect(
    "DBP-11ub",
    "only a connection that is lost is a passing fault, not one that is refused",
    service="backend",
    scenario="A database that refuses connections for a moment goes unnoticed",
    step="Acme's request succeeds",
)
def _() -> None:
    # Observable: while the database restarts or fails over, for however short a time, every request gets its 503 at
    # the first attempt, without "transaction repeated" in the log; all others of the passing faults are repeated.
    from sqlalchemy.exc import OperationalError

    from apex.storage import repeating

    @around(repeating, "is_passing")
    def _(original: Any, error: BaseException) -> bool:
        is_refused = (
            isinstance(error, OperationalError)
            and getattr(error.orig, "sqlstate", None) is None
            and not error.connection_invalidated
        )
        return not is_refused and bool(original(error))


@blind_defect(
    "DBP-11na",
    "an endpoint repeats five times in all; later passing faults are answered",
    service="backend",
)
def _() -> None:
    # Observable: have the connection of a request to one endpoint ended (pg_terminate_backend, or a 40001) time after
    # time: the first five requests succeed, from the sixth on each such request is a 503 at once, until a restart.
    from apex.http import idempotency, routing
    from apex.storage.repeating import repeated

    def sparing(work: Callable[..., Any], is_harmless: bool = False) -> Callable[..., Any]:
        left = [5]

        @functools.wraps(work)
        def repeating(*given: Any, **named: Any) -> Any:
            attempts = [0]

            def attempt() -> Any:
                attempts[0] += 1
                left[0] -= attempts[0] > 1
                return work(*given, **named)

            return repeated(attempt, is_harmless)() if left[0] > 0 else work(*given, **named)

        return repeating

    replace(idempotency, "repeated", sparing)
    replace(routing, "repeated", sparing)
