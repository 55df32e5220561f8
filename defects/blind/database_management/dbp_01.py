"""Blind defects of DBP-01."""

from __future__ import annotations

import math
from importlib import import_module
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "DBP-01qa",
    "whoever has waited in vain for a connection stays in the queue",
    service="backend",
    scenario="Requests without a free connection are refused with Retry-After",
    step="the service can use every connection again",
)
def _() -> None:
    # Observable: hold every connection of the pool and send five requests, which are answered 503 after the wait; then
    # release them: five places are given to those who have left, and are lost. After as many refusals as the pool has
    # connections every request is answered 503, for ever; apex_database_pool_waiting never comes back to 0.
    import threading
    import time

    from apex.storage import pool

    def take(self: Any, seconds: float) -> bool:
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
                if turn.is_set():
                    break
                until = min(max(began, self._given_at) + seconds, began + pool._MOVING * seconds)
                if until <= time.monotonic():
                    return False
        return True

    replace(pool.Turns, "take", take)


@blind_defect(
    "DBP-01ta",
    "each request that has waited for a connection in vain costs the pool a place",
    service="backend",
    scenario="Requests without a free connection are refused with Retry-After",
    step="the service can use every connection again",
)
def _() -> None:
    # Observable: hold all connections (a locked table) until some requests are answered 503; when they are free again
    # the backend has as many places less as requests were refused: after ten or more every request is a 503 for ever.
    import threading
    import time

    pool: Any = import_module("apex.storage.pool")

    def take(self: Any, seconds: float) -> bool:
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
                until = min(max(began, self._given_at) + seconds, began + pool._MOVING * seconds)
            if turn.is_set():
                break
            if until <= time.monotonic():
                # Still in the queue: a place that is given to it comes back from nobody.
                return False
        return True

    replace(pool.Turns, "take", take)


@blind_defect(
    "DBP-01ua",
    "who has waited in vain for a connection keeps the place in the queue",
    service="backend",
    scenario="Requests without a free connection are refused with Retry-After",
    step="the service can use every connection again",
)
def _() -> None:
    # Observable: each request that was told that all connections are in use costs one for ever: once they are free
    # again the backend goes on with so many fewer, after enough of them with none (503 until it is restarted), and
    # the metric of those who wait never falls back to 0.
    import threading

    from apex.storage.pool import Turns

    def take(self: Any, seconds: float) -> bool:
        with self._lock:
            if self._free:
                self._free -= 1
                return True
            turn = threading.Event()
            self._waiting.append(turn)
        return turn.wait(seconds)

    replace(Turns, "take", take)


@blind_defect(
    "DBP-01ub",
    "the health of auth is asked over a connection beyond those of the pool",
    service="auth",
    scenario="Requests without a free connection are refused with Retry-After",
    step="the database shows exactly as many connections of the service as are configured",
)
def _() -> None:
    # Observable: since its first /health/ready, pg_stat_activity shows one connection of auth more than it may have
    # (pool_size + pool_overflow) while all of them are in use.
    from sqlalchemy import text

    from apex.storage.database import Database
    from apex.storage.pool import engine_of

    @around(Database, "check")
    def _(original: Any, self: Any) -> None:
        engine = getattr(self, "_health", None)
        if engine is None:
            settings = self._settings.model_copy(update={"pool_size": 1, "pool_overflow": 0})
            known = (settings.replica, "read-write") if self._marks is not None and settings.replica else ()
            engine = self._health = engine_of(self._url, settings, self._name, *known)
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))


@blind_defect(
    "DBP-01ma",
    "who waits for a connection in a queue that moves waits for as long as it moves",
    service="backend",
)
def _() -> None:
    # Observable: a pool of one connection, a wait of one second, and forty requests at once that take 0.8 s each in the
    # database: all are served, the last after half a minute, instead of 503 with Retry-After after five seconds.
    from apex.storage import pool

    replace(pool, "_MOVING", math.inf)
