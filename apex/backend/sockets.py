"""The event socket: who may open it, and when it closes."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Annotated, Any

import redis.asyncio
import structlog
from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool
from pydantic import Field
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState
from structlog.contextvars import bind_contextvars

from apex.backend.connection import CLOSE_SESSION_ENDED, Connection, Position
from apex.backend.hub import Hub
from apex.config.live import Configuration
from apex.http.identity import Identity, acting_as, verify
from apex.http.problems import Problem, answer, permission_denied, unauthenticated, unavailable
from apex.http.routing import Repeating
from apex.http.values import STORABLE, AsDigits
from apex.storage.database import Database
from apex.storage.stream import LINE_ERRORS

log = structlog.get_logger()

SUBPROTOCOL = "apex.v1"
CLOSE_TRY_AGAIN = 1013
_TOKEN_PREFIX = "bearer."
Sequence = Annotated[int, Field(ge=0), AsDigits]
Epoch = Annotated[str, Field(max_length=100), STORABLE]


def routes(database: Database, hub: Hub, client: redis.asyncio.Redis, configuration: Configuration) -> APIRouter:
    """The socket's route."""
    router = APIRouter(route_class=Repeating)
    settings = configuration.settings

    @router.websocket("/v1/events")
    async def events(socket: WebSocket, last_sequence: Sequence | None = None, epoch: Epoch | None = None) -> None:
        try:
            _require_origin(socket, settings.backend.allowed_origins)
            identity = verify(configuration, _token(socket))
        except Problem as problem:
            await socket.send_denial_response(answer(socket.state.request_id, problem))
            return
        bind_contextvars(tenant_id=identity.tenant_id, user_id=identity.user_id)
        connection = Connection(socket, identity, client, settings.backend.connection_buffer)
        # Known to the hub before the session is looked at: a log-out in between is not missed.
        try:
            await hub.add(connection)
            await run_in_threadpool(require_session, database, identity)
            offered = socket.scope["subprotocols"]
            await socket.accept(SUBPROTOCOL if SUBPROTOCOL in offered else None)
            resume = Position(epoch or "", last_sequence) if last_sequence is not None else None
            await _serve(socket, connection, resume)
        except LINE_ERRORS as error:
            if socket.application_state is WebSocketState.CONNECTED:
                log.warning("socket given up", reason=type(error).__name__)
                await socket.close(CLOSE_TRY_AGAIN)
            else:
                log.error("cannot answer", exc_info=error)
                await socket.send_denial_response(answer(socket.state.request_id, unavailable()))
        except Problem as problem:
            await socket.send_denial_response(answer(socket.state.request_id, problem))
        finally:
            await hub.remove(connection)

    return router


async def _serve(socket: WebSocket, connection: Connection, resume: Position | None) -> None:
    """Send events until the client leaves, the token expires or the session ends."""
    sending = asyncio.ensure_future(connection.send_events(resume))
    leaving = asyncio.ensure_future(_disconnected(socket))
    life = connection.identity.expires_at - time.time()
    try:
        watched: set[asyncio.Future[Any]] = {sending, leaving, connection.ended}
        await asyncio.wait(watched, timeout=max(life, 0), return_when=asyncio.FIRST_COMPLETED)
        if leaving.done():
            return
        if sending.done():
            # Only an error ends it.
            sending.result()
        # The goodbye may have to wait for a slow reader; nothing new may come before it.
        sending.cancel()
        with suppress(RuntimeError, WebSocketDisconnect):
            await socket.close(connection.ended.result() if connection.ended.done() else CLOSE_SESSION_ENDED)
    except WebSocketDisconnect:
        return
    finally:
        for task in (sending, leaving):
            task.cancel()
        await asyncio.gather(sending, leaving, return_exceptions=True)


async def _disconnected(socket: WebSocket) -> None:
    """Return when the client is gone; what it sends meanwhile has no meaning in this protocol."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


def require_session(database: Database, identity: Identity) -> None:
    """Raise the 401 problem when the session has ended."""
    with acting_as(database, identity):
        pass


def _require_origin(socket: WebSocket, allowed: list[str]) -> None:
    """Browsers send an origin; programs need not."""
    origin = socket.headers.get("origin")
    if origin is not None and origin not in allowed:
        log.warning("origin refused", origin=origin[:200])
        raise permission_denied("events:listen")


def _token(socket: WebSocket) -> str:
    scheme, _, token = socket.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token
    for offered in socket.scope["subprotocols"]:
        if offered.startswith(_TOKEN_PREFIX):
            return str(offered.removeprefix(_TOKEN_PREFIX))
    raise unauthenticated()
