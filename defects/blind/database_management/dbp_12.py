"""Blind defects of DBP-12."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from sqlalchemy import Engine

from defects import blind_defect
from defects._patching import around


@blind_defect(
    "DBP-12oa",
    "a connection that was used within the last minute is not asked whether it is alive",
    service="backend",
    scenario="Requests succeed at the first attempt after every connection broke",
    step="every response is a success",
)
def _() -> None:
    # Observable: have some requests answered, black-hole the connections of the pool (nothing comes through, nothing is
    # closed), and let new ones through: the next request waits for statement_seconds and a second more (11 s; 5 s where
    # packets are dropped on the way), until the silent line is cut, and is answered 503, instead of having another
    # connection after a second.
    import time
    from weakref import WeakKeyDictionary

    from sqlalchemy import event

    @around(import_module("apex.storage.database"), "engine_of")
    def engine_of(original: Callable[..., Engine], *given: Any) -> Engine:
        engine = original(*given)
        used_at: WeakKeyDictionary[Any, float] = WeakKeyDictionary()
        dialect: Any = engine.dialect
        ping = dialect.do_ping

        @event.listens_for(engine, "checkin")
        def _used(connection: Any, _: Any) -> None:
            if connection is not None:
                used_at[connection] = time.monotonic()

        def do_ping(connection: Any) -> bool:
            return time.monotonic() - used_at.get(connection, -60.0) < 60 or ping(connection)

        dialect.do_ping = do_ping
        return engine


@blind_defect(
    "DBP-12ua",
    "a connection that was used within ten seconds is taken to be alive",
    service="backend",
    scenario="Requests succeed at the first attempt after every connection broke",
    step="every response is a success",
)
def _() -> None:
    # Observable: after the backend's connections were black-holed while it was at work, the next requests wait for
    # the limit of a statement (eleven seconds) and get a 503; after it was idle for a while they do not.
    import math
    import time
    from weakref import WeakKeyDictionary

    from sqlalchemy import event

    from apex.storage import database

    @around(database, "engine_of")
    def _(original: Any, *given: Any, **named: Any) -> Any:
        engine = original(*given, **named)
        used: WeakKeyDictionary[Any, float] = WeakKeyDictionary()

        @event.listens_for(engine, "checkin")
        def _returned(connection: Any, _entry: Any) -> None:
            if connection is not None:
                used[connection] = time.monotonic()

        @around(engine.dialect, "do_ping")
        def _(ping: Any, connection: Any) -> bool:
            return time.monotonic() - used.get(connection, -math.inf) < 10 or bool(ping(connection))

        return engine


@blind_defect(
    "DBP-12ub",
    "auth waits five seconds for a connection to show that it is alive",
    service="auth",
    scenario="Requests succeed at the first attempt after every connection broke",
    step="the slowest response arrives within the target time for replacing a broken connection",
)
def _() -> None:
    # Observable: after the connections of auth were black-holed the next log-in succeeds, but only after five seconds.
    from apex.storage import pool

    pool._PING_SECONDS = 5.0
