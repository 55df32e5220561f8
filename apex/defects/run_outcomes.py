"""Seeded defects of what a run leaves behind: its end, its account, what others see of it (AEC)."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from fastapi import APIRouter
from sqlalchemy import Connection, func, select

from apex.agents import AgentRegistry
from apex.agents.agent import UsageRecord
from apex.agents.cost import CostAnalysis
from apex.agents.usage import UsageReport
from apex.backend import runs as asking
from apex.backend.connection import Connection as LiveConnection
from apex.backend.models import NewRun, Run
from apex.database import Database
from apex.defects import defect
from apex.defects._patching import replace
from apex.identity import Caller, Identity
from apex.problems import Problem
from apex.runs import RUN_CANCEL, Ending
from apex.settings import Settings
from apex.stream import Event, EventStream
from apex.tables import runs
from apex.telemetry import request_id, trace_id
from apex.worker import leases, supervisor
from apex.worker.execution import Execution
from apex.worker.tracker import Tracker


def _stored_as(status: str, wrong: str) -> None:
    """Have the worker store runs that ended in ``status`` in another, and tell the customer the right one."""

    def end_run(connection: Connection, run: Any, ending: Ending, **others: Any) -> bool:
        ours = original(connection, run, ending, **others)
        if ours and ending.status == status:
            connection.execute(runs.update().where(runs.c.id == run.id).values(status=wrong))
        return bool(ours)

    original = replace(supervisor, "end_run", end_run)
    replace(leases, "end_run", end_run)


def _wrong_total() -> None:
    async def run(self: UsageReport, context: Any) -> dict[str, Any]:
        return {**await original(self, context), "total_cost": "99.99"}

    original = replace(UsageReport, "run", run)


@defect(
    "AEC-03b",
    service="worker",
    summary="thoughts quote what the worker found last, whoever it was for",
    scenario="Ten customers at work at once each get their own result",
    step="answers, live events and stored runs show each customer their own data and nobody else's",
)
def _() -> None:
    last = ""

    async def run(self: CostAnalysis, context: Any) -> dict[str, Any]:
        nonlocal last
        answer = await original(self, context)
        await context.think(f"Lately I found {last}.")
        last = ", ".join(finding["name"] for finding in answer["findings"])
        return dict(answer)

    original = replace(CostAnalysis, "run", run)


@defect(
    "AEC-04d",
    service="worker",
    summary="a run that took too long is stored as failed",
    scenario="The customer is told when the time limit has passed",
    step="the run is stored as timed out",
)
def _() -> None:
    _stored_as("timed_out", "failed")


@defect(
    "AEC-04e",
    service="backend",
    summary="a customer whose run took too long gets no other",
    scenario="The customer is told when the time limit has passed",
    step="Acme can finish a usage report",
)
def _() -> None:
    def new_thread(connection: Connection, identity: Identity, title: str) -> Any:
        late = select(func.count()).where(runs.c.user_id == identity.user_id, runs.c.status == "timed_out")
        if connection.scalar(late):
            raise Problem(409, "conflict", "A run of yours has not come to its end.")
        return original(connection, identity, title)

    original = replace(asking, "new_thread", new_thread)


@defect(
    "AEC-04f",
    service="worker",
    summary="the totals of a usage report are wrong",
    scenario="Hanging runs on every worker do not stop other customers",
    step="the answer equals the totals of Borealis' own usage",
)
def _() -> None:
    _wrong_total()


@defect(
    "AEC-05e",
    service="worker",
    summary="after a crash the worker's analyses leave findings out",
    scenario="Runs beside a crashing agent complete",
    step="the answer equals the savings in Borealis' own inventory",
)
def _() -> None:
    async def run(self: CostAnalysis, context: Any) -> dict[str, Any]:
        answer = await original(self, context)
        return {**answer, "findings": answer["findings"][1:]}

    original = replace(CostAnalysis, "run", run)


@defect(
    "AEC-06g",
    service="worker",
    summary="reading stored usage is told as a tool's work",
    scenario="A run without tools tells its story too",
    step="the story tells of no tool call",
)
def _() -> None:
    def usage_records(self: Execution) -> list[UsageRecord]:
        call = {"call_id": str(uuid.uuid4()), "tool_name": "read_usage"}
        self._emit("tool_executing", {**call, "parameters": {}})
        records: list[UsageRecord] = original(self)
        self._emit("tool_completed", {**call, "outcome": "succeeded", "duration_seconds": 0.0, "error": None})
        return records

    original = replace(Execution, "usage_records", usage_records)


@defect(
    "AEC-06h",
    service="worker",
    summary="a cancelled run is stored as failed",
    scenario="A cancelled run ends its story with the cancellation",
    step="the run is stored as cancelled",
)
def _() -> None:
    _stored_as("cancelled", "failed")


@defect(
    "AEC-07d",
    service="worker",
    summary="a run is said to have ended later than it did",
    scenario="The steps of a run account for its whole duration",
    step="the run took no longer than Acme waited for it",
)
def _() -> None:
    def finish(self: Tracker) -> Any:
        self._wall += timedelta(seconds=0.9)
        return original(self)

    original = replace(Tracker, "finish", finish)


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

    original = replace(asking, "routes", routes)


@defect(
    "AEC-10g",
    service="worker",
    summary="the answer is counted as a tool call, too",
    scenario="Waiting is not counted as computing",
    step="the run reports 3 tool calls",
)
def _() -> None:
    def finish(self: Tracker) -> Any:
        self.tool_calls += 1
        return original(self)

    original = replace(Tracker, "finish", finish)


@defect(
    "AEC-11e",
    service="backend",
    summary="a cancellation is refused after the worker has been told of it",
    scenario="Nobody cancels somebody else's run",
    step="Acme's run ends with its result",
)
def _() -> None:
    def own_run(connection: Connection, identity: Identity, run_id: str, *, lock: bool = False) -> Any:
        try:
            return original(connection, identity, run_id, lock=lock)
        except Problem:
            connection.execute(select(func.pg_notify(RUN_CANCEL, run_id)))
            connection.commit()
            raise

    original = replace(asking, "own_run", own_run)


@defect(
    "AEC-12d",
    service="backend",
    summary="the connection is given up with the worker",
    scenario="The customer is told in time that the worker was lost",
    step="Acme's connection has stayed open",
)
def _() -> None:
    async def send(self: LiveConnection, sequence: int, envelope: str) -> None:
        await original(self, sequence, envelope)
        if '"worker_lost"' in envelope:
            self.end("logged_out")

    original = replace(LiveConnection, "_send", send)
