"""Seeded defects of pages from a large archive (DBL-08)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from sqlalchemy import Connection, Row, Table, Text, func, select

from apex.backend import threads as conversations
from apex.backend.models import Thread, Threads
from apex.backend.paging import after, next_cursor
from apex.http.identity import Caller, Identity, acting_as
from apex.http.problems import unavailable
from apex.storage.database import Database
from apex.storage.tables import messages, threads
from defects import Scenario
from defects._patching import replace
from defects._routes import answer_instead

pages = Scenario("Pages arrive quickly from a large archive while others write", service="backend")

_STORED = "everything that the others wrote is stored"


def _page_by(
    whose: Callable[[Identity], Any], look: Callable[[Database, Identity, Row[Any]], None] = lambda *_: None
) -> None:
    """Have pages of conversations found by another condition, and something looked up for each conversation."""

    def own(database: Database, router: APIRouter) -> None:
        @router.get("/v1/threads")
        def page(identity: Caller, cursor: str | None = None, limit: conversations.Limit = 50) -> Threads:
            query = select(threads).where(whose(identity), *after(threads, cursor, newest_first=True))
            with acting_as(database, identity) as connection:
                ordered = query.order_by(threads.c.created_at.desc(), threads.c.id.desc()).limit(limit + 1)
                rows = list(connection.execute(ordered))
            for row in rows:
                look(database, identity, row)
            items = [Thread.model_validate(row, from_attributes=True) for row in rows[:limit]]
            return Threads(items=items, next_cursor=next_cursor(rows, limit))

    answer_instead(conversations, own)


@pages.defect(
    "DBL-08a",
    "the owner of a conversation is compared as text, for which there is no index",
    step="no page takes a search through other users' conversations",
)
def _() -> None:
    _page_by(lambda identity: threads.c.user_id.cast(Text) == identity.user_id)


@pages.defect(
    "DBL-08b",
    "the messages of each conversation of a page are counted one by one and without an index",
    step="nearly all pages arrive within the page of conversations budget",
)
def _() -> None:
    def count(database: Database, identity: Identity, row: Row[Any]) -> None:
        with acting_as(database, identity) as connection:
            same = messages.c.thread_id.cast(Text) == row.id
            connection.scalar(select(func.count()).select_from(messages).where(same))

    _page_by(lambda identity: threads.c.user_id == identity.user_id, count)


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

    def after_reading(table: Table, cursor: str | None, *, newest_first: bool) -> Any:
        reading.append(table.name)
        return original(table, cursor, newest_first=newest_first)

    def new_message(*arguments: Any) -> Any:
        if reading and len(reading) % 3 == 0:
            raise unavailable()
        return writing(*arguments)

    original = replace(conversations, "after", after_reading)
    writing = replace(conversations, "new_message", new_message)


@pages.defect("DBL-08e", "a message is acknowledged and never stored", step=_STORED)
def _() -> None:
    def new_message(connection: Connection, *arguments: Any) -> Any:
        with connection.begin_nested() as stored:
            row = original(connection, *arguments)
            stored.rollback()
        return row

    original = replace(conversations, "new_message", new_message)
