"""Blind defects of DBP-13."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "DBP-13pa",
    "the connections beyond the pool's size are less than none until it is full",
    service="backend",
)
def _() -> None:
    # Observable: GET /metrics of a backend with pool_size 10 of which two connections are open: the gauge
    # apex_database_pool_overflow is -8 instead of 0 (the library counts from minus the size); so is that of the reader
    # pool. Once all connections of the pool have been opened it is right.
    pool: Any = import_module("apex.storage.pool")

    def collect(_self: Any) -> Iterator[Any]:
        for reads, name in ((False, "pool"), (True, "reader_pool")):
            pools = [each for each in pool._POOLS if each.reads is reads]
            present = [each for each in pools if not each.retired]
            yield pool._gauge(name, "size", "Connections that are kept", sum(each.size() for each in present))
            yield pool._gauge(name, "in_use", "Connections in use", sum(each.in_use for each in pools))
            yield pool._gauge(name, "waiting", "Requests that wait for one", sum(each.waiting for each in pools))
            beyond = sum(each.overflow() for each in present)
            yield pool._gauge(name, "overflow", "Connections beyond the size", beyond)

    replace(pool._Pools, "collect", collect)


@blind_defect(
    "DBP-13ra",
    "who has waited for a connection in vain is not in the wait times",
    service="backend",
    scenario="The metrics count waits in vain, too",
    step="the pool metrics count every wait with its duration",
)
def _() -> None:
    # Observable: hold every connection of the pool and send ten requests: each is answered 503 after the wait of
    # database.pool_wait_seconds, and apex_database_pool_wait_seconds has none of them: its count stays, its sum, too.
    import time

    from sqlalchemy.exc import TimeoutError as PoolTimeout
    from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

    pool: Any = import_module("apex.storage.pool")

    def do_get(self: Any) -> ConnectionPoolEntry:
        began = time.perf_counter()
        if not self._turns.take(self._timeout):
            raise PoolTimeout(f"no database connection became free within {self._timeout:g} s")
        (pool.READER_WAIT_SECONDS if self.reads else pool.WAIT_SECONDS).observe(time.perf_counter() - began)
        try:
            entry = QueuePool._do_get(self)
        except BaseException:
            self._turns.give()
            raise
        kept: Any = entry.dbapi_connection
        if kept is not None:
            pool.WATCH.expect(kept, pool._PING_SECONDS)
        return entry

    replace(pool.FairPool, "_do_get", do_get)


@blind_defect(
    "DBP-13ua",
    "only those who got a connection are counted with their wait",
    service="backend",
    scenario="The metrics count waits in vain, too",
    step="the pool metrics count every wait with its duration",
)
def _() -> None:
    # Observable: while all connections are held and customers get their 503 after the wait budget, neither the count
    # nor the sum of apex_database_pool_wait_seconds grows.
    import time

    from sqlalchemy import QueuePool
    from sqlalchemy.exc import TimeoutError as PoolTimeout

    from apex.storage import pool
    from apex.storage.watch import WATCH

    def _do_get(self: Any) -> Any:
        began = time.perf_counter()
        if not self._turns.take(self._timeout):
            raise PoolTimeout(f"no database connection became free within {self._timeout:g} s")
        pool.WAIT_SECONDS.observe(time.perf_counter() - began)
        try:
            entry = QueuePool._do_get(self)
        except BaseException:
            self._turns.give()
            raise
        kept: Any = entry.dbapi_connection
        if kept is not None:
            WATCH.expect(kept, pool._PING_SECONDS)
        return entry

    replace(pool.FairPool, "_do_get", _do_get)


@blind_defect(
    "DBP-13ub",
    "a connection that is lost in use counts as in use for ever",
    service="backend",
    scenario="The metrics match the database after connections were lost in use",
    step="the pool metrics match the database",
)
def _() -> None:
    # Observable: after pg_terminate_backend (or a failover) under load apex_database_pool_in_use stays above 0 at
    # rest, by as many connections as were broken in somebody's hands, while pg_stat_activity shows none of them.
    import threading

    from sqlalchemy import event

    from apex.storage import database, pool

    count, lock = [0], threading.Lock()

    @around(database, "engine_of")
    def _(original: Any, *given: Any, **named: Any) -> Any:
        engine = original(*given, **named)

        @event.listens_for(engine, "checkout")
        def _out(_connection: Any, _entry: Any, _proxy: Any) -> None:
            with lock:
                count[0] += 1

        @event.listens_for(engine, "checkin")
        def _in(connection: Any, _entry: Any) -> None:
            if connection is not None:
                with lock:
                    count[0] -= 1

        return engine

    @around(pool, "_gauge")
    def _(original: Any, kind: str, name: str, documentation: str, value: float) -> Any:
        return original(kind, name, documentation, count[0] if name == "in_use" else value)


@blind_defect(
    "DBP-13na",
    "connections to the replica are counted with those to the primary",
    service="backend",
    scenario="The metrics show the load that the database shows",
    step="the pool metrics match the database",
)
def _() -> None:
    # Observable: with a replica, read under load: apex_database_pool_size, _in_use and _waiting are the sums of both
    # pools, more than pg_stat_activity of the primary has; those of apex_database_reader_pool stay 0.
    from apex.storage import database

    @around(database, "engine_of")
    def _(original: Any, *given: Any) -> Any:
        engine = original(*given)
        engine.pool.reads = False
        return engine
