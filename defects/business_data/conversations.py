"""Seeded defects of conversations (DBL-02)."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy import Connection, Row, func, select, update

from apex.backend import threads as conversations
from apex.backend.models import NewThread, Thread, Threads
from apex.backend.paging import after, next_cursor
from apex.http.identity import Caller, Identity, acting_as
from apex.http.problems import conflict, not_found
from apex.storage.database import Database
from apex.storage.runs import ENDED, RUN_CANCEL, RUNNING, now
from apex.storage.tables import runs, threads
from defects import Scenario
from defects._patching import replace
from defects._routes import answer_instead

nobody_else_can = Scenario("Nobody else can read, change or guess a conversation", service="backend")


@nobody_else_can.defect(
    "DBL-02a",
    "the list is filtered in the page, not in the query",
    step="each still finds their own conversation and no other",
)
def _() -> None:
    def own(database: Database, router: APIRouter) -> None:
        @router.get("/v1/threads")
        def page(identity: Caller, cursor: str | None = None, limit: conversations.Limit = 50) -> Threads:
            query = select(threads).where(*after(threads, cursor, newest_first=True))
            with acting_as(database, identity) as connection:
                ordered = query.order_by(threads.c.created_at.desc(), threads.c.id.desc()).limit(limit + 1)
                rows = list(connection.execute(ordered))
            items = [
                Thread.model_validate(row, from_attributes=True)
                for row in rows[:limit]
                if row.user_id == identity.user_id
            ]
            return Threads(items=items, next_cursor=next_cursor(rows, limit))

    answer_instead(conversations, own)


@nobody_else_can.defect(
    "DBL-02b",
    "a conversation is looked for in the tenant, not among the caller's own",
    step="each is answered as if the conversation had never existed",
)
def _() -> None:
    def own_thread(connection: Connection, identity: Identity, thread_id: str, *lock: Any) -> Row[Any]:
        row = connection.execute(select(threads).where(threads.c.id == thread_id)).first()
        if row is None:
            raise not_found()
        return row

    replace(conversations, "own_thread", own_thread)


conversations_come_go = Scenario(
    "Conversations that come and go make no page repeat or leave out another", service="backend"
)


@conversations_come_go.defect(
    "DBL-02c",
    "pages of conversations are counted off from the newest",
    step="each conversation that stayed was shown once, newest first",
)
def _() -> None:
    def own(database: Database, router: APIRouter) -> None:
        @router.get("/v1/threads")
        def page(identity: Caller, cursor: str | None = None, limit: conversations.Limit = 50) -> Threads:
            start = int(cursor or 0)
            query = select(threads).where(threads.c.user_id == identity.user_id)
            with acting_as(database, identity) as connection:
                ordered = query.order_by(threads.c.created_at.desc()).offset(start).limit(limit + 1)
                rows = list(connection.execute(ordered))
            items = [Thread.model_validate(row, from_attributes=True) for row in rows[:limit]]
            return Threads(items=items, next_cursor=str(start + limit) if len(rows) > limit else None)

    answer_instead(conversations, own)


messages_added_make = Scenario("Messages that are added make no page repeat or leave out another", service="backend")


@messages_added_make.defect(
    "DBL-02d",
    "a page of messages ends one after the one that it shows last",
    step="every message was shown once, in the order in which it was written",
)
def _() -> None:
    def after_next(rows: list[Row[Any]], limit: int) -> str | None:
        return next_cursor([*rows[1:], *rows[:1]], limit)

    replace(conversations, "next_cursor", after_next)


renamed_conversation_keeps = Scenario("A renamed conversation keeps what was said", service="backend")


@renamed_conversation_keeps.defect(
    "DBL-02e",
    "a new title is answered but not stored",
    step="the first conversation reads as it was, under its new title",
)
def _() -> None:
    def own(database: Database, router: APIRouter) -> None:
        @router.patch("/v1/threads/{thread_id}")
        def rename(thread_id: str, request: NewThread, identity: Caller) -> Thread:
            with acting_as(database, identity) as connection:
                thread = conversations.own_thread(connection, identity, thread_id)
            stored = Thread.model_validate(thread, from_attributes=True)
            return stored.model_copy(update={"title": request.title})

    answer_instead(conversations, own)


deleted_conversation_gone = Scenario("A deleted conversation is gone with all that was said", service="backend")


@deleted_conversation_gone.defect(
    "DBL-02f",
    "a deletion is confirmed but not carried out",
    step="the first conversation is answered as if it had never existed",
)
def _() -> None:
    def own(database: Database, router: APIRouter) -> None:
        @router.delete("/v1/threads/{thread_id}", status_code=204)
        def remove(thread_id: str, identity: Caller) -> Response:
            with acting_as(database, identity) as connection:
                conversations.own_thread(connection, identity, thread_id)
            return Response(status_code=204)

    answer_instead(conversations, own)


@deleted_conversation_gone.defect(
    "DBL-02g",
    "a deleted conversation is only hidden: its rows stay",
    step="the records hold nothing of the first conversation",
)
def _() -> None:
    hidden: set[str] = set()

    def own(database: Database, router: APIRouter) -> None:
        @router.delete("/v1/threads/{thread_id}", status_code=204)
        def remove(thread_id: str, identity: Caller) -> Response:
            with acting_as(database, identity) as connection:
                hidden.add(str(conversations.own_thread(connection, identity, thread_id).id))
            return Response(status_code=204)

    def own_thread(connection: Connection, identity: Identity, thread_id: str, *lock: Any) -> Row[Any]:
        if thread_id in hidden:
            raise not_found()
        row: Row[Any] = original(connection, identity, thread_id, *lock)
        return row

    original = replace(conversations, "own_thread", own_thread)
    answer_instead(conversations, own)


conversation_reads_written = Scenario("A conversation reads as it was written", service="backend")


@conversation_reads_written.defect(
    "DBL-02h", "what is said loses the space around it", step="the conversation reads as it was written"
)
def _() -> None:
    def new_message(connection: Connection, tenant_id: str, thread_id: str, content: str, *others: Any) -> Row[Any]:
        row: Row[Any] = original(connection, tenant_id, thread_id, content.strip(), *others)
        return row

    original = replace(conversations, "new_message", new_message)


@renamed_conversation_keeps.defect(
    "DBL-02i", "renaming one conversation renames all", step="the second conversation reads as it was"
)
def _() -> None:
    def own(database: Database, router: APIRouter) -> None:
        @router.patch("/v1/threads/{thread_id}")
        def rename(thread_id: str, request: NewThread, identity: Caller) -> Thread:
            with acting_as(database, identity) as connection:
                mine = threads.c.user_id == identity.user_id
                connection.execute(update(threads).where(mine).values(title=request.title))
                return Thread.model_validate(
                    conversations.own_thread(connection, identity, thread_id), from_attributes=True
                )

    answer_instead(conversations, own)


@nobody_else_can.defect(
    "DBL-02j", "a colleague's change is made before it is refused", step="Acme's conversation reads as it was"
)
def _() -> None:
    def own(database: Database, router: APIRouter) -> None:
        @router.patch("/v1/threads/{thread_id}")
        def rename(thread_id: str, request: NewThread, identity: Caller) -> Thread:
            with acting_as(database, identity) as connection:
                connection.execute(update(threads).where(threads.c.id == thread_id).values(title=request.title))
            with acting_as(database, identity) as connection:
                return Thread.model_validate(
                    conversations.own_thread(connection, identity, thread_id), from_attributes=True
                )

    answer_instead(conversations, own)


conversation_not_deleted = Scenario("A conversation is not deleted while an agent is at work in it", service="backend")


@conversation_not_deleted.defect(
    "DBL-02k",
    "a conversation is deleted under an agent that is at work in it",
    step="Acme is told that the agent is still at work there",
)
def _() -> None:
    replace(conversations, "ENDED", (*ENDED, RUNNING))


@conversation_not_deleted.defect(
    "DBL-02l",
    "who may not delete a conversation yet has stopped the agent in it all the same",
    step="Acme's run completes",
)
def _() -> None:
    def own(database: Database, router: APIRouter) -> None:
        @router.delete("/v1/threads/{thread_id}", status_code=204)
        def remove(thread_id: str, identity: Caller) -> Response:
            with acting_as(database, identity) as connection:
                thread = conversations.own_thread(connection, identity, thread_id)
                at_work = select(runs.c.id).where(runs.c.thread_id == thread.id, runs.c.status == RUNNING)
                for run_id in connection.scalars(at_work):
                    connection.execute(update(runs).where(runs.c.id == run_id).values(cancel_requested_at=now()))
                    connection.execute(select(func.pg_notify(RUN_CANCEL, run_id)))
            raise conflict("A run was still at work in this thread.")

    answer_instead(conversations, own)
