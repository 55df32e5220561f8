"""Seeded defects of pages from a large archive (DBL-08)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Row, Table, Text, func, select

from apex.backend import threads as conversations
from apex.backend.models import Thread, Threads
from apex.http.identity import Identity, acting_as
from apex.http.problems import unavailable
from apex.storage.database import Database
from apex.storage.tables import messages, threads
from defects import Scenario
from defects._patching import around, replace
from defects.business_data._lists import list_instead

pages = Scenario("Pages arrive quickly from a large archive while others write", service="backend")
recent = Scenario("Pages of recent conversations arrive quickly while others write", service="backend")

_STORED = "everything that the others wrote is stored"


def _find_pages(where: Callable[[Identity], Any], **look: Callable[[Database, Identity, Row[Any]], Any]) -> None:
    list_instead(conversations, "/v1/threads", threads, (Thread, Threads), where=where, **look)


@pages.defect(
    "DBL-08a",
    "the owner of a conversation is compared as text, for which there is no index",
    step="no page requires a search through other users' conversations",
)
def _() -> None:
    _find_pages(lambda identity: threads.c.user_id.cast(Text) == identity.user_id)


@recent.defect(
    "DBL-08g",
    "a page is found once for each conversation on it",
    step="at least 95 % of all pages arrive within the target time for pages of conversations",
)
def _() -> None:
    def find_again(database: Database, identity: Identity, row: Row[Any]) -> bool:
        with acting_as(database, identity) as connection:
            own = select(threads).where(threads.c.user_id == identity.user_id)
            return all(len(connection.execute(own).all()) for _ in range(10))

    _find_pages(lambda identity: threads.c.user_id == identity.user_id, shown=find_again)


@recent.defect(
    "DBL-08h",
    "a list ends with its first page",
    step="each reader has received all of their own conversations, newest first",
)
def _() -> None:
    replace(conversations, "next_cursor", lambda rows, limit: None)


@pages.defect(
    "DBL-08b",
    "the messages of each conversation of a page are counted one by one and without an index",
    step="at least 95 % of all pages arrive within the target time for pages of conversations",
)
def _() -> None:
    def count(database: Database, identity: Identity, row: Row[Any]) -> bool:
        with acting_as(database, identity) as connection:
            same = messages.c.thread_id.cast(Text) == row.id
            return bool(connection.scalar(select(func.count()).select_from(messages).where(same)) or True)

    _find_pages(lambda identity: threads.c.user_id == identity.user_id, shown=count)


@pages.defect(
    "DBL-08c",
    "only the newest conversations are found, to be quick",
    step="each reader has received all of their own conversations, newest first",
)
def _() -> None:
    replace(conversations, "next_cursor", lambda rows, limit: None)


@pages.defect("DBL-08d", "writes are refused while others read", step=_STORED)
def _() -> None:
    reading: list[str] = []

    @around(conversations, "after")
    def after_reading(original: Any, table: Table, cursor: str | None, *, newest_first: bool) -> Any:
        reading.append(table.name)
        return original(table, cursor, newest_first=newest_first)

    @around(conversations, "new_message")
    def new_message(writing: Any, *arguments: Any) -> Any:
        if reading and len(reading) % 3 == 0:
            raise unavailable()
        return writing(*arguments)


@pages.defect("DBL-08e", "a message is acknowledged and never stored", step=_STORED)
def _() -> None:
    @around(conversations, "new_message")
    def new_message(original: Any, connection: Connection, *arguments: Any) -> Any:
        with connection.begin_nested() as stored:
            row = original(connection, *arguments)
            stored.rollback()
        return row
