"""The HTTP and WebSocket application of the backend."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool

from apex.agents import AgentRegistry
from apex.auth.sessions import SESSION_ENDED
from apex.backend import allowance, operations, runs, sockets, threads, tools
from apex.backend.hub import Hub
from apex.http.problems import Problem
from apex.runtime.discovery import Registry
from apex.runtime.service import Process, create_app
from apex.storage.cache import Cache
from apex.storage.database import Database
from apex.storage.stream import PATIENCE_SECONDS, EventStream, asynchronous

log = structlog.get_logger()

_LOOK_AGAIN_SECONDS = 0.5


def create(process: Process) -> FastAPI:
    """The application, its schema in place."""
    database = Database.of(process)
    database.migrate(process.settings.environment)
    return application(process, database)


def application(process: Process, database: Database) -> FastAPI:
    """The routes over what they need; building them touches no store."""
    settings = process.settings
    redis_url = process.redis_url
    client, subscriber = asynchronous(redis_url, retries=1), asynchronous(redis_url, retries=0)
    hub = Hub(client, subscriber, settings.backend.heartbeat_seconds)
    stream = EventStream(redis_url, settings.backend.stream_window, PATIENCE_SECONDS)
    registry = AgentRegistry.with_plugins(settings.plugins.directory)

    @asynccontextmanager
    async def serving(_: FastAPI) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()

        def session_ended(payload: str) -> None:
            session_id, _, reason = payload.partition(" ")
            loop.call_soon_threadsafe(hub.end_session, session_id, reason)

        def recheck() -> None:
            asyncio.run_coroutine_threadsafe(_recheck_sessions(hub, database), loop)

        listener = database.listen({SESSION_ENDED: session_ended}, on_connect=recheck)
        events, presence = asyncio.create_task(hub.run()), asyncio.create_task(hub.show_presence())
        process.background.update(
            events=lambda: not events.done(), presence=lambda: not presence.done(), notifications=listener.is_alive
        )
        yield
        listener.close()
        events.cancel()
        presence.cancel()
        await client.aclose()
        await subscriber.aclose()

    app = create_app(process, "Apex backend", database, {"redis": stream.redis.ping}, lifespan=serving)
    app.include_router(threads.routes(database))
    app.include_router(allowance.routes(database, Cache(redis_url)))
    app.include_router(runs.routes(database, registry, settings))
    tools_registry = Registry(stream.redis, "tools", settings.discovery)
    app.include_router(operations.routes(database, hub, tools_registry))
    app.include_router(tools.routes(database, settings, tools_registry))
    app.include_router(sockets.routes(database, hub, client, process.configuration))
    return app


async def _recheck_sessions(hub: Hub, database: Database) -> None:
    """Close the connections of sessions that ended while nobody could tell; goes on until each has been looked at."""
    unknown = hub.sessions()
    while unknown:
        for session_id, connection in list(unknown.items()):
            try:
                await run_in_threadpool(sockets.require_session, database, connection.identity)
            except Problem:
                hub.end_session(session_id, "logged_out")
            except Exception as error:
                # Who listens on after their session's end must not be a matter of one question that failed.
                log.warning("session not looked at", session_id=session_id, reason=type(error).__name__)
                continue
            del unknown[session_id]
        if unknown:
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
            unknown = {session_id: each for session_id, each in hub.sessions().items() if session_id in unknown}
