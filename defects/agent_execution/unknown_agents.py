"""Seeded defects of asking for unknown agents (AEC-09)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from fastapi import APIRouter
from sqlalchemy import Connection

from apex.agents.registry import AgentRegistry
from apex.agents.usage import UsageReport
from apex.backend import allowance
from apex.backend import runs as backend_runs
from apex.backend.models import NewRun, Run
from apex.backend.threads import new_thread
from apex.http.identity import Caller, Identity, acting_as
from apex.http.problems import Problem
from apex.runtime.telemetry import request_id, trace_id
from apex.settings import Settings
from apex.storage.database import Database
from apex.storage.runs import now
from apex.storage.stream import Event, EventStream, rfc3339
from apex.storage.tables import outbox
from defects import Scenario
from defects._patching import replace

refusal_names_agents = Scenario("The refusal names the agents that can be asked", service="backend")


@refusal_names_agents.defect(
    "AEC-09a", "an unknown agent falls back to a default one", step="the refusal names every known agent"
)
def _() -> None:
    def find(self: AgentRegistry, name: str) -> Any:
        return original(self, name) or UsageReport()

    original = replace(AgentRegistry, "find", find)


refused_request_leaves = Scenario("A refused request leaves nothing behind", service="backend")


@refused_request_leaves.defect(
    "AEC-09b", "a refused request leaves a thread behind", step="Acme has no run and no thread"
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


def _after_refusals(act: Callable[[Database, EventStream, Identity, Problem], None]) -> None:
    """Have something done for whoever asks for an unknown agent, before they are refused."""

    def routes(database: Database, registry: AgentRegistry, settings: Settings) -> APIRouter:
        router = APIRouter()
        stream = EventStream(settings.redis.url.get_secret_value(), settings.backend.stream_window)

        @router.post("/v1/runs", status_code=202)
        def start(request: NewRun, identity: Caller) -> Run:
            try:
                run: Run = beneath(request, identity)
                return run
            except Problem as refusal:
                act(database, stream, identity, refusal)
                raise

        platform: Any = original(database, registry, settings)
        beneath = next(
            route.endpoint for route in platform.routes if route.path == "/v1/runs" and "POST" in route.methods
        )
        router.include_router(platform)
        return router

    original = replace(backend_runs, "routes", routes)


@refused_request_leaves.defect(
    "AEC-09c", "a refused request is told as an event", step="the first event that Acme receives is from the next run"
)
def _() -> None:
    def tell(database: Database, stream: EventStream, identity: Identity, refusal: Problem) -> None:
        error = {"code": refusal.code, "message": refusal.detail, "recoverable": False}
        stream.publish(Event("agent_error", identity.user_id, error, trace_id(), request_id()))

    _after_refusals(tell)


refused_request_counted = Scenario("A refused request is counted nowhere", service="backend")


@refused_request_counted.defect(
    "AEC-09d", "a refused request is paid for out of the allowance", step="Acme's next run is counted and nothing else"
)
def _() -> None:
    def charge(database: Database, stream: EventStream, identity: Identity, refusal: Problem) -> None:
        with acting_as(database, identity) as connection:
            allowance.count_spent(connection, identity, Decimal("0.01"))

    _after_refusals(charge)


@refused_request_counted.defect(
    "AEC-09e",
    "a refused request is put on record as a job that failed",
    step="Acme's next run is counted and nothing else",
)
def _() -> None:
    def put_on_record(database: Database, stream: EventStream, identity: Identity, refusal: Problem) -> None:
        record = {
            "record_id": str(uuid.uuid4()),
            "run_id": str(uuid.uuid4()),
            "tenant_id": identity.tenant_id,
            "user_id": identity.user_id,
            "agent_name": "unknown",
            "status": "failed",
            "duration_seconds": 0.0,
            "tool_calls": 0,
            "trace_id": trace_id(),
            "finished_at": rfc3339(now()),
        }
        with acting_as(database, identity) as connection:
            connection.execute(outbox.insert().values(tenant_id=identity.tenant_id, topic="analytics", payload=record))

    _after_refusals(put_on_record)
