"""Seeded defects of starting unknown agents (AEC-09)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from apex.agents.registry import AgentRegistry
from apex.agents.usage import UsageReport
from apex.backend import allowance
from apex.backend.threads import new_thread
from apex.http.identity import Identity, acting_as
from apex.http.problems import Problem
from apex.runtime.telemetry import request_id, trace_id
from apex.settings import Settings
from apex.storage.database import Database
from apex.storage.runs import now
from apex.storage.stream import Event, EventStream, rfc3339
from apex.storage.tables import outbox
from defects import Scenario
from defects._patching import replace
from defects.agent_execution._routes import Endpoint, wrapped

error_ = Scenario("The error names every known agent", service="backend")
nothing_left = Scenario("A refused request leaves no run, conversation or event", service="backend")
not_counted = Scenario("A refused request is not counted", service="backend")

COUNTED = "only Acme's next run is counted against the allowance"
NEXT_EVENT = "the first event that Acme receives is from the next run"


def _after_refusals(act: Callable[[Database, Settings, Identity, Problem], None]) -> None:
    """Have something done for whoever starts an unknown agent, before they receive the error."""

    def around(endpoint: Endpoint, database: Database, settings: Settings) -> Endpoint:
        def start(identity: Identity, **request: Any) -> Any:
            try:
                return endpoint(identity=identity, **request)
            except Problem as refusal:
                act(database, settings, identity, refusal)
                raise

        return start

    wrapped("start", around)


@error_.defect("AEC-09a", "an unknown agent falls back to a default one", step="the error names every known agent")
def _() -> None:
    def find(self: AgentRegistry, name: str) -> Any:
        return original(self, name) or UsageReport()

    original = replace(AgentRegistry, "find", find)


@nothing_left.defect("AEC-09b", "a refused request leaves a thread behind", step="Acme has no run and no conversation")
def _() -> None:
    def begin_thread(database: Database, settings: Settings, identity: Identity, refusal: Problem) -> None:
        with acting_as(database, identity) as connection:
            new_thread(connection, identity, "No agent")

    _after_refusals(begin_thread)


@nothing_left.defect("AEC-09c", "a refused request is sent as an event", step=NEXT_EVENT)
def _() -> None:
    def publish(database: Database, settings: Settings, identity: Identity, refusal: Problem) -> None:
        stream = EventStream(settings.redis.url.get_secret_value(), settings.backend.stream_window)
        error = {"code": refusal.code, "message": refusal.detail, "recoverable": False}
        stream.publish(Event("agent_error", identity.user_id, error, trace_id(), request_id()))

    _after_refusals(publish)


@not_counted.defect("AEC-09d", "a refused request is charged to the allowance", step=COUNTED)
def _() -> None:
    def charge(database: Database, settings: Settings, identity: Identity, refusal: Problem) -> None:
        with acting_as(database, identity) as connection:
            allowance.count_spent(connection, identity, Decimal("0.01"))

    _after_refusals(charge)


@not_counted.defect("AEC-09e", "a refused request is recorded as a failed job", step=COUNTED)
def _() -> None:
    def record(database: Database, settings: Settings, identity: Identity, refusal: Problem) -> None:
        job = {
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
            connection.execute(outbox.insert().values(tenant_id=identity.tenant_id, topic="analytics", payload=job))

    _after_refusals(record)
