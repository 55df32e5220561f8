"""Threads, their messages, the cloud account and the stored usage of a customer."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy import Connection, Row, delete, insert, select, update

from apex.backend.models import (
    CloudAccount,
    Message,
    Messages,
    Move,
    Moved,
    NewMessage,
    NewThread,
    NewUsageRecords,
    Stored,
    Thread,
    Threads,
)
from apex.backend.paging import Cursor, Limit, after, next_cursor
from apex.http.idempotency import once
from apex.http.identity import Caller, Identity, acting_as, reading_as
from apex.http.problems import conflict, not_found
from apex.http.routing import Repeating
from apex.runtime.paths import Named, id_in_path
from apex.storage.database import Database
from apex.storage.runs import ENDED
from apex.storage.tables import messages, runs, tenants, threads, usage_records

KEPT: Mapping[str, Any] = {"read": True, "key_share": True}
"""Nobody deletes the thread before us; any number may write to it."""
ALONE: Mapping[str, Any] = {}
"""Nobody writes to the thread, begins a run in it or deletes it before us."""


def routes(database: Database) -> APIRouter:
    """The routes over ``database``."""
    router = APIRouter(route_class=Repeating)

    @router.post("/v1/threads", status_code=201, tags=["threads"])
    @once(database)
    def create(request: NewThread, identity: Caller) -> Thread:
        """Begin a thread; it is the caller's own."""
        with acting_as(database, identity) as connection:
            return Thread.model_validate(new_thread(connection, identity, request.title), from_attributes=True)

    @router.get("/v1/threads", tags=["threads"])
    def page(identity: Caller, cursor: Cursor = None, limit: Limit = 50) -> Threads:
        """The caller's threads, newest first."""
        query = (
            select(threads)
            .where(threads.c.user_id == identity.user_id, *after(threads, cursor, newest_first=True))
            .order_by(threads.c.created_at.desc(), threads.c.id.desc())
            .limit(limit + 1)
        )
        with reading_as(database, identity) as connection:
            rows = list(connection.execute(query))
        items = [Thread.model_validate(row, from_attributes=True) for row in rows[:limit]]
        return Threads(items=items, next_cursor=next_cursor(rows, limit))

    @router.get("/v1/threads/{thread_id}", tags=["threads"])
    def read(thread_id: Named, identity: Caller) -> Thread:
        """One thread of the caller."""
        with reading_as(database, identity) as connection:
            return Thread.model_validate(own_thread(connection, identity, thread_id), from_attributes=True)

    @router.patch("/v1/threads/{thread_id}", tags=["threads"])
    def rename(thread_id: Named, request: NewThread, identity: Caller) -> Thread:
        """Give a thread another title."""
        with acting_as(database, identity) as connection:
            thread = own_thread(connection, identity, thread_id, KEPT)
            changed = connection.execute(
                update(threads).where(threads.c.id == thread.id).values(title=request.title).returning(threads)
            ).one()
        return Thread.model_validate(changed, from_attributes=True)

    @router.delete("/v1/threads/{thread_id}", status_code=204, tags=["threads"])
    def remove(thread_id: Named, identity: Caller) -> Response:
        """Delete a thread with its messages and runs; not while one of its runs is at work, whose end would be lost."""
        with acting_as(database, identity) as connection:
            thread = own_thread(connection, identity, thread_id, ALONE)
            at_work = select(runs.c.id).where(runs.c.thread_id == thread.id, runs.c.status.not_in(ENDED)).limit(1)
            if connection.scalar(at_work) is not None:
                raise conflict("A run is still at work in this thread; cancel it, or wait for its end.")
            connection.execute(delete(threads).where(threads.c.id == thread.id))
        return Response(status_code=204)

    @router.post("/v1/threads/{thread_id}/messages", status_code=201, tags=["threads"])
    @once(database)
    def write(thread_id: Named, request: NewMessage, identity: Caller) -> Message:
        """Add a message to a thread."""
        with acting_as(database, identity) as connection:
            thread = own_thread(connection, identity, thread_id, KEPT)
            row = new_message(connection, identity.tenant_id, thread.id, request.content)
        return Message.model_validate(row, from_attributes=True)

    @router.get("/v1/threads/{thread_id}/messages", tags=["threads"])
    def messages_of(thread_id: Named, identity: Caller, cursor: Cursor = None, limit: Limit = 50) -> Messages:
        """A thread's messages, oldest first."""
        with reading_as(database, identity) as connection:
            thread = own_thread(connection, identity, thread_id)
            rows = list(
                connection.execute(
                    select(messages)
                    .where(messages.c.thread_id == thread.id, *after(messages, cursor, newest_first=False))
                    .order_by(messages.c.created_at, messages.c.id)
                    .limit(limit + 1)
                )
            )
        items = [Message.model_validate(row, from_attributes=True) for row in rows[:limit]]
        return Messages(items=items, next_cursor=next_cursor(rows, limit))

    @router.post("/v1/threads/{thread_id}/moves", tags=["threads"])
    @once(database)
    def move(thread_id: Named, request: Move, identity: Caller) -> Moved:
        """Move messages to another thread of the caller: all that are named, or none."""
        with acting_as(database, identity) as connection:
            source = own_thread(connection, identity, thread_id, KEPT)
            target = own_thread(connection, identity, request.to_thread_id, KEPT)
            chosen = None if request.message_ids is None else set(request.message_ids)
            return Moved(moved=move_messages(connection, source.id, target.id, chosen))

    @router.put("/v1/cloud-account", tags=["cloud account"])
    def connect_account(request: CloudAccount, identity: Caller) -> CloudAccount:
        """Name the tenant's cloud account (owners and admins)."""
        with acting_as(database, identity, "cloud_account:manage") as connection:
            connection.execute(
                update(tenants).where(tenants.c.id == identity.tenant_id).values(cloud_account=request.model_dump())
            )
        return request

    @router.get("/v1/cloud-account", tags=["cloud account"])
    def account(identity: Caller) -> CloudAccount:
        """The tenant's cloud account."""
        with reading_as(database, identity) as connection:
            stored = connection.scalar(select(tenants.c.cloud_account))
        if stored is None:
            raise not_found()
        return CloudAccount.model_validate(stored)

    @router.post("/v1/usage-records", status_code=201, tags=["usage"])
    @once(database)
    def store_usage(request: NewUsageRecords, identity: Caller) -> Stored:
        """Store usage of the tenant's services (not for viewers)."""
        rows = [
            {"id": str(uuid.uuid4()), "tenant_id": identity.tenant_id, **record.model_dump()}
            for record in request.records
        ]
        with acting_as(database, identity, "usage:write") as connection:
            connection.execute(insert(usage_records), rows)
        return Stored(stored=len(rows))

    return router


