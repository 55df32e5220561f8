"""Blind defects of agent_execution, fourth round, written from the promises alone."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect("AEC-01wa", "one instance of a type that the price list does not know fails the run", service="worker")
def _() -> None:
    # Observable: an inventory with an instance of a brand-new type: agent_error instead of the savings of all others.
    from apex.agents.inventory import Inventory

    @around(Inventory, "_judge")
    def _(original: Any, inventory: Any, instance: Any) -> Any:
        if inventory.prices[instance["instance_type"]] <= 0:
            return None
        return original(inventory, instance)


@blind_defect("AEC-02wa", "an answer that is moved to another thread is no run's any more", service="backend")
def _() -> None:
    # Observable: move an answer to another thread: its run_id is null, and a follow-up run there has no previous one.
    from sqlalchemy import update

    from apex.backend import threads
    from apex.storage.tables import messages

    @around(threads, "move_messages")
    def _(original: Any, connection: Any, source_id: str, target_id: str, chosen: Any) -> Any:
        moving = update(messages).where(messages.c.thread_id == source_id)
        if chosen is not None:
            moving = moving.where(messages.c.id.in_(chosen))
        connection.execute(moving.values(run_id=None))
        return original(connection, source_id, target_id, chosen)


@blind_defect(
    "AEC-03wa", "in a thread without an answer an agent compares with the organisation's newest one", service="worker"
)
def _() -> None:
    # Observable: after a colleague's analysis the first one of mine names the colleague's run and savings as previous.
    from sqlalchemy import select

    from apex.agents.agent import Message
    from apex.storage.tables import messages
    from apex.worker import supervisor

    @around(supervisor, "read_history")
    def _(original: Any, database: Any, run: Any) -> Any:
        history = original(database, run)
        if any(message.data for message in history):
            return history
        earlier = select(messages).where(messages.c.data.is_not(None), messages.c.created_at < run.created_at)
        with database.tenant(run.tenant_id) as connection:
            row = connection.execute(earlier.order_by(messages.c.created_at.desc()).limit(1)).first()
        return [Message(row.role, row.content, row.data, row.run_id), *history] if row else history


@blind_defect(
    "AEC-04wa",
    "each cloud call that is cut off takes one of its tenant's turns with it, for good",
    service="tools",
    scenario="Cancelled cloud analyses are not in the way of later ones",
    step="Acme cancels eight cost analyses, four at a time, while the cloud does not respond",
)
def _() -> None:
    # Observable: after six runs that hung in the cloud, or were cancelled there, no tool of the tenant works any more.
    from apex.tools.pools import FairThreads

    places: dict[str, asyncio.Semaphore] = {}

    @around(FairThreads, "run")
    async def _(original: Any, threads: Any, tenant_id: str, work: Any) -> Any:
        place = places.setdefault(tenant_id, asyncio.Semaphore(threads._share))
        await place.acquire()
        try:
            result = await original(threads, tenant_id, work)
        except Exception:
            place.release()
            raise
        place.release()
        return result


@blind_defect("AEC-05wa", "the step in which an agent crashed is named after its exception", service="worker")
def _() -> None:
    # Observable: the customer's own run, read over HTTP, has the exception with its text in steps[].name.
    from apex.agents import ToolFailed
    from apex.worker.execution import Execution

    @around(Execution, "perform")
    async def _(original: Any, execution: Any) -> Any:
        try:
            return await original(execution)
        except Exception as error:
            if not isinstance(error, ToolFailed | ExceptionGroup):
                execution._tracker.steps[-1]["name"] += f" ({error!r})"
            raise


@blind_defect(
    "AEC-06wa", "when Redis loses its data amid a run, its events are numbered from 1 again", service="worker"
)
def _() -> None:
    # Observable: flush Redis mid-run: run_sequence 1 and 2 come twice, and before the end there is a gap.
    from apex.storage.stream import EventStream

    @around(EventStream, "publish")
    def _(original: Any, stream: Any, event: Any, *others: Any) -> Any:
        if not event.ends_run:
            event.run_sequence_floor = 0
        return original(stream, event, *others)


@blind_defect(
    "AEC-07wa",
    "a tool's step is as long as the tool says that it was at work",
    service="worker",
    scenario="The durations of the steps add up to the run's duration",
    step="the operator sees that the steps add up to the run's duration",
)
def _() -> None:
    # Observable: where a call waits for a thread or a second instance, the steps add up to less than the run.
    from apex.worker.execution import Execution
    from apex.worker.tracker import Tracker

    @around(Execution, "_used")
    def _(original: Any, execution: Any, call: Any) -> None:
        original(execution, call)
        execution._tracker.__dict__["_said"] = call.duration_seconds

    @around(Tracker, "_leave")
    def _(original: Any, tracker: Any, moment: Any) -> None:
        original(tracker, moment)
        said = tracker.__dict__.pop("_said", None)
        if said is not None and tracker.steps[-1]["kind"] == "tool":
            tracker.steps[-1]["duration_seconds"] = said


@blind_defect(
    "AEC-08wa",
    "of a trace id that begins with zeros tools record what follows them",
    service="tools",
    scenario="The caller's trace is found in every record of the run",
    step="the caller's trace ID, and no other, is found in",
)
def _() -> None:
    # Observable: send a traceparent whose trace id begins with 0: tool_calls.trace_id is shorter than the run's.
    from apex.tools import calls, dispatcher

    for module in (calls, dispatcher):
        around(module, "trace_id")(lambda original: original().lstrip("0"))


@blind_defect(
    "AEC-09wa",
    "a question to an unknown agent is a job in the customer's analytics",
    service="backend",
    scenario="A refused request is not counted",
    step="only Acme's next run is counted against the allowance",
)
def _() -> None:
    # Observable: ask an unknown agent; /v1/jobs of the analytics has a job of a run that never was.
    from structlog.contextvars import get_contextvars

    from apex.backend import runs
    from apex.runtime.telemetry import trace_id
    from apex.storage.runs import FAILED, now
    from apex.storage.stream import rfc3339
    from apex.storage.tables import outbox

    @around(runs, "routes")
    def _(original: Any, database: Any, registry: Any, settings: Any) -> Any:
        @around(runs, "known_agent")
        def _(find: Any, registry: Any, name: str) -> Any:
            if registry.find(name) is None:
                who = {each: get_contextvars()[each] for each in ("tenant_id", "user_id")}
                ids = {each: str(uuid.uuid4()) for each in ("record_id", "run_id")}
                what = {"agent_name": name, "status": FAILED, "duration_seconds": 0.0, "tool_calls": 0}
                record = {**who, **ids, **what, "trace_id": trace_id(), "finished_at": rfc3339(now())}
                with database.tenant(who["tenant_id"]) as connection:
                    row = {"tenant_id": who["tenant_id"], "topic": "analytics", "payload": record}
                    connection.execute(outbox.insert().values(row))
            return find(registry, name)

        return original(database, registry, settings)


@blind_defect("AEC-10wa", "of what the tools calculate only the busiest call is counted", service="worker")
def _() -> None:
    # Observable: the run's cpu_seconds are less than those that the tools log for its calls together.
    from apex.worker.execution import Execution

    @around(Execution, "_used")
    def _(original: Any, execution: Any, call: Any) -> None:
        before = execution._tracker.tool_cpu_seconds
        original(execution, call)
        execution._tracker.tool_cpu_seconds = max(before, call.cpu_seconds)


@blind_defect("AEC-11wa", "what a tool sends to a partner is brought to its end, cancelled or not", service="tools")
def _() -> None:
    # Observable: cancel a run whose tool POSTs to a slow partner: the partner's connection stays open to the end.
    from apex.tools.tool import ToolCall

    @around(ToolCall, "send")
    async def _(original: Any, call: Any, url: str, body: Any) -> Any:
        return await asyncio.shield(asyncio.ensure_future(original(call, url, body)))


@blind_defect("AEC-12wa", "a worker that was taken for dead works on at a run that it has lost", service="worker")
def _() -> None:
    # Observable: stop a worker's process for longer than its lease, let it go on: the failed run still calls its tools.
    from apex.worker.slot import _InHand

    replace(_InHand, "abandon", lambda held: None)
