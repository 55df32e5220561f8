"""Blind defects of DBP-07."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from sqlalchemy import Connection, Engine

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "DBP-07oa",
    "a connection is used ten times and then opened anew",
    service="backend",
    scenario="Fifty users share twenty connections",
    step="more than 95 % of all requests reuse a connection",
)
def _() -> None:
    # Observable: 50 users x 20 operations: apex_database_connections_opened_total grows by a tenth of the transactions
    # (the reuse is 90 % instead of more than 95 %), and the backends in pg_stat_activity are all young.
    from sqlalchemy import event
    from sqlalchemy.pool import ConnectionPoolEntry

    most = 10

    # Long-lived backends of PostgreSQL keep what they have once read, and grow.
    @around(import_module("apex.storage.database"), "engine_of")
    def engine_of(original: Callable[..., Engine], *given: Any) -> Engine:
        engine = original(*given)

        @event.listens_for(engine, "checkin")
        def _used(connection: Any, entry: ConnectionPoolEntry) -> None:
            entry.info["uses"] = entry.info.get("uses", 0) + 1
            if entry.info["uses"] >= most:
                entry.invalidate()

        return engine


@blind_defect(
    "DBP-07pa",
    "a connection on which something was refused is thrown away",
    service="backend",
    scenario="Fifty users share twenty connections",
    step="more than 95 % of all requests reuse a connection",
)
def _() -> None:
    # Observable: write a hundred times to a thread that is not there, or book expenses beyond the allowance: each 404
    # and 409 closes its connection to the primary and has another one opened for the next request:
    # apex_database_connections_opened goes up with each, where all together need a handful, and the reuse is far below
    # 95 %. Requests that succeed, and reads from the replica, cost none.
    from apex.storage.database import Database

    original = Database._transaction

    @contextmanager
    def transaction(self: Any, tenant_id: str | None = None) -> Iterator[Connection]:
        with original(self, tenant_id) as connection:
            try:
                yield connection
            except BaseException:
                # Nobody knows in which state it is.
                connection.invalidate()
                raise

    replace(Database, "_transaction", transaction)


@blind_defect(
    "DBP-07ua",
    "a connection is replaced after ten uses",
    service="backend",
    scenario="Fifty users share twenty connections",
    step="more than 95 % of all requests reuse a connection",
)
def _() -> None:
    # Observable: under load apex_database_connections_opened grows by a tenth of the transactions: reuse is 90 %.
    from sqlalchemy import event

    from apex.storage import database

    @around(database, "engine_of")
    def _(original: Any, *given: Any, **named: Any) -> Any:
        engine = original(*given, **named)

        @event.listens_for(engine, "checkin")
        def _used(connection: Any, entry: Any) -> None:
            entry.info["uses"] = entry.info.get("uses", 0) + 1
            if connection is not None and entry.info["uses"] >= 10:
                entry.invalidate()

        return engine


@blind_defect(
    "DBP-07ub",
    "of those who wait for a connection the last one comes first",
    service="backend",
    scenario="Waiting requests are served in turn",
    step="the conversations of Cumulus, Dorado, Ember and Fathom are created in this order",
)
def _() -> None:
    # Observable: with more customers at work than there are connections some are overtaken again and again: they wait
    # for as long as the load goes on, or get a 503 at the end of the wait budget, while most have no wait at all.
    from apex.storage.pool import Turns

    def give(self: Any) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.pop().set()
            else:
                self._free += 1

    replace(Turns, "give", give)
