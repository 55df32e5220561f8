"""The pool of connections to the database: bounded, first come first served, measured, with time limits on each."""

from __future__ import annotations

import threading
import time
import weakref
from collections import deque
from collections.abc import Iterator
from typing import Any

import psycopg
from prometheus_client import REGISTRY, Counter, Histogram
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import URL, Connection, Engine, PoolProxiedConnection, QueuePool, create_engine, event
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

from apex.settings import Database as DatabaseSettings
from apex.storage.watch import WATCH

# How long a silent server is believed in: connecting in seconds, sent data in milliseconds.
PATIENCE: dict[str, Any] = {"connect_timeout": 3, "tcp_user_timeout": 5_000}
_DEFAULT_PORT = 5432
PRIMARY, STANDBY = "read-write", "standby"
"""What is wanted of a server (libpq's ``target_session_attrs``)."""
# PostgreSQL says itself when a limit is passed; where it does not, it is given so much longer.
_GRACE_SECONDS = 1.0
# A connection that was in the pool shows in this time that it is alive, or another one is opened.
_PING_SECONDS = 1.0

# A queue that moves is waited in so many times as long as one that stands still.
_MOVING = 5

_WAITS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
WAIT_SECONDS = Histogram(
    "apex_database_pool_wait_seconds", "Time that a request waited for a database connection", buckets=_WAITS
)
READER_WAIT_SECONDS = Histogram(
    "apex_database_reader_pool_wait_seconds", "The same for a connection to the replica", buckets=_WAITS
)
OPENED = Counter("apex_database_connections_opened", "Database connections that were opened")


class Turns:
    """A number of places, which who waits gets in the order in which they came."""

    def __init__(self, places: int) -> None:
        self._places = self._free = places
        self._waiting: deque[threading.Event] = deque()
        self._lock = threading.Lock()
        self._given_at = 0.0

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    @property
    def taken(self) -> int:
        """How many places somebody has."""
        return self._places - self._free

    def take(self, seconds: float) -> bool:
        """Get a place; False where for that time nobody has got one, or the queue is too long all the same.

        Many who come at once are served in turn, which may take longer than a queue that stands still is believed in.
        """
        began = time.monotonic()
        with self._lock:
            if self._free:
                self._free -= 1
                return True
            turn = threading.Event()
            self._waiting.append(turn)
        until = began + seconds
        while not turn.wait(until - time.monotonic()):
            with self._lock:
                # Its turn may have come in the meantime.
                if turn.is_set():
                    break
                until = min(max(began, self._given_at) + seconds, began + _MOVING * seconds)
                if until <= time.monotonic():
                    self._waiting.remove(turn)
                    return False
        return True

    def give(self) -> None:
        """Give a place back."""
        with self._lock:
            self._given_at = time.monotonic()
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._free += 1


class FairPool(QueuePool):
    """A pool in which nobody overtakes: ``pool_size`` connections, and ``max_overflow`` more under load."""

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self._turns = Turns(self.size() + self._max_overflow)
        self.retired = self.reads = False
        _POOLS.add(self)

    @property
    def waiting(self) -> int:
        """How many wait for a connection."""
        return self._turns.waiting

    @property
    def in_use(self) -> int:
        """How many connections are in use; also after the pool was retired, which ``checkedout()`` counts wrongly."""
        return self._turns.taken

    def _do_get(self) -> ConnectionPoolEntry:
        began = time.perf_counter()
        has_turn = self._turns.take(self._timeout)
        (READER_WAIT_SECONDS if self.reads else WAIT_SECONDS).observe(time.perf_counter() - began)
        if not has_turn:
            raise PoolTimeout(f"no database connection became free within {self._timeout:g} s")
        try:
            entry = super()._do_get()
        except BaseException:
            self._turns.give()
            raise
        kept: Any = entry.dbapi_connection
        if kept is not None:
            WATCH.expect(kept, _PING_SECONDS)
        return entry

    def _do_return_conn(self, record: ConnectionPoolEntry) -> None:
        try:
            super()._do_return_conn(record)
        finally:
            self._turns.give()


_POOLS: weakref.WeakSet[FairPool] = weakref.WeakSet()


