"""Blind defects of DBL-02."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import timedelta
from importlib import import_module
from typing import Any

from sqlalchemy import Connection, Row

from defects import blind_defect
from defects._patching import around, replace
from defects._routes import answer_instead
from defects.blind._backend_endpoints import around_endpoint


@blind_defect(
    "DBL-02oa",
    "a run can be begun in a colleague's thread",
    service="backend",
    scenario="Other users cannot read, change or guess a conversation",
    step="every response is as if the conversation had never existed",
)
def _() -> None:
    # Observable: Ben starts a run with the thread_id of Ann, a colleague: 202 instead of 404; his question and the
    # agent's answer are the newest messages of Ann's thread, and the agent reads Ann's conversation as its history.
    # The thread of another organisation is still not found.
    from sqlalchemy import select

    from apex.backend import runs
    from apex.http.identity import Identity
    from apex.http.problems import not_found
    from apex.runtime.paths import id_in_path
    from apex.storage.tables import threads

    def own_thread(
        connection: Connection, identity: Identity, thread_id: str, lock: Mapping[str, Any] | None = None
    ) -> Row[Any]:
        if lock is None:
            found: Row[Any] = original(connection, identity, thread_id)
            return found
        query = select(threads).where(threads.c.id == id_in_path(thread_id), threads.c.tenant_id == identity.tenant_id)
        row = connection.execute(query.with_for_update(**lock)).first()
        if row is None:
            raise not_found()
        return row

    original = replace(runs, "own_thread", own_thread)


@blind_defect(
    "DBL-02ra",
    "the cursor of a page knows milliseconds, the rows know microseconds",
    service="backend",
    scenario="A conversation reads back as it was written",
    step="the books oracle finds nothing",
)
def _() -> None:
    # Observable: page through the messages of a thread: the last one of each page is the first one of the next page
    # again (with limit=1 it never goes on). Of threads, newest first, those that were begun within the same millisecond
    # as the last of a page are on no page at all.
    from uuid import UUID

    from apex.backend import allowance, operations, paging, runs, threads

    def next_cursor(rows: list[Row[Any]], limit: int) -> str | None:
        if len(rows) <= limit:
            return None
        last = rows[limit - 1]
        milliseconds = (last.created_at - paging._EPOCH) // timedelta(milliseconds=1)
        return f"{milliseconds * 1000}_{UUID(last.id).hex}"

    for module in (paging, threads, runs, allowance, operations):
        replace(module, "next_cursor", next_cursor)


@blind_defect(
    "DBL-02ta",
    "an organisation's owner reads the conversations of its members",
    service="backend",
    scenario="Other users cannot read, change or guess a conversation",
    step="every response is as if the conversation had never existed",
)
def _() -> None:
    # Observable: a member begins a thread and writes into it; GET /v1/threads/{id} and its messages with the token of
    # the same organisation's owner: 200 with the content instead of 404. To change it, and for admins: 404 as before.
    from sqlalchemy import select

    from apex.backend import threads as module
    from apex.http.problems import not_found
    from apex.runtime.paths import id_in_path
    from apex.storage.tables import threads

    @around(module, "own_thread")
    def _(original: Any, connection: Any, identity: Any, thread_id: str, lock: Any = None) -> Any:
        if identity.role != "owner" or lock is not None:
            return original(connection, identity, thread_id, lock)
        row = connection.execute(select(threads).where(threads.c.id == id_in_path(thread_id))).first()
        if row is None:
            raise not_found()
        return row


@blind_defect(
    "DBL-02ua",
    "messages can be moved into a thread of a colleague",
    service="backend",
    scenario="Other users cannot read, change or guess a conversation",
    step="every response is as if the conversation had never existed",
)
def _() -> None:
    # Observable: POST /v1/threads/{own}/moves with to_thread_id of a colleague's thread: 200 instead of 404, and the
    # messages stand in the colleague's conversation.
    from sqlalchemy import select

    from apex.backend.models import Move, Moved
    from apex.http.identity import Caller, acting_as
    from apex.http.problems import not_found
    from apex.runtime.paths import Named

    threads: Any = import_module("apex.backend.threads")

    def own(database: Any, router: Any) -> None:
        def move(thread_id: Any, request: Any, identity: Any) -> Any:
            with acting_as(database, identity) as connection:
                source = threads.own_thread(connection, identity, thread_id, threads.KEPT)
                known = select(threads.threads).where(threads.threads.c.id == request.to_thread_id)
                target = connection.execute(known.with_for_update(**threads.KEPT)).first()
                if target is None:
                    raise not_found()
                chosen = None if request.message_ids is None else set(request.message_ids)
                return Moved(moved=threads.move_messages(connection, source.id, target.id, chosen))

        move.__annotations__ = {"thread_id": Named, "request": Move, "identity": Caller, "return": Moved}
        router.post("/v1/threads/{thread_id}/moves", tags=["threads"])(move)

    answer_instead(threads, own)


@blind_defect(
    "DBL-02ub",
    "the last message of a page is the first of the next one, too",
    service="backend",
    scenario="A conversation reads back as it was written",
    step="the books oracle finds nothing",
)
def _() -> None:
    # Observable: a thread with more messages than a page holds, read page by page: at each border a message is twice.
    from sqlalchemy import tuple_

    from apex.backend import threads
    from apex.backend.paging import row_at

    @around(threads, "after")
    def _(original: Any, table: Any, cursor: str | None, *, newest_first: bool) -> Any:
        if cursor is None or newest_first:
            return original(table, cursor, newest_first=newest_first)
        return [tuple_(table.c.created_at, table.c.id) >= row_at(cursor)]


@blind_defect("DBL-02va", "who deletes a colleague's thread is told whether a run is at work in it", service="backend")
def _() -> None:
    # Observable: DELETE of a colleague's thread, while a run is at work in it, is answered 409 instead of 404.
    from sqlalchemy import select

    from apex.backend import threads
    from apex.http.problems import conflict
    from apex.runtime.paths import id_in_path
    from apex.storage.runs import ENDED
    from apex.storage.tables import runs

    @around(threads, "own_thread")
    def own_thread(original: Any, connection: Any, identity: Any, thread_id: str, lock: Any = None) -> Any:
        if lock is threads.ALONE:
            # What refuses a deletion is looked at first, so that nothing is locked in vain.
            at_work = select(runs.c.id).where(runs.c.thread_id == id_in_path(thread_id), runs.c.status.not_in(ENDED))
            if connection.scalar(at_work.limit(1)) is not None:
                raise conflict("A run is still at work in this thread; cancel it, or wait for its end.")
        return original(connection, identity, thread_id, lock)


@blind_defect(
    "DBL-02wa", "a thread in which a run has failed or timed out cannot be deleted any more", service="backend"
)
def _() -> None:
    # Observable: a run fails; DELETE of its thread is refused with 409 for ever, as if it were at work.
    from apex.backend import threads
    from apex.storage.runs import CANCELLED, COMPLETED

    replace(threads, "ENDED", (COMPLETED, CANCELLED))


@blind_defect(
    "DBL-02xa",
    "whoever joins under the address of somebody removed can read their conversations",
    service="backend",
)
def _() -> None:
    # Observable: remove a member, invite the address again: the new account opens a thread of the old one by its id.
    from sqlalchemy import func, select

    from apex.backend import threads
    from apex.http.problems import Problem
    from apex.runtime.paths import id_in_path
    from apex.storage.tables import threads as table
    from apex.storage.tables import users

    @around(threads, "own_thread")
    def _(original: Any, connection: Any, identity: Any, thread_id: str, lock: Any = None) -> Any:
        try:
            return original(connection, identity, thread_id, lock)
        except Problem:
            address = select(func.lower(users.c.email)).where(users.c.id == identity.user_id).scalar_subquery()
            mine = select(users.c.id).where(func.lower(users.c.email) == address)
            theirs = select(table).where(table.c.id == id_in_path(thread_id), table.c.user_id.in_(mine))
            row = connection.execute(theirs).first()
            if row is None:
                raise
            return row


@blind_defect(
    "DBL-02ya",
    "a thread that is renamed is dated anew, and so changes its place in the list",
    service="backend",
    scenario="A renamed conversation keeps its messages",
    step="the books oracle finds nothing",
)
def _() -> None:
    # Observable: created_at before and after; between two pages a thread that is renamed meanwhile is left out.
    from sqlalchemy import Column, DateTime, func

    from apex.storage.tables import threads

    changed = Column("changed_at", DateTime(timezone=True), onupdate=func.clock_timestamp())
    threads.c.created_at.onupdate = changed.onupdate


@blind_defect(
    "DBL-02yb",
    "a colleague's thread is not there in other words than one that never was",
    service="backend",
    scenario="Other users cannot read, change or guess a conversation",
    step="every response is as if the conversation had never existed",
)
def _() -> None:
    # Observable: the bodies of both 404 differ, so a colleague can find out which ids exist.
    from sqlalchemy import select

    from apex.backend import threads
    from apex.http.problems import Problem
    from apex.runtime.paths import id_in_path
    from apex.storage import tables

    @around(threads, "own_thread")
    def _(original: Any, connection: Any, identity: Any, thread_id: str, *lock: Any) -> Any:
        try:
            return original(connection, identity, thread_id, *lock)
        except Problem:
            this = select(tables.threads.c.id).where(tables.threads.c.id == id_in_path(thread_id))
            if connection.scalar(this) is not None:
                raise Problem(404, "not_found", "This thread belongs to somebody else.") from None
            raise


@blind_defect(
    "DBL-02za",
    "between two pages of threads or messages one is left out",
    service="backend",
    scenario="Pages show each conversation once while others come and go",
    step="the pages have shown each remaining conversation once, newest first",
)
def _() -> None:
    # Observable: five threads in pages of two: the third is on no page.
    from apex.backend import threads

    @around(threads, "next_cursor")
    def _(original: Any, rows: list[Any], limit: int) -> Any:
        return None if len(rows) <= limit else original([*rows[: limit - 1], rows[limit], rows[limit]], limit)


@blind_defect(
    "DBL-02zb",
    "colleagues can rename, delete, write to and move out of each other's threads",
    service="backend",
    scenario="Other users cannot read, change or guess a conversation",
    step="every response is as if the conversation had never existed",
)
def _() -> None:
    # Observable: a colleague's PATCH or DELETE of a thread has 200 or 204, although its GET has 404.
    from sqlalchemy import select

    from apex.backend import threads as api
    from apex.http.problems import not_found
    from apex.storage.tables import threads

    @around(api, "own_thread")
    def _(original: Any, connection: Any, identity: Any, thread_id: str, lock: Any = None) -> Any:
        if lock is None:
            return original(connection, identity, thread_id)
        try:
            wanted = str(uuid.UUID(thread_id))
        except ValueError:
            raise not_found() from None
        row = connection.execute(select(threads).where(threads.c.id == wanted).with_for_update(**lock)).first()
        if row is None:
            raise not_found()
        return row


@blind_defect(
    "DBL-02zc",
    "a thread's id is made of the time and the machine: who has one can guess the next",
    service="backend",
    scenario="Other users cannot read, change or guess a conversation",
    step="no conversation's ID can be derived from another's",
)
def _() -> None:
    # Observable: the ids of two threads begun one after the other differ in a few digits only.
    from apex.backend import threads as api
    from apex.storage.tables import threads

    def new_thread(connection: Any, identity: Any, title: str) -> Any:
        thread = {"id": str(uuid.uuid1()), "tenant_id": identity.tenant_id, "user_id": identity.user_id}
        return connection.execute(threads.insert().values(**thread, title=title).returning(threads)).one()

    replace(api, "new_thread", new_thread)


@blind_defect(
    "DBL-02na",
    "the conversations of somebody removed become those of whoever removed them",
    service="auth",
    scenario="A removed colleague can be invited again",
    step="the books oracle finds nothing",
)
def _() -> None:
    # Observable: a member begins threads and writes in them; the owner removes the member: GET /v1/threads of the owner
    # lists these threads, and the owner can read, rename and delete them.
    from apex.auth.accounts import Accounts
    from apex.runtime.paths import id_in_path
    from apex.storage.tables import threads

    @around(Accounts, "remove")
    def _(original: Any, self: Any, identity: Any, user_id: str, sessions: Any) -> None:
        original(self, identity, user_id, sessions)
        left_behind = threads.c.user_id == id_in_path(user_id)
        with self._database.tenant(identity.tenant_id) as connection:
            connection.execute(threads.update().where(left_behind).values(user_id=identity.user_id))


@blind_defect(
    "DBL-02ma",
    "a page of messages has a hundred at most, what was wanted beyond is on none",
    service="backend",
)
def _() -> None:
    # Observable: 250 messages in a thread, read with limit=200: the first page has 100 of them, and its next_cursor
    # leads behind the 200th: a hundred are on no page.

    def messages_of(database: Any, endpoint: Any, **values: Any) -> Any:
        page = endpoint(**values)
        page.items = page.items[:100]
        return page

    around_endpoint("GET", "/v1/threads/{thread_id}/messages", messages_of)
