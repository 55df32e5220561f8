"""Seeded defects of a pool under load (DBP-07)."""

from __future__ import annotations

import threading
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.pool import ConnectionPoolEntry

from apex.storage import database
from apex.storage.pool import FairPool, Turns
from defects import Scenario
from defects._patching import around

shared = Scenario("Fifty users share twenty connections", service="backend")

_REUSE = "more than 95 % of all requests reuse a connection"
_LONG = 0.2


@shared.defect("DBP-07a", "every request opens a connection", step=_REUSE)
def _() -> None:
    @around(FairPool, "_do_return_conn")
    def _(original: Any, pool: FairPool, record: ConnectionPoolEntry) -> None:
        record.close()
        original(pool, record)


@shared.defect("DBP-07b", "a connection is closed after a request that is refused", step=_REUSE)
def _() -> None:
    @around(database, "engine_of")
    def _(original: Any, *arguments: Any) -> Any:
        engine = original(*arguments)

        @event.listens_for(engine, "rollback")
        def _(connection: Connection) -> None:
            connection.connection.info["is_spent"] = True

        return engine

    @around(FairPool, "_do_return_conn")
    def _(original: Any, pool: FairPool, record: ConnectionPoolEntry) -> None:
        if record.info.get("is_spent"):
            record.close()
        original(pool, record)


@shared.defect(
    "DBP-07c",
    "a connection stays in use for a moment after its request",
    step="at least 95 % of all requests get a connection within the target time for pool wait",
)
def _() -> None:
    @around(FairPool, "_do_return_conn")
    def _(original: Any, pool: FairPool, record: ConnectionPoolEntry) -> None:
        threading.Timer(_LONG, original, [pool, record]).start()


@shared.defect(
    "DBP-07d",
    "who would have to wait behind two others is refused",
    step="every request succeeds or is refused as expected",
)
def _() -> None:
    @around(Turns, "take")
    def _(original: Any, turns: Turns, seconds: float) -> Any:
        return turns.waiting < 2 and original(turns, seconds)
