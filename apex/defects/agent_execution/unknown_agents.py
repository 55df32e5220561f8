"""Seeded defects of asking for unknown agents (AEC-09)."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from sqlalchemy import Connection

from apex.agents.registry import AgentRegistry
from apex.agents.usage import UsageReport
from apex.backend import runs as backend_runs
from apex.backend.models import NewRun, Run
from apex.backend.threads import new_thread
from apex.database import Database
from apex.defects import defect
from apex.defects._patching import replace
from apex.identity import Caller, Identity
from apex.problems import Problem
from apex.settings import Settings
from apex.stream import Event, EventStream
from apex.telemetry import request_id, trace_id


@defect(
    "AEC-09a",
    service="backend",
    summary="an unknown agent falls back to a default one",
    scenario="The refusal names the agents that can be asked",
    step="the refusal names every known agent",
)
def _() -> None:
    def find(self: AgentRegistry, name: str) -> Any:
        return original(self, name) or UsageReport()

    original = replace(AgentRegistry, "find", find)


@defect(
    "AEC-09b",
    service="backend",
    summary="a refused request leaves a thread behind",
    scenario="A refused request leaves nothing behind",
    step="Acme has no run and no thread",
)
def _() -> None:
    original = new_thread

    def find(self: AgentRegistry, name: str) -> Any:
        return original_find(self, name) or _Late()

    class _Late:
        name, description = "late", "An agent that is only missed when its thread exists."

    def own(connection: Connection, identity: Identity, title: str) -> Any:
        thread = original(connection, identity, title)
        if title == _Late.description:
            connection.commit()
            raise Problem(422, "unknown_agent", "There is no agent of this name.", known_agents=[])
        return thread

    original_find = AgentRegistry.find
    replace(AgentRegistry, "find", find)
    replace(backend_runs, "new_thread", own)


@defect(
    "AEC-09c",
    service="backend",
    summary="a refused request is told as an event",
    scenario="A refused request leaves nothing behind",
    step="the first thing Acme hears of is the next run",
)
def _() -> None:
    def routes(database: Database, registry: AgentRegistry, settings: Settings) -> APIRouter:
        router = APIRouter()
        stream = EventStream(settings.redis.url.get_secret_value(), settings.backend.stream_window)

        @router.post("/v1/runs", status_code=202)
        def start(request: NewRun, identity: Caller) -> Run:
            try:
                run: Run = beneath(request, identity)
                return run
            except Problem as refusal:
                error = {"code": refusal.code, "message": refusal.detail, "recoverable": False}
                stream.publish(Event("agent_error", identity.user_id, error, trace_id(), request_id()))
                raise

        platform: Any = original(database, registry, settings)
        beneath = next(
            route.endpoint for route in platform.routes if route.path == "/v1/runs" and "POST" in route.methods
        )
        router.include_router(platform)
        return router

    original = replace(backend_runs, "routes", routes)
