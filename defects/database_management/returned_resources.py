"""Seeded defects of resources that work leaves behind (DBP-10)."""

from __future__ import annotations

import socket
from itertools import count
from typing import Any

from sqlalchemy import Connection

from apex.backend import threads
from apex.storage.pool import FairPool
from defects import Scenario
from defects._patching import around, replace

replaced = Scenario("A pool that is replaced in use keeps no connection", service="backend")
mixed = Scenario("A thousand mixed operations leave nothing behind", service="backend")

_NO_MORE = "no service holds more resources than before"


@mixed.defect("DBP-10a", "a cursor on the server is left open", step=_NO_MORE)
def _() -> None:
    number = count()

    @around(threads, "new_message")
    def new_message(original: Any, connection: Connection, *others: Any) -> Any:
        connection.exec_driver_sql(
            f"DECLARE export_{next(number)} CURSOR WITH HOLD FOR SELECT id FROM messages LIMIT 1"
        )
        return original(connection, *others)


@mixed.defect("DBP-10b", "what was opened for a request is never closed", step=_NO_MORE)
def _() -> None:
    opened: list[socket.socket] = []

    @around(threads, "acting_as")
    def acting_as(original: Any, *arguments: Any) -> Any:
        opened.append(socket.socket())
        return original(*arguments)


@mixed.defect("DBP-10c", "a table for intermediate results stays with the connection", step=_NO_MORE)
def _() -> None:
    @around(threads, "new_message")
    def new_message(original: Any, connection: Connection, *others: Any) -> Any:
        connection.exec_driver_sql("CREATE TEMPORARY TABLE IF NOT EXISTS found (id uuid)")
        return original(connection, *others)


@replaced.defect(
    "DBP-10d", "connections of a pool that was replaced are counted wrongly", step="the pool metrics match the database"
)
def _() -> None:
    replace(FairPool, "in_use", property(lambda self: self.checkedout()))
