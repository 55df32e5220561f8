"""The HTTP application of the tools service; its callers are the platform's own services."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Annotated

from fastapi import Depends, FastAPI, Header, Path, Request
from structlog.contextvars import bind_contextvars

from apex.http.identity import BEARER, verify_service_token
from apex.http.problems import Problem, unauthenticated
from apex.http.values import Id
from apex.runtime.discovery import Registry
from apex.runtime.service import Process, create_app
from apex.storage.database import Database
from apex.storage.stream import EventStream
from apex.tools.dispatcher import Dispatcher, tools_with_plugins
from apex.tools.models import Execution, ExecutionAnswer, ToolDescription, ToolList
from apex.tools.permissions import GRANTS
from apex.tools.tool import Tool

AUDIENCE = "apex-tools"


async def customer(request: Request, _: Annotated[object, BEARER]) -> dict[str, str]:
    """The customer on whose behalf a service calls."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise unauthenticated()
    caller = verify_service_token(request.app.state.process.settings, token, AUDIENCE)
    if not caller:
        raise unauthenticated("A tool works for a customer.")
    bind_contextvars(tenant_id=caller.get("tenant_id"), user_id=caller.get("user_id"))
    return caller


Customer = Annotated[dict[str, str], Depends(customer)]


def create(process: Process) -> FastAPI:
    """The application, its schema in place."""
    database = Database.of(process)
    database.migrate(process.settings.environment)
    return application(process, database, warm_up=True)


def application(process: Process, database: Database, *, warm_up: bool = False) -> FastAPI:
    """The routes over what they need; building them touches no store."""
    settings = process.settings
    stream = EventStream(process.redis_url, settings.backend.stream_window)
    registry = Registry(stream.redis, "tools", settings.discovery)
    app = create_app(process, "Apex tools", database, {})
    instance = app.state.registration
    tools = tools_with_plugins(settings.plugins.directory)
    dispatcher = Dispatcher(tools, database, stream, registry, settings, instance)
    if warm_up:
        dispatcher.accounts.warm_up()

    @app.get("/v1/registry", tags=["tools"])
    async def known_tools(caller: Customer) -> ToolList:
        """The tools that can be called now, and who may."""
        return ToolList(items=[_described(tool) for tool in await dispatcher.known()])

    @app.post("/v1/tools/{name:path}/executions", tags=["tools"])
    async def execute(
        name: Annotated[str, Path(max_length=1_000)],
        body: Execution,
        caller: Customer,
        request: Request,
        idempotency_key: Annotated[Id, Header()],
    ) -> ExecutionAnswer:
        """Carry a call out; a caller that hangs up stops it."""
        bind_contextvars(run_id=body.run_id)
        tool = await dispatcher.find_for(idempotency_key, name, caller)
        work = asyncio.ensure_future(dispatcher.execute(tool, idempotency_key, body, caller))
        gone = asyncio.ensure_future(_hung_up(request))
        try:
            await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                return work.result()
            raise Problem(499, "cancelled", "The caller hung up.")
        finally:
            for task in (work, gone):
                task.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.wait({work, gone})

    return app


def _described(tool: Tool) -> ToolDescription:
    grant = GRANTS[tool.permission]
    return ToolDescription(
        name=tool.name,
        description=tool.description,
        parameters=tool.schema(),
        permission=tool.permission,
        plans=list(grant.plans),
        roles=list(grant.roles),
    )


async def _hung_up(request: Request) -> None:
    """Return when the caller closes the connection (the body has been read)."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
