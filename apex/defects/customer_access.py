"""Seeded defects of what customers are let into, and of what else a request touches (API, DBL, WSE)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy import Connection as SqlConnection
from sqlalchemy import select, text, update

from apex.auth.models import Token
from apex.auth.passwords import fingerprint
from apex.auth.sessions import Sessions
from apex.backend import operations
from apex.backend import threads as conversations
from apex.backend.connection import Connection
from apex.backend.models import NewThread, Thread
from apex.database import Database
from apex.defects import defect
from apex.defects._patching import replace
from apex.identity import Caller, Identity, acting_as
from apex.problems import not_found
from apex.tables import sessions, threads


def _instead(own: Callable[[Database, APIRouter], None]) -> None:
    """Have routes of ``own(database, router)`` answer in the place of the platform's."""

    def routes(database: Database, *others: Any) -> APIRouter:
        router = APIRouter()
        own(database, router)
        router.include_router(original(database, *others))
        return router

    original = replace(conversations, "routes", routes)


def _closed(method: str, path: str) -> None:
    """Answer everybody with a valid token as if nothing were there."""

    def own(database: Database, router: APIRouter) -> None:
        @router.api_route(path, methods=[method])
        def nothing(identity: Caller) -> Response:
            with acting_as(database, identity):
                raise not_found()

    _instead(own)


@defect(
    "API-02e",
    service="backend",
    summary="who owns a conversation cannot read its messages either",
    scenario="Another customer finds nothing",
    step="every one of these ways is open to Acme",
)
def _() -> None:
    _closed("GET", "/v1/threads/{thread_id}/messages")


@defect(
    "API-02f",
    service="backend",
    summary="who owns a run cannot cancel it either",
    scenario="A colleague finds nothing of what is not shared",
    step="every one of these ways is open to Acme",
)
def _() -> None:
    _closed("POST", "/v1/runs/{run_id}/cancel")


@defect(
    "API-03k",
    service="backend",
    summary="owners are not let through to their own conversations",
    scenario="A bad token opens no door",
    step="Acme's own token opens every door that is there for owners",
)
def _() -> None:
    _closed("GET", "/v1/threads")


@defect(
    "API-03l",
    service="auth",
    summary="refreshed tokens are those of a session that nobody has begun",
    scenario="A session goes on with new tokens",
    step="Acme is let in with the new tokens",
)
def _() -> None:
    def token(self: Sessions, session_id: str, *others: Any) -> Token:
        refreshed = others[-1] is None
        given: Token = original(self, str(uuid.uuid4()) if refreshed else session_id, *others)
        return given

    original = replace(Sessions, "_token", token)


@defect(
    "API-03m",
    service="auth",
    summary="a used refresh token works as long as its session",
    scenario="A refresh token that is shown again ends the session",
    step="the refresh token is refused",
)
def _() -> None:
    def refresh(self: Sessions, refresh_token: str) -> Token:
        old = fingerprint(refresh_token)
        with self._database.platform() as connection:
            spent = connection.execute(text("SELECT * FROM spent_session_of(:old)"), {"old": old}).first()
        if spent is None:
            given: Token = original(self, refresh_token)
            return given
        with self._database.tenant(str(spent.tenant_id)) as connection:
            session = select(sessions.c.id, sessions.c.user_id, sessions.c.tenant_id)
            row = connection.execute(session.where(sessions.c.id == str(spent.session_id))).one()
        return self._token(row.id, row.tenant_id, row.user_id, "owner", "early", refresh_token, None)

    original = replace(Sessions, "refresh", refresh)


@defect(
    "DBL-02i",
    service="backend",
    summary="renaming one conversation renames all",
    scenario="A renamed conversation keeps what was said",
    step="the second conversation reads as it was",
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

    _instead(own)


@defect(
    "DBL-02j",
    service="backend",
    summary="a colleague's change is made before it is refused",
    scenario="Nobody else can read, change or guess a conversation",
    step="Acme's conversation reads as it was",
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

    _instead(own)


@defect(
    "WSE-03k",
    service="backend",
    summary="who connects is told a place in the stream that lies behind",
    scenario="A customer who was away too long is told so once",
    step="Acme's next run is shown without a gap",
)
def _() -> None:
    async def control(self: Connection, type: str, generation: int) -> None:
        self._cursor -= 2
        await original(self, type, generation)
        self._cursor += 2

    original = replace(Connection, "_control", control)


@defect(
    "WSE-07d",
    service="backend",
    summary="the permission for a notice is asked for when it has left",
    scenario="A customer cannot send a notice",
    step="the only notice that anybody receives is the operator's next one",
)
def _() -> None:
    @contextmanager
    def late(database: Database, identity: Identity, permission: str | None = None) -> Iterator[SqlConnection]:
        with acting_as(database, identity) as connection:
            yield connection
        if permission is not None:
            with acting_as(database, identity, permission):
                pass

    replace(operations, "acting_as", late)
