"""Seeded defects of what ended sessions leave behind (DBP-04)."""

from __future__ import annotations

from itertools import count
from threading import Lock
from typing import Any

from apex.backend import sockets
from apex.backend.hub import Hub
from apex.http.identity import Identity
from apex.storage.database import Database
from defects import Scenario
from defects._patching import around, replace

ended = Scenario("Sessions release everything, however they end", service="backend")

_NO_MORE = "no service holds more resources than before"


@ended.defect("DBP-04a", "a live connection keeps its transaction beyond its end", step=_NO_MORE)
def _() -> None:
    kept, turn = list[Any](), Lock()

    @around(sockets, "require_session")
    def require_session(original: Any, database: Database, identity: Identity) -> None:
        original(database, identity)
        # The newest alone: a pool without a connection left would be noticed at once.
        with turn:
            if kept:
                kept.pop().close()
            kept.append(database.engine.connect())
            kept[-1].exec_driver_sql("SELECT 1")


@ended.defect("DBP-04b", "a connection that its client has dropped is counted for ever", step=_NO_MORE)
def _() -> None:
    async def remove(self: Hub, connection: Any) -> None: ...

    replace(Hub, "remove", remove)


@ended.defect(
    "DBP-04c",
    "some live connections take a place in the pool with them",
    step="the API can use every database connection for Acme again",
)
def _() -> None:
    checked = count()

    @around(sockets, "require_session")
    def require_session(original: Any, database: Database, identity: Identity) -> None:
        original(database, identity)
        turns: Any = database.engine.pool
        if next(checked) < 3:
            turns._turns.take(0.0)