def own_thread(
    connection: Connection, identity: Identity, thread_id: str, lock: Mapping[str, Any] | None = None
) -> Row[tuple[object, ...]]:
    """The caller's thread; 404 for whatever else the id may be. ``lock``: what it is held by until the transaction ends
    (``KEPT`` or ``ALONE``).
    """
    query = select(threads).where(threads.c.id == id_in_path(thread_id), threads.c.user_id == identity.user_id)
    row = connection.execute(query if lock is None else query.with_for_update(**lock)).first()
    if row is None:
        raise not_found()
    return row


def new_thread(connection: Connection, identity: Identity, title: str) -> Row[tuple[object, ...]]:
    """A new thread of the caller."""
    return connection.execute(
        threads.insert()
        .values(id=str(uuid.uuid4()), tenant_id=identity.tenant_id, user_id=identity.user_id, title=title)
        .returning(threads)
    ).one()


def new_message(
    connection: Connection, tenant_id: str, thread_id: str, content: str, run_id: str | None = None
) -> Row[tuple[object, ...]]:
    """A new message of the customer."""
    return connection.execute(
        messages.insert()
        .values(
            id=str(uuid.uuid4()), tenant_id=tenant_id, thread_id=thread_id, role="user", content=content, run_id=run_id
        )
        .returning(messages)
    ).one()


def move_messages(connection: Connection, source_id: str, target_id: str, chosen: Collection[str] | None) -> int:
    """Move the chosen messages (None: all) and tell how many they were.

    One statement: of two who move the same message one has moved it, and the other finds it gone.

    Raises:
        Problem: 409 when a chosen message is not in the thread (any more); nothing is moved then.
    """
    statement = update(messages).where(messages.c.thread_id == source_id).values(thread_id=target_id)
    if chosen is not None:
        statement = statement.where(messages.c.id.in_(chosen))
    moved = connection.execute(statement).rowcount
    if chosen is not None and moved != len(chosen):
        raise conflict("Not all of these messages are in the thread; none was moved.")
    return moved
