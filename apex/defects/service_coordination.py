"""Seeded defects of the coordination of services (CSC)."""

from __future__ import annotations

import asyncio
import json
import uuid
from contextvars import ContextVar
from dataclasses import replace as changed
from typing import Any

from sqlalchemy import Connection, text

from apex.analytics.store import Job, Jobs
from apex.defects import defect
from apex.defects._patching import replace
from apex.discovery import Directory, Instance, Registry
from apex.runs import now
from apex.stream import Event, EventStream, rfc3339
from apex.tools import tool
from apex.tools.calls import CallRecords
from apex.tools.dispatcher import Dispatcher
from apex.tools.tool import ToolCall
from apex.worker import supervisor
from apex.worker.execution import Execution
from apex.worker.toolbox import Toolbox

# --- CSC-01 ----------------------------------------------------------------------------------------------------------


@defect(
    "CSC-01a",
    service="worker",
    summary="the record for analytics is written twice",
    scenario="A cost analysis is on record once with every service that took part",
    step="every service has the job on record once, and all records agree",
)
def _() -> None:
    again = text(
        "INSERT INTO outbox (tenant_id, topic, payload) SELECT tenant_id, topic, payload || jsonb_build_object("
        "'record_id', gen_random_uuid()) FROM outbox WHERE topic = 'analytics' AND payload ->> 'run_id' = :run"
    )

    def end_run(connection: Connection, run: Any, *others: Any, **more: Any) -> bool:
        ours: bool = original(connection, run, *others, **more)
        connection.execute(again, {"run": run.id})
        return ours

    original = replace(supervisor, "end_run", end_run)


@defect(
    "CSC-01b",
    service="tools",
    summary="a tool call is recorded anew when it has ended",
    scenario="A cost analysis is on record once with every service that took part",
    step="every service has the job on record once, and all records agree",
)
def _() -> None:
    def finish(self: CallRecords, call: ToolCall, answer: Any) -> None:
        original(self, call, answer)
        again = changed(call, call_id=str(uuid.uuid4()))
        self.begin(again, now())
        original(self, again, answer)

    original = replace(CallRecords, "finish", finish)


@defect(
    "CSC-01c",
    service="analytics",
    summary="jobs that failed are counted as completed",
    scenario="A job that failed is on record once as failed",
    step="every service has the job on record once, and all records agree",
)
def _() -> None:
    def add(self: Jobs, jobs: list[Job]) -> None:
        original(self, [job.model_copy(update={"status": "completed"}) for job in jobs])

    original = replace(Jobs, "add", add)


@defect(
    "CSC-01d",
    service="analytics",
    summary="a record that is delivered again is stored again",
    scenario="A record that has to be delivered again is there once",
    step="every service has the job on record once, and all records agree",
)
def _() -> None:
    replace(Jobs, "_unknown", lambda self, jobs: jobs)


# --- CSC-02 ----------------------------------------------------------------------------------------------------------


@defect(
    "CSC-02a",
    service="tools",
    summary="the tools service publishes around the sequencer",
    scenario="What a tool reports is told in its place",
    step="Acme has received the complete story of the run",
)
def _() -> None:
    def publish(self: EventStream, event: Event, delivery_id: str = "") -> int:
        meta: dict[str, str] = self.redis.hgetall(f"stream:{event.user_id}")  # type: ignore[assignment]
        number = int(self.redis.hget(f"run:{event.run_id}", "sequence") or 0) + 1
        sequence = int(meta["sequence"]) + 1
        numbered = {"sequence": sequence, "run_sequence": number, "timestamp": event.timestamp}
        envelope = json.dumps({**numbered, **json.loads(event.envelope())})
        self.redis.publish(f"events:{event.user_id}", f"{meta['epoch']}:{sequence}:{envelope}")
        return number

    replace(EventStream, "publish", publish)


def _reports_wait() -> None:
    """Reports are kept until the call has ended, and told then."""
    kept: dict[str, list[tuple[str, int, int]]] = {}

    async def report(self: ToolCall, message: str, done: int, total: int) -> None:
        waiting = kept.setdefault(self.call_id, [])
        waiting.append((message, done, total))
        if done == total:
            for each in kept.pop(self.call_id):
                await original(self, *each)

    original = replace(ToolCall, "report", report)


@defect(
    "CSC-02b",
    service="tools",
    summary="a report bears the time at which its call began",
    scenario="What a tool reports is told in its place",
    step="each report was told after what led to it and before what followed from it",
)
def _() -> None:
    async def execute(self: Dispatcher, *others: Any) -> Any:
        began.set(rfc3339(now()))
        return await original_execute(self, *others)

    def publish(self: EventStream, event: Event, delivery_id: str = "") -> int:
        return int(original_publish(self, changed(event, timestamp=began.get()), delivery_id))

    began: ContextVar[str] = ContextVar("began")
    original_execute = replace(Dispatcher, "execute", execute)
    original_publish = replace(EventStream, "publish", publish)


@defect(
    "CSC-02c",
    service="tools",
    summary="reports are told under the call that began last",
    scenario="The reports of tools side by side are told in their places",
    step="each report was told after what led to it and before what followed from it",
)
def _() -> None:
    latest: dict[str, Any] = {}

    def teller(self: Dispatcher, *others: Any) -> Any:
        latest["tell"] = original(self, *others)
        return lambda report: latest["tell"](report)

    original = replace(Dispatcher, "_teller", teller)


@defect(
    "CSC-02d",
    service="tools",
    summary="reports wait until the tool has done its work",
    scenario="How far a tool has come is told while it is still at work",
    step="Acme is told that one of the two is done while the run is still at work",
)
def _() -> None:
    _reports_wait()


