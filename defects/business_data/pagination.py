"""Seeded defects of pages out of a large archive (DBL-08)."""

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


def _page_by(whose: Callable[[Identity], Any], look: Callable[[Database, Identity, Row[Any]], None]) -> None:
    """Have pages of conversations found by another condition, and something looked up for each of them."""

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


pages_come_quickly = Scenario("Pages come quickly out of a large archive while others write", service="backend")


@pages_come_quickly.defect(
    "DBL-08a",
    "whose a conversation is, is compared as text, which no index knows",
    step="every page is found by an index",
)
def _() -> None:
    _page_by(lambda identity: threads.c.user_id.cast(Text) == identity.user_id, lambda *_: None)


@pages_come_quickly.defect(
    "DBL-08b",
    "for each conversation of a page its messages are counted, each time anew and without an index",
    step="nearly all pages have come within the page of conversations budget",
)
def _() -> None:
    def count(database: Database, identity: Identity, row: Row[Any]) -> None:
        with acting_as(database, identity) as connection:
            same = messages.c.thread_id.cast(Text) == row.id
            connection.scalar(select(func.count()).select_from(messages).where(same))

    _page_by(lambda identity: threads.c.user_id == identity.user_id, count)


@pages_come_quickly.defect(
    "DBL-08c",
    "only the newest conversations are found, for quickness' sake",
    step="each has been shown all of their own conversations, newest first",
)
def _() -> None:
    replace(conversations, "next_cursor", lambda rows, limit: None)


@pages_come_quickly.defect(
    "DBL-08d", "who writes while others read is sent away", step="what the others wrote has been kept"
)
def _() -> None:
    reading: list[str] = []

    def after_reading(table: Table, cursor: str | None, *, newest_first: bool) -> Any:
        reading.append(table.name)
        return original(table, cursor, newest_first=newest_first)

    def new_message(*arguments: Any) -> Row[Any]:
        if reading and len(reading) % 3 == 0:
            raise unavailable()
        row: Row[Any] = writing(*arguments)
        return row

    original = replace(conversations, "after", after_reading)
    writing = replace(conversations, "new_message", new_message)


@pages_come_quickly.defect(
    "DBL-08e", "a message is acknowledged and never stored", step="what the others wrote has been kept"
)
def _() -> None:
    def new_message(connection: Connection, *arguments: Any) -> Row[Any]:
        with connection.begin_nested() as stored:
            row: Row[Any] = original(connection, *arguments)
            stored.rollback()
        return row

    original = replace(conversations, "new_message", new_message)
