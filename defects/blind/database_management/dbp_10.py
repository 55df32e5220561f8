"""Blind defects of DBP-10."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from sqlalchemy import Connection, Row, text

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "DBP-10oa",
    "the locks under which messages are moved stay with the connection",
    service="backend",
    scenario="Two conversations exchange their messages at once",
    step="both moves succeed",
)
def _() -> None:
    # Observable: move messages from one thread to another: pg_locks has two advisory locks afterwards, which stay for
    # as long as the pool keeps the connection; with every further pair of threads there are more. Who moves between
    # the same threads over another connection of the pool (a few requests at once suffice) waits for lock_seconds and
    # has 503 time_limit_exceeded.
    from sqlalchemy import func, select

    from apex.backend import threads

    # Always in the same order, so that two who move both ways at once do not stand in each other's way.
    @around(threads, "move_messages")
    def move_messages(
        original: Callable[..., int], connection: Connection, source_id: str, target_id: str, chosen: Any
    ) -> int:
        for thread_id in sorted((source_id, target_id)):
            connection.execute(select(func.pg_advisory_lock(func.hashtextextended(thread_id, 0))))
        return original(connection, source_id, target_id, chosen)


@blind_defect(
    "DBP-10pa",
    "who writes to a thread keeps a lock on it for as long as the connection lasts",
    service="backend",
    scenario="A thousand mixed operations leave nothing behind",
    step="no service holds more resources than before",
)
def _() -> None:
    # Observable: write a message to, or start a run in, each of a hundred threads: afterwards, with nobody at work, the
    # backend's idle connections hold a hundred advisory locks (pg_locks, locktype advisory), and more with every
    # thread, until PostgreSQL has no room for locks any more. Nobody has to wait for them meanwhile: they are shared.
    from apex.backend import runs, threads
    from apex.http.identity import Identity

    # Without the "xact" in its name it is a lock of the session.
    lock_thread = text("SELECT pg_advisory_lock_shared(hashtextextended(:id, 0))")
    original = threads.own_thread

    def own_thread(
        connection: Connection, identity: Identity, thread_id: str, lock: Mapping[str, Any] | None = None
    ) -> Row[Any]:
        row: Row[Any] = original(connection, identity, thread_id, lock)
        if lock is not None:
            connection.execute(lock_thread, {"id": row.id})
        return row

    replace(threads, "own_thread", own_thread)
    replace(runs, "own_thread", own_thread)


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
    "DBP-10ua",
    "a request that is known by its key leaves a lock in its connection",
    service="backend",
    scenario="A change that fails is as if it had never been tried",
    step="Acme's <change> fails because of <failure>",
)
def _() -> None:
    # Observable: after a request was sent again with its Idempotency-Key, pg_locks keeps an advisory lock for it,
    # though no transaction is open; sent a third time (over another connection of the pool) it waits for the lock's
    # time limit and gets a 503.
    from sqlalchemy import text

    from apex.http import idempotency

    @around(idempotency, "_known")
    def _(original: Any, connection: Any, identity: Any, key: str, fingerprint: str) -> str | None:
        name = {"name": f"{identity.user_id} {key}"}
        connection.execute(text("SELECT pg_advisory_lock(hashtextextended(:name, 0))"), name)
        known: str | None = original(connection, identity, key, fingerprint)
        if known is not None:
            return known
        connection.execute(text("SELECT pg_advisory_unlock(hashtextextended(:name, 0))"), name)
        return None


@blind_defect(
    "DBP-10ub",
    "each run has a client of its own for the tools, which nobody closes",
    service="worker",
    scenario="A thousand mixed operations leave nothing behind",
    step="no service holds more resources than before",
)
def _() -> None:
    # Observable: the worker holds one socket to the tools service (or more) beyond the base line for each run that has
    # called a tool, until the other side closes it as idle, and stays with it half closed after that.
    from apex.worker.supervisor import Supervisor

    unclosed: list[Any] = []

    @around(Supervisor, "carry_out")
    def _(original: Any, self: Any, run: Any) -> Any:
        unclosed.append(self._toolbox)
        self._toolbox = None
        return original(self, run)


@blind_defect("DBP-10ma", "each body of more than 64 KiB leaves a temporary file behind", service="backend")
def _() -> None:
    # Observable: send a thousand messages of 100,000 characters: the directory for temporary files has as many files
    # apex-body-* more, with what the customers have written.
    from apex.http import bodies

    @around(bodies.Bodies, "_inspect")
    def _(original: Any, self: Any, body: bytes) -> None:
        if len(body) > bodies._LARGE:
            with tempfile.NamedTemporaryFile(prefix="apex-body-", delete=False) as spool:
                spool.write(body)
        original(self, body)
