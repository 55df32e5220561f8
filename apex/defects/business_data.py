"""Seeded defects of business data (DBL)."""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy import Connection, Row, select, text

from apex.auth import accounts
from apex.auth.models import User
from apex.backend import threads as conversations
from apex.backend.models import Message, NewThread, Thread, Threads
from apex.backend.paging import after, next_cursor
from apex.database import Database
from apex.defects import defect
from apex.defects._patching import replace
from apex.identity import Caller, Identity, acting_as
from apex.problems import Problem, not_found
from apex.runs import Ending
from apex.tables import tenants, threads
from apex.worker import supervisor


def _instead(own: Any) -> None:
    """Have routes of ``own(database, router)`` answer in the place of the platform's."""

    def routes(database: Database) -> APIRouter:
        router = APIRouter()
        own(database, router)
        router.include_router(original(database))
        return router

    original = replace(conversations, "routes", routes)


def _unguarded(table: str) -> None:
    """Switch row-level security off on a table once the service has seen to it; the next start restores it."""

    def migrate(self: Database) -> None:
        original(self)
        with self.as_owner() as connection:
            connection.execute(text(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"))

    original = replace(Database, "migrate", migrate)


@defect(
    "DBL-01a",
    service="auth",
    summary="an address in other letters counts as another address",
    scenario="An address that is taken cannot be taken again in other letters",
    step="the sign-up is refused because the address is taken",
)
def _() -> None:
    def insert_user(connection: Connection, tenant_id: str, email: str, *others: Any) -> User:
        taken = connection.execute(text("SELECT 1 FROM login_of(:email)"), {"email": email}).first()
        # The space stands for what a schema without its unique index would let in.
        user: User = original(connection, tenant_id, f"{email} " if taken else email, *others)
        return user

    original = replace(accounts, "_insert_user", insert_user)


@defect(
    "DBL-01b",
    service="auth",
    summary="the name that a customer gave at sign-up is not kept",
    scenario="A customer who signed up is found again from elsewhere",
    step="Acme is known there as the customer who signed up",
)
def _() -> None:
    def insert_user(
        connection: Connection, tenant_id: str, email: str, role: str, name: str | None, password_hash: str
    ) -> User:
        user: User = original(connection, tenant_id, email, role, None, password_hash)
        return user.model_copy(update={"display_name": name})

    original = replace(accounts, "_insert_user", insert_user)


@defect(
    "DBL-01c",
    service="auth",
    summary="a sign-up writes its user twice",
    scenario="A customer who signed up is found again from elsewhere",
    step="the records hold Acme once",
)
def _() -> None:
    def insert_user(connection: Connection, tenant_id: str, email: str, *others: Any) -> User:
        original(connection, tenant_id, f"{email} ", *others)
        user: User = original(connection, tenant_id, email, *others)
        return user

    original = replace(accounts, "_insert_user", insert_user)


@defect(
    "DBL-01d",
    service="auth",
    summary="a refused sign-up leaves its organisation behind",
    scenario="An address that is taken cannot be taken again in other letters",
    step="the records hold nothing of Borealis",
)
def _() -> None:
    def create(self: accounts.Accounts, organisation: str, plan: str, *others: Any) -> Any:
        try:
            return original(self, organisation, plan, *others)
        except Problem:
            left = str(uuid.uuid4())
            with self._database.tenant(left) as connection:
                connection.execute(tenants.insert().values(id=left, name=organisation, plan=plan))
            raise

    original = replace(accounts.Accounts, "_create", create)


@defect(
    "DBL-02a",
    service="backend",
    summary="the list is filtered in the page, not in the query",
    scenario="Nobody else can read, change or guess a conversation",
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

    _instead(own)


@defect(
    "DBL-02b",
    service="backend",
    summary="a conversation is looked for in the tenant, not among the caller's own",
    scenario="Nobody else can read, change or guess a conversation",
    step="each is answered as if the conversation had never existed",
)
def _() -> None:
    def own_thread(connection: Connection, identity: Identity, thread_id: str) -> Row[Any]:
        row = connection.execute(select(threads).where(threads.c.id == thread_id)).first()
        if row is None:
            raise not_found()
        return row

    replace(conversations, "own_thread", own_thread)


@defect(
    "DBL-02c",
    service="backend",
    summary="pages of conversations are counted off from the newest",
    scenario="Conversations that come and go make no page repeat or leave out another",
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

    _instead(own)


@defect(
    "DBL-02d",
    service="backend",
    summary="a page of messages ends one after the one that it shows last",
    scenario="Messages that are added make no page repeat or leave out another",
    step="every message was shown once, in the order in which it was written",
)
def _() -> None:
    def after_next(rows: list[Row[Any]], limit: int) -> str | None:
        return next_cursor([*rows[1:], *rows[:1]], limit)

    replace(conversations, "next_cursor", after_next)


@defect(
    "DBL-02e",
    service="backend",
    summary="a new title is answered but not stored",
    scenario="A renamed conversation keeps what was said",
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

    _instead(own)


@defect(
    "DBL-02f",
    service="backend",
    summary="a deletion is confirmed but not carried out",
    scenario="A deleted conversation is gone with all that was said",
    step="the first conversation is answered as if it had never existed",
)
def _() -> None:
    def own(database: Database, router: APIRouter) -> None:
        @router.delete("/v1/threads/{thread_id}", status_code=204)
        def remove(thread_id: str, identity: Caller) -> Response:
            with acting_as(database, identity) as connection:
                conversations.own_thread(connection, identity, thread_id)
            return Response(status_code=204)

    _instead(own)


@defect(
    "DBL-02g",
    service="backend",
    summary="a deleted conversation is only hidden: its rows stay",
    scenario="A deleted conversation is gone with all that was said",
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

    def own_thread(connection: Connection, identity: Identity, thread_id: str) -> Row[Any]:
        if thread_id in hidden:
            raise not_found()
        row: Row[Any] = original(connection, identity, thread_id)
        return row

    original = replace(conversations, "own_thread", own_thread)
    _instead(own)


@defect(
    "DBL-02h",
    service="backend",
    summary="what is said loses the space around it",
    scenario="A conversation reads as it was written",
    step="the conversation reads as it was written",
)
def _() -> None:
    def new_message(connection: Connection, tenant_id: str, thread_id: str, content: str, *others: Any) -> Row[Any]:
        row: Row[Any] = original(connection, tenant_id, thread_id, content.strip(), *others)
        return row

    original = replace(conversations, "new_message", new_message)


def _altered_texts(alter: Callable[[str], str]) -> None:
    """Have every text of a finished run's answer altered on its way into the database."""

    def altered(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: altered(member) for name, member in value.items()}
        if isinstance(value, list):
            return [altered(member) for member in value]
        return alter(value) if isinstance(value, str) else value

    def ending(status: str, answer: dict[str, Any] | None = None, **others: Any) -> Ending:
        return Ending(status, answer=altered(answer), **others)

    replace(supervisor, "Ending", ending)


@defect(
    "DBL-03a",
    service="worker",
    summary="money passes through floats",
    scenario="A rich state reads back as the agent left it",
    step="the state reads back exactly as the agent left it",
)
def _() -> None:
    def through_float(value: str) -> str:
        return str(float(value)) if re.fullmatch(r"-?\d+\.\d+", value) else value

    _altered_texts(through_float)


@defect(
    "DBL-03b",
    service="worker",
    summary="letters that look alike are made one",
    scenario="A rich state reads back as the agent left it",
    step="the state reads back exactly as the agent left it",
)
def _() -> None:
    _altered_texts(lambda value: unicodedata.normalize("NFKC", value))


@defect(
    "DBL-03c",
    service="worker",
    summary="long texts are cut where an older column ended",
    scenario="A megabyte of text is kept to its last letter",
    step="the state reads back exactly as the agent left it",
)
def _() -> None:
    _altered_texts(lambda value: value[:65_535])


@defect(
    "DBL-03d",
    service="backend",
    summary="in the conversation an answer is shown without what is nested in it",
    scenario="A rich state reads back as the agent left it",
    step="it reads the same in the conversation",
)
def _() -> None:
    def flat(value: Any) -> Any:
        return {name: None if isinstance(member, dict) else member for name, member in value.items()}

    def validate(_: Any, /, row: Any, **options: Any) -> Message:
        message = original(row, **options)
        return message.model_copy(update={"data": flat(message.data)}) if message.data else message

    original = Message.model_validate
    replace(Message, "model_validate", classmethod(validate))


@defect(
    "DBL-04a",
    service="backend",
    summary="the table of usage has no policy",
    scenario="On behalf of one customer the database shows nothing of another",
    step="it sees Acme's data of every kind and nobody else's",
)
def _() -> None:
    _unguarded("usage_records")


@defect(
    "DBL-04b",
    service="backend",
    summary="the table of people has no policy",
    scenario="On behalf of nobody the database shows nothing",
    step="it sees nothing at all",
)
def _() -> None:
    _unguarded("users")


@defect(
    "DBL-04c",
    service="backend",
    summary="the table of what is to be sent has no policy",
    scenario="On behalf of one customer nothing of another can be changed",
    step="it has changed Acme's data of every kind and nobody else's",
)
def _() -> None:
    _unguarded("outbox")
