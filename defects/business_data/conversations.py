"""Seeded defects of conversations (DBL-02)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy import Connection, Row, func, select, update

from apex.backend import runs as runs_api
from apex.backend import threads as conversations
from apex.backend.models import NewThread, Thread, Threads
from apex.backend.paging import Limit, next_cursor
from apex.http.identity import Caller, Identity, acting_as
from apex.http.problems import conflict, not_found
from apex.storage.database import Database
from apex.storage.runs import ENDED, RUN_CANCEL, RUNNING, now
from apex.storage.tables import runs, threads
from defects import Scenario
from defects._patching import around, replace
from defects._routes import answer_instead
from defects.business_data._lists import list_instead, newest_first

written = Scenario("A conversation reads back as it was written", service="backend")
conversation_pages = Scenario("Pages show each conversation once while others come and go", service="backend")
message_pages = Scenario("Pages show each message once while more are added", service="backend")
renamed = Scenario("A renamed conversation keeps its messages", service="backend")
deleted = Scenario("A deleted conversation is gone with all its messages", service="backend")
running = Scenario("A conversation cannot be deleted while an agent is running in it", service="backend")
others = Scenario("Other users cannot read, change or guess a conversation", service="backend")
any_order = Scenario("Conversations read as written in whatever order customers act", service="backend")

_NEVER_EXISTED = "every response is as if the conversation had never existed"


def _rename_by(rename: Callable[[Database, Identity, str, str], Thread]) -> None:
    """Have conversations renamed in another way."""

    def own(database: Database, router: APIRouter) -> None:
        @router.patch("/v1/threads/{thread_id}")
        def patch(thread_id: str, request: NewThread, identity: Caller) -> Thread:
            return rename(database, identity, thread_id, request.title)

    answer_instead(conversations, own)


def _delete_by(delete: Callable[[Connection, Row[Any]], None]) -> None:
    """Have something else done with a conversation that its owner deletes."""

    def own(database: Database, router: APIRouter) -> None:
        @router.delete("/v1/threads/{thread_id}", status_code=204)
        def remove(thread_id: str, identity: Caller) -> Response:
            with acting_as(database, identity) as connection:
                delete(connection, conversations.own_thread(connection, identity, thread_id))
            return Response(status_code=204)

    answer_instead(conversations, own)


def _as_stored(connection: Connection, identity: Identity, thread_id: str) -> Thread:
    return Thread.model_validate(conversations.own_thread(connection, identity, thread_id), from_attributes=True)


@others.defect(
    "DBL-02a",
    "the list is filtered in the page, not in the query",
    step="Acme, Borealis and Ben of Acme each find their own conversation and no other",
)
def _() -> None:
    def shown(database: Database, identity: Identity, row: Row[Any]) -> bool:
        return bool(row.user_id == identity.user_id)

    list_instead(conversations, "/v1/threads", threads, (Thread, Threads), shown=shown)


@others.defect(
    "DBL-02b", "a conversation is looked up in the whole organisation, not among the user's own", step=_NEVER_EXISTED
)
def _() -> None:
    def own_thread(connection: Connection, identity: Identity, thread_id: str, *lock: Any) -> Row[Any]:
        row = connection.execute(select(threads).where(threads.c.id == thread_id)).first()
        if row is None:
            raise not_found()
        return row

    replace(conversations, "own_thread", own_thread)


@conversation_pages.defect(
    "DBL-02c",
    "pages of conversations are counted by offset from the newest",
    step="the pages have shown each remaining conversation once, newest first",
)
def _() -> None:
    def own(database: Database, router: APIRouter) -> None:
        @router.get("/v1/threads")
        def page(identity: Caller, cursor: str | None = None, limit: Limit = 50) -> Threads:
            start = int(cursor or 0)
            query = select(threads).where(threads.c.user_id == identity.user_id).offset(start)
            with acting_as(database, identity) as connection:
                rows = newest_first(connection, threads, query, limit)
            items = [Thread.model_validate(row, from_attributes=True) for row in rows[:limit]]
            return Threads(items=items, next_cursor=str(start + limit) if len(rows) > limit else None)

    answer_instead(conversations, own)


@message_pages.defect(
    "DBL-02d",
    "the next page of messages skips the first message after the previous page",
    step="the pages have shown each message once, oldest first",
)
def _() -> None:
    replace(conversations, "next_cursor", lambda rows, limit: next_cursor([*rows[1:], *rows[:1]], limit))


@renamed.defect(
    "DBL-02e", "a new title is returned but not stored", step="Acme's first conversation reads back under its new title"
)
def _() -> None:
    def rename(database: Database, identity: Identity, thread_id: str, title: str) -> Thread:
        with acting_as(database, identity) as connection:
            return _as_stored(connection, identity, thread_id).model_copy(update={"title": title})

    _rename_by(rename)


@deleted.defect("DBL-02f", "a deletion is confirmed but not carried out", step=_NEVER_EXISTED)
def _() -> None:
    _delete_by(lambda connection, thread: None)


@deleted.defect(
    "DBL-02g",
    "a deleted conversation is only hidden: its rows stay",
    step="the database holds nothing of the first conversation",
)
def _() -> None:
    hidden: set[str] = set()

    @around(conversations, "own_thread")
    def own_thread(original: Any, connection: Connection, identity: Identity, thread_id: str, *lock: Any) -> Any:
        if thread_id.lower() in hidden:
            raise not_found()
        return original(connection, identity, thread_id, *lock)

    replace(runs_api, "own_thread", conversations.own_thread)
    _delete_by(lambda connection, thread: hidden.add(str(thread.id)))


@written.defect(
    "DBL-02h", "a message loses the space around it", step="Acme's conversation reads back as it was written"
)
def _() -> None:
    @around(conversations, "new_message")
    def new_message(original: Any, *arguments: Any) -> Any:
        connection, tenant_id, thread_id, content, *others = arguments
        return original(connection, tenant_id, thread_id, content.strip(), *others)


@renamed.defect(
    "DBL-02i", "renaming one conversation renames all", step="Acme's second conversation reads back as it was written"
)
def _() -> None:
    def rename(database: Database, identity: Identity, thread_id: str, title: str) -> Thread:
        with acting_as(database, identity) as connection:
            connection.execute(update(threads).where(threads.c.user_id == identity.user_id).values(title=title))
            return _as_stored(connection, identity, thread_id)

    _rename_by(rename)


@others.defect(
    "DBL-02j",
    "a colleague's change is made before it is refused",
    step="<owner> conversation reads back as it was written",
)
def _() -> None:
    def rename(database: Database, identity: Identity, thread_id: str, title: str) -> Thread:
        with acting_as(database, identity) as connection:
            connection.execute(update(threads).where(threads.c.id == thread_id).values(title=title))
        with acting_as(database, identity) as connection:
            return _as_stored(connection, identity, thread_id)

    _rename_by(rename)


@running.defect(
    "DBL-02k",
    "a conversation is deleted although an agent is running in it",
    step="the deletion is refused because an agent is running",
)
def _() -> None:
    replace(conversations, "ENDED", (*ENDED, RUNNING))


@running.defect("DBL-02l", "a refused deletion cancels the running agent all the same", step="Acme's run completes")
def _() -> None:
    def own(database: Database, router: APIRouter) -> None:
        @router.delete("/v1/threads/{thread_id}", status_code=204)
        def remove(thread_id: str, identity: Caller) -> Response:
            with acting_as(database, identity) as connection:
                thread = conversations.own_thread(connection, identity, thread_id)
                running = select(runs.c.id).where(runs.c.thread_id == thread.id, runs.c.status == RUNNING)
                for run_id in connection.scalars(running):
                    connection.execute(update(runs).where(runs.c.id == run_id).values(cancel_requested_at=now()))
                    connection.execute(select(func.pg_notify(RUN_CANCEL, run_id)))
            raise conflict("A run was still running in this thread.")

    answer_instead(conversations, own)


@any_order.defect("DBL-02m", "titles are kept in small letters", step="every action has the expected outcome")
def _() -> None:
    def new_thread(connection: Connection, identity: Identity, title: str) -> Any:
        return original(connection, identity, title.lower())

    original = replace(conversations, "new_thread", new_thread)