class _Pools(Collector):
    """What the pools of this process look like at the moment of the question."""

    def describe(self) -> Iterator[Metric]:
        return iter(())

    def collect(self) -> Iterator[Metric]:
        for reads, name in ((False, "pool"), (True, "reader_pool")):
            pools = [pool for pool in _POOLS if pool.reads is reads]
            present = [pool for pool in pools if not pool.retired]
            yield _gauge(name, "size", "Connections that are kept", sum(pool.size() for pool in present))
            yield _gauge(name, "in_use", "Connections in use", sum(pool.in_use for pool in pools))
            yield _gauge(name, "waiting", "Requests that wait for one", sum(pool.waiting for pool in pools))
            beyond = sum(max(pool.overflow(), 0) for pool in present)
            yield _gauge(name, "overflow", "Connections beyond the size", beyond)


def _gauge(pool: str, name: str, documentation: str, value: float) -> Metric:
    return GaugeMetricFamily(f"apex_database_{pool}_{name}", documentation, value=value)


REGISTRY.register(_Pools())


def engine_of(
    url: URL, settings: DatabaseSettings, application_name: str, replica: str | None = None, wanted: str = "any"
) -> Engine:
    """An engine whose transactions keep the time limits of the settings.

    With a ``replica`` (``host:port``) it connects with the first of the two servers that is as ``wanted``: the replica
    may become the one that is written to.
    """
    engine = create_engine(
        url,
        poolclass=FairPool,
        pool_size=settings.pool_size,
        max_overflow=settings.pool_overflow,
        pool_timeout=settings.pool_wait_seconds,
        pool_pre_ping=True,
        # What customers have written stays out of messages and logs.
        hide_parameters=True,
        connect_args={
            "application_name": application_name,
            "options": limits(settings),
            **servers(url, replica, wanted),
            **PATIENCE,
        },
    )
    assert isinstance(engine.pool, FairPool)
    engine.pool.reads = wanted == STANDBY
    _keep_limits(engine, settings.statement_seconds + _GRACE_SECONDS)
    return engine


def servers(url: URL, replica: str | None, wanted: str) -> dict[str, str]:
    """Where to connect, for libpq: the server of ``url``, and with a replica the first of the two that is as wanted."""
    if replica is None:
        return {}
    host, _, port = replica.rpartition(":")
    both = [(str(url.host), str(url.port or _DEFAULT_PORT)), (host, port)]
    # Whoever reads asks the replica first.
    hosts, ports = zip(*(both[::-1] if wanted == STANDBY else both), strict=True)
    return {"host": ",".join(hosts), "port": ",".join(ports), "target_session_attrs": wanted}


def limits(settings: DatabaseSettings, statement_seconds: float | None = None) -> str:
    """PostgreSQL's own time limits of a session: for a statement, a lock, and a transaction that does nothing."""
    seconds = {
        "statement_timeout": statement_seconds or settings.statement_seconds,
        "lock_timeout": settings.lock_seconds,
        "idle_in_transaction_session_timeout": settings.idle_seconds,
    }
    return " ".join(f"-c {name}={round(value * 1000)}" for name, value in seconds.items())


def retire(engine: Engine) -> None:
    """Close the connections that are not in use, and those that are as soon as they come back."""
    pool = engine.pool
    assert isinstance(pool, FairPool)
    pool.retired = True
    event.listen(pool, "checkin", lambda connection, _: connection.close())
    pool.dispose()


def _keep_limits(engine: Engine, seconds: float) -> None:
    """Have every connection of the engine watched while somebody waits for its answer."""

    @event.listens_for(engine, "connect")
    def _opened(connection: psycopg.Connection, entry: ConnectionPoolEntry) -> None:
        OPENED.inc()

    @event.listens_for(engine, "checkout")
    def _alive(connection: psycopg.Connection, entry: ConnectionPoolEntry, _: PoolProxiedConnection) -> None:
        WATCH.relax(connection)

    @event.listens_for(engine, "checkin")
    @event.listens_for(engine, "invalidate")
    @event.listens_for(engine, "close")
    def _over(connection: psycopg.Connection | None, *_: object) -> None:
        if connection is not None:
            WATCH.relax(connection)

    @event.listens_for(engine, "before_cursor_execute")
    def _asked(connection: Connection, cursor: psycopg.Cursor, *_: object) -> None:
        WATCH.expect(cursor.connection, seconds)

    @event.listens_for(engine, "after_cursor_execute")
    def _answered(connection: Connection, cursor: psycopg.Cursor, *_: object) -> None:
        WATCH.relax(cursor.connection)

    @event.listens_for(engine, "commit")
    @event.listens_for(engine, "rollback")
    def _ended(connection: Connection) -> None:
        # One that is lost is not opened again to be told of its end.
        if not connection.invalidated:
            driver: Any = connection.connection.dbapi_connection
            WATCH.expect(driver, seconds)
