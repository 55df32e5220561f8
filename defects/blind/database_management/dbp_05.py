"""Blind defects of DBP-05."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "DBP-05sa",
    "the database is told its time limits in whole seconds: one of less than a second is none",
    service="auth",
    scenario="Every service ends a transaction over a database limit",
    step="the database has ended every such transaction in time, because of that limit",
)
def _() -> None:
    # Observable: set database.lock_seconds to 0.5 (and keep statement_seconds at 10) and hold a lock on the table
    # users; a sign-up is answered after ten seconds instead of half a second. SHOW lock_timeout in a session of auth
    # says 0; 1.9 s are 1 s.
    database: Any = import_module("apex.storage.database")
    pool: Any = import_module("apex.storage.pool")

    def limits(settings: Any, statement_seconds: float | None = None) -> str:
        seconds = {
            "statement_timeout": statement_seconds or settings.statement_seconds,
            "lock_timeout": settings.lock_seconds,
            "idle_in_transaction_session_timeout": settings.idle_seconds,
        }
        return " ".join(f"-c {name}={int(value)}s" for name, value in seconds.items())

    replace(pool, "limits", limits)
    replace(database, "limits", limits)


@blind_defect(
    "DBP-05ua",
    "it is the database that is given longer than the service itself waits",
    service="backend",
    scenario="Every service ends a transaction over a database limit",
    step="every response says that a database limit was exceeded",
)
def _() -> None:
    # Observable: a statement over its limit does not end with 57014 but by a connection that is cut; the customer is
    # told "unavailable", not "time_limit_exceeded" (after the statement was begun anew, where the limit is short), and
    # the statement goes on in the database for half a second more, with its locks.
    from apex.storage import pool

    @around(pool, "limits")
    def _(original: Any, settings: Any, statement_seconds: float | None = None) -> str:
        given: str = original(settings, (statement_seconds or settings.statement_seconds) + 0.5)
        return given

    pool._GRACE_SECONDS = 0.0


@blind_defect(
    "DBP-05ub",
    "the worker limits idle sessions, where idle transactions are meant",
    service="worker",
    scenario="A run with a transaction over a database limit still ends",
    step="the database has ended every such transaction in time, because of that limit",
)
def _() -> None:
    # Observable: a worker that is stopped within a transaction (SIGSTOP, while it delivers) keeps its locks for ever:
    # no 25P03, and what it had in hand of the outbox reaches nobody. Instead its idle connections are closed (57P05).
    from apex.storage import pool

    @around(pool, "limits")
    def _(original: Any, *given: Any, **named: Any) -> str:
        options: str = original(*given, **named)
        return options.replace("idle_in_transaction_session_timeout", "idle_session_timeout")