@defect(
    "CSC-02e",
    service="tools",
    summary="reports wait until the tool has done its work",
    scenario="The reports of tools side by side are told in their places",
    step="each report was told after what led to it and before what followed from it",
)
def _() -> None:
    _reports_wait()


# --- CSC-05 ----------------------------------------------------------------------------------------------------------


@defect(
    "CSC-05a",
    service="tools",
    summary="the trace of a call is that of the call which began last",
    scenario="The jobs of fifty customers at once",
    step="each job was given what it had asked for, and the partner has answered each question once",
)
def _() -> None:
    latest: dict[str, str] = {}

    async def execute(self: Dispatcher, *others: Any) -> Any:
        latest["trace"] = traceparent()
        return await original(self, *others)

    traceparent = replace(tool, "traceparent", lambda: latest["trace"])
    original = replace(Dispatcher, "execute", execute)


@defect(
    "CSC-05b",
    service="worker",
    summary="tool calls are made for the run that began last",
    scenario="Twenty jobs of one customer at once",
    step="every service has each job on record once, and all records agree",
)
def _() -> None:
    latest: dict[str, Any] = {}

    async def perform(self: Execution) -> dict[str, Any]:
        latest["run"] = self._run.id
        await asyncio.sleep(0.05)
        answer: dict[str, Any] = await original_perform(self)
        return answer

    async def call(self: Toolbox, call_id: str, name: str, parameters: Any, story: Any, caller: Any) -> Any:
        return await original_call(self, call_id, name, parameters, {**story, "run_id": latest["run"]}, caller)

    original_perform = replace(Execution, "perform", perform)
    original_call = replace(Toolbox, "call", call)


@defect(
    "CSC-05c",
    service="tools",
    summary="an instance of the tools carries out one call at a time",
    scenario="Twenty jobs of one customer at once",
    step="as many jobs were at work at once as there are places for them",
)
def _() -> None:
    one_at_a_time = asyncio.Lock()

    async def execute(self: Dispatcher, *others: Any) -> Any:
        async with one_at_a_time:
            return await original(self, *others)

    original = replace(Dispatcher, "execute", execute)


# --- CSC-03 ----------------------------------------------------------------------------------------------------------


@defect(
    "CSC-03a",
    service="tools",
    summary="a heartbeat keeps the registrations of all instances, also of those that are gone",
    scenario="An instance that has crashed is forgotten",
    step="the operator finds only the first tools instance in time",
)
def _() -> None:
    def register(self: Registry, instance: Instance) -> None:
        for known in self.instances():
            original(self, known)
        original(self, instance)

    original = replace(Registry, "register", register)


@defect(
    "CSC-03b",
    service="tools",
    summary="all instances register under the name of the service",
    scenario="A second instance is found after its start",
    step="the operator finds both tools instances in time",
)
def _() -> None:
    def register(self: Registry, instance: Instance) -> None:
        original(self, changed(instance, name="tools-1"))

    original = replace(Registry, "register", register)


@defect(
    "CSC-03c",
    service="worker",
    summary="instances are looked up once, at the start",
    scenario="A second instance is found after its start",
    step="Acme's next job is carried out by both",
)
def _() -> None:
    def run(self: Directory) -> None:
        self._urls = [instance.url for instance in self._registry.instances()] or self._urls
        self._closed.wait()

    replace(Directory, "run", run)


@defect(
    "CSC-03d",
    service="tools",
    summary="an instance that is stopped leaves its registration to expire",
    scenario="An instance that is stopped in order is forgotten at once",
    step="the operator finds only the first tools instance at once",
)
def _() -> None:
    replace(Registry, "withdraw", lambda self, instance: None)


# --- CSC-04 ----------------------------------------------------------------------------------------------------------


@defect(
    "CSC-04a",
    service="worker",
    summary="no other instance is asked when one breaks off",
    scenario="One of two instances dies while both are at work",
    step="each job was given what it had asked for, and the partner has answered each question once",
)
def _() -> None:
    def begin(self: Toolbox, *others: Any) -> None:
        original(self, *others)
        self._patience = -1.0

    original = replace(Toolbox, "__init__", begin)


@defect(
    "CSC-04b",
    service="worker",
    summary="a call that is asked for again has another key",
    scenario="One of two instances dies while both are at work",
    step="every service has each job on record once, and all records agree",
)
def _() -> None:
    async def post(self: Toolbox, url: str, call_id: str, *others: Any) -> Any:
        asked = attempts.setdefault(call_id, [])
        asked.append(call_id if not asked else str(uuid.uuid4()))
        return await original(self, url, asked[-1], *others)

    attempts: dict[str, list[str]] = {}
    original = replace(Toolbox, "_post", post)


@defect(
    "CSC-04c",
    service="tools",
    summary="the calls of an instance that is gone are never taken over",
    scenario="One of two instances dies while both are at work",
    step="each job was given what it had asked for, and the partner has answered each question once",
)
def _() -> None:
    replace(Registry, "is_gone", lambda self, instance_id: False)


@defect(
    "CSC-04d",
    service="tools",
    summary="a call that is asked for again is carried out again",
    scenario="What was done before its answer was lost is not done again",
    step="each job was given what it had asked for, and the partner has answered each question once",
)
def _() -> None:
    def begin(self: CallRecords, call: ToolCall, started_at: Any) -> None:
        original(self, call, started_at)
        with self._database.tenant(call.tenant_id) as connection:
            ours = {"owner": self._instance.id, "id": call.call_id}
            connection.execute(text("UPDATE tool_calls SET owner = :owner WHERE id = :id"), ours)

    original = replace(CallRecords, "begin", begin)
