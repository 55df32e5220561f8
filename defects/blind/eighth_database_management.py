"""Blind defects of database_management, written from the promises alone."""

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
    "DBP-08sa",
    "a request with an Idempotency-Key that was the victim of a deadlock is not done again",
    service="backend",
    scenario="A temporary fault goes unnoticed with a key, too",
    step="Acme's request succeeds",
)
def _() -> None:
    # Observable: move messages between two threads, both ways at once and with an Idempotency-Key each: with every
    # deadlock one of the two is answered with 503. Without a key both succeed. The same for a line that is lost.
    from apex.http import idempotency

    @around(idempotency, "repeated")
    def _(original: Any, work: Any, is_harmless: bool = False) -> Any:
        # Who sends a key sends the request again by themselves.
        return work if is_harmless else original(work)


@blind_defect(
    "DBP-10sa",
    "a pool that is replaced while one of its connections is in use is never closed",
    service="backend",
    scenario="A pool that is replaced in use keeps no connection",
    step="the API keeps at most two database connections",
)
def _() -> None:
    # Observable: change database.pool_size while requests are at work (one that waits for a lock is enough), several
    # times; in pg_stat_activity the backend's idle connections of each former pool stay until it is stopped.
    database: Any = import_module("apex.storage.database")
    in_use: list[Any] = []

    @around(database, "retire")
    def _(original: Any, engine: Any) -> None:
        if engine.pool.checkedout():
            # Whoever is at work in it must not lose the connection.
            in_use.append(engine)
        else:
            original(engine)


@blind_defect(
    "DBP-14sa",
    "the end of a session is announced before it is committed",
    service="auth",
    scenario="A removal that fails ends no session",
    step="the first event that Ben of Acme receives is from the next run",
)
def _() -> None:
    # Observable: hold a lock on a run of a member and remove the member: after lock_seconds the answer is 503, and the
    # member is still one, with tokens that work; but all of the member's sockets were closed with 4403.
    from sqlalchemy import func, select

    from apex.auth.sessions import SESSION_ENDED, Sessions

    @around(Sessions, "end")
    def _(original: Any, self: Any, connection: Any, session_ids: list[str], reason: str) -> None:
        original(self, connection, session_ids, reason)
        # Nobody's socket waits until all the rest is done.
        with self._database.platform() as own:
            for session_id in session_ids:
                own.execute(select(func.pg_notify(SESSION_ENDED, f"{session_id} {reason}")))
