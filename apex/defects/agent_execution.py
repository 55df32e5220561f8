"""Seeded defects of agent runs (AEC)."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import time
import uuid
from typing import Any

from sqlalchemy import Connection, Row, text, update

from apex.agents import cost
from apex.agents.registry import AgentRegistry
from apex.agents.usage import UsageReport
from apex.backend import operations
from apex.backend import runs as backend_runs
from apex.backend.threads import new_thread
from apex.database import Database
from apex.defects import defect
from apex.defects._patching import replace
from apex.identity import Identity
from apex.problems import Problem, not_found
from apex.stream import Event, EventStream
from apex.tables import messages, runs
from apex.telemetry import span, traceparent
from apex.tools.dispatcher import Dispatcher
from apex.tools.tool import ToolCall
from apex.worker import leases, slot, supervisor, toolbox
from apex.worker.execution import Execution
from apex.worker.leases import Leases
from apex.worker.slot import Slot
from apex.worker.supervisor import Supervisor
from apex.worker.toolbox import Toolbox
from apex.worker.tracker import Tracker


@defect(
    "AEC-01a",
    service="worker",
    summary="the cost analysis gives every customer the same canned answer",
    scenario="The savings are those in the customer's own inventory",
    step="the answer equals the savings in Acme's own inventory",
)
def _() -> None:
    async def run(self: Any, context: Any) -> dict[str, Any]:
        answer = await original(self, context)
        return {**answer, "monthly_savings": "1234.56"}

    original = cost.CostAnalysis.run
    cost.CostAnalysis.run = run  # type: ignore[method-assign]


@defect(
    "AEC-01b",
    service="worker",
    summary="only the first two servers are looked at",
    scenario="Customers with different servers get different answers",
    step="each answer equals the savings in its customer's own inventory",
)
def _() -> None:
    async def of_two(context: Any) -> Any:
        inventory = await original(context)
        return dataclasses.replace(inventory, instances=inventory.instances[:2])

    original = replace(cost, "read_inventory", of_two)


@defect(
    "AEC-01c",
    service="worker",
    summary="events are kept back until the run ends",
    scenario="The work is shown while it is being done",
    step="Acme sees the agent start, think and use a tool while the run is still at work",
)
def _() -> None:
    kept: dict[str, list[Event]] = {}

    def publish(self: EventStream, event: Event, delivery_id: str = "") -> int:
        if event.ends_run or event.run_id is None:
            return original(self, event, delivery_id)
        kept.setdefault(event.run_id, []).append(event)
        return len(kept[event.run_id])

    def end(self: Supervisor, run: Row[Any], *others: Any) -> None:
        for event in kept.pop(run.id, []):
            original(self._stream, event)
        original_end(self, run, *others)

    original, original_end = EventStream.publish, Supervisor._end
    replace(EventStream, "publish", publish)
    replace(Supervisor, "_end", end)


@defect(
    "AEC-01d",
    service="worker",
    summary="the completed event is sent before the answer is committed",
    scenario="The answer can be read the moment it is announced",
    step="the announced answer can be read back at the first attempt",
)
def _() -> None:
    def end(self: Supervisor, run: Row[Any], ending: Any, tracker: Tracker) -> None:
        payload = {"answer": ending.answer, "partial": False, "usage": None, "duration_seconds": 0.0}
        tracker.emit("agent_completed", run.agent_name, payload)
        time.sleep(0.5)  # what a slow commit takes
        original(self, run, ending, tracker)

    original = replace(Supervisor, "_end", end)


@defect(
    "AEC-01e",
    service="worker",
    summary="the rightsizing plan leaves out what could be stopped",
    scenario="Every agent computes its answer from the customer's own data",
    step="each answer equals what the customer's own data gives",
)
def _() -> None:
    async def run(self: Any, context: Any) -> dict[str, Any]:
        plan = await original(self, context)
        return {**plan, "steps": [step for step in plan["steps"] if step["to_type"]]}

    original = replace(cost.RightsizingPlan, "run", run)


@defect(
    "AEC-02a",
    service="backend",
    summary="a finished run is kept in the memory of the backend only",
    scenario="A finished run reads the same after the service has crashed",
    step="the run reads as it did before",
)
def _() -> None:
    memory: dict[str, Any] = {}

    def own_run(connection: Connection, identity: Identity, run_id: str, *, lock: bool = False) -> Any:
        row = original(connection, identity, run_id, lock=lock)
        if row.status == "completed" and run_id not in memory:
            memory[run_id] = row
            connection.execute(update(runs).where(runs.c.id == run_id).values(answer=None, steps=[]))
        return memory.get(run_id, row)

    original = replace(backend_runs, "own_run", own_run)


@defect(
    "AEC-02b",
    service="worker",
    summary="a follow-up starts without the thread's history",
    scenario="A follow-up builds on the answer before it",
    step="the answer tells the change since the one before",
)
def _() -> None:
    replace(supervisor, "read_history", lambda database, run: [])


@defect(
    "AEC-02c",
    service="worker",
    summary="the answer is not written into the thread",
    scenario="A finished run reads the same after the service has crashed",
    step="the answer is the newest message of its thread",
)
def _() -> None:
    def end(self: Supervisor, run: Row[Any], ending: Any, tracker: Tracker) -> None:
        original(self, run, ending, tracker)
        with self._database.tenant(run.tenant_id) as connection:
            connection.execute(messages.delete().where(messages.c.run_id == run.id, messages.c.role == "assistant"))

    original = replace(Supervisor, "_end", end)


@defect(
    "AEC-03a",
    service="worker",
    summary="the caller of a run is kept in a module-level variable",
    scenario="Ten customers at work at once each get their own result",
    step="each answer equals the savings in its customer's own inventory",
)
def _() -> None:
    current: dict[str, Any] = {}

    async def perform(self: Execution) -> dict[str, Any]:
        current["caller"] = self._run.caller
        await asyncio.sleep(0.05)
        return await original_perform(self)

    async def call(self: Toolbox, call_id: str, name: str, parameters: Any, story: Any, caller: Any) -> Any:
        return await original_call(self, call_id, name, parameters, story, current["caller"])

    original_perform, original_call = Execution.perform, Toolbox.call
    replace(Execution, "perform", perform)
    replace(Toolbox, "call", call)


@defect(
    "AEC-04a",
    service="worker",
    summary="the time limit does not reach tool calls",
    scenario="The customer is told when the time limit has passed",
    step="Acme is told in time that the run took too long",
)
def _() -> None:
    async def call(self: Toolbox, *arguments: Any) -> Any:
        work = asyncio.ensure_future(original(self, *arguments))
        while not work.done():
            try:
                await asyncio.shield(work)
            except asyncio.CancelledError:
                continue
        return work.result()

    original = replace(Toolbox, "call", call)
    replace(slot._InHand, "overdue", lambda self: False)


@defect(
    "AEC-04c",
    service="worker",
    summary="nobody looks after agents that do not give way",
    scenario="An agent that never gives way is ended as well",
    step="Acme is told in time that the run took too long",
)
def _() -> None:
    replace(slot._InHand, "overdue", lambda self: False)


@defect(
    "AEC-04b",
    service="worker",
    summary="a worker's place is not given back after a time-out",
    scenario="Hanging runs on every worker do not stop other customers",
    step="Borealis' run ends in time all the same",
)
def _() -> None:
    async def carry_out(self: Slot, run: Row[Any]) -> None:
        await original(self, run)
        if run.time_limit_seconds < 10:
            self.close()

    original = replace(Slot, "_carry_out", carry_out)
    # Nor is there another in the place of one that was slow to end.
    replace(Slot, "give_up", Slot.close)


@defect(
    "AEC-05a",
    service="worker",
    summary="an exception in an agent ends the worker process",
    scenario="Runs beside a crashing agent complete",
    step="Acme's run failed because of the agent",
)
def _() -> None:
    def told(error: BaseException) -> dict[str, Any]:
        os._exit(1)

    replace(supervisor, "_told", told)


@defect(
    "AEC-05b",
    service="worker",
    summary="the text of the exception is given as the reason",
    scenario="The reason of a crash is told in the customer's words",
    step="the reason that Acme reads and hears is fit for a customer",
)
def _() -> None:
    replace(
        supervisor, "_told", lambda error: supervisor._error("agent_failed", f"{type(error).__name__}: {error}", False)
    )


@defect(
    "AEC-05c",
    service="worker",
    summary="after a crash in an agent its worker is not ready any more",
    scenario="Runs beside a crashing agent complete",
    step="every service is ready",
)
def _() -> None:
    crashed: list[BaseException] = []

    def told(error: BaseException) -> Any:
        crashed.append(error)
        return original_told(error)

    def check(self: Database) -> None:
        if crashed:
            raise RuntimeError("not ready any more")
        original_check(self)

    original_told, original_check = replace(supervisor, "_told", told), replace(Database, "check", check)


@defect(
    "AEC-05d",
    service="worker",
    summary="an agent that ends its process ends the worker's place with it",
    scenario="An agent that tries to end the process ends its own run only",
    step="Acme's run failed because of the agent",
)
def _() -> None:
    def told(error: BaseException) -> Any:
        if isinstance(error, SystemExit):
            os._exit(1)
        return original(error)

    original = replace(supervisor, "_told", told)


def _renamed(change: Any) -> None:
    """Have ``change(tracker, type, payload)`` give the events to emit instead of one."""

    def emit(self: Tracker, type: str, agent_name: str, payload: dict[str, Any]) -> None:
        for changed_type, changed_payload in change(self, type, payload):
            original(self, changed_type, agent_name, changed_payload)

    original = replace(Tracker, "emit", emit)


@defect(
    "AEC-06a",
    service="worker",
    summary="a tool is told to have completed before it is told to execute",
    scenario="Tools at work side by side are told apart",
    step="Acme has received the complete story of the run",
)
def _() -> None:
    held: dict[str, Any] = {}

    def change(tracker: Tracker, type: str, payload: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
        if type == "tool_executing":
            held[payload["call_id"]] = payload
            return []
        if type == "tool_completed":
            return [(type, payload), ("tool_executing", held.pop(payload["call_id"]))]
        return [(type, payload)]

    _renamed(change)


@defect(
    "AEC-06b",
    service="worker",
    summary="a delegated agent's part is not marked as part of the story",
    scenario="Delegated agents tell their part inside the story",
    step="the story tells the parts of the cost analysis and the usage report",
)
def _() -> None:
    _renamed(lambda tracker, type, payload: [(type, {k: v for k, v in payload.items() if k != "parent_run_id"})])


@defect(
    "AEC-06c",
    service="worker",
    summary="what an agent without tools considers is lost",
    scenario="A run without tools tells its story too",
    step="Acme has received the complete story of the run",
)
def _() -> None:
    _renamed(lambda tracker, type, payload: [] if type == "agent_thinking" else [(type, payload)])


@defect(
    "AEC-06d",
    service="worker",
    summary="a cancelled tool call is never told to have ended",
    scenario="A cancelled run ends its story with the cancellation",
    step="Acme has received the complete story of the run",
)
def _() -> None:
    _renamed(lambda tracker, type, payload: [] if payload.get("outcome") == "cancelled" else [(type, payload)])


@defect(
    "AEC-06e",
    service="worker",
    summary="every event is told twice",
    scenario="An ordinary run tells its story in order",
    step="Acme has received the complete story of the run",
)
def _() -> None:
    _renamed(lambda tracker, type, payload: [(type, payload)] * 2)


@defect(
    "AEC-06f",
    service="worker",
    summary="tools that could work side by side are used one after the other",
    scenario="Tools at work side by side are told apart",
    step="the story tells of three tool calls side by side",
)
def _() -> None:
    async def call(self: Execution, name: str, parameters: dict[str, Any]) -> Any:
        lock = self.state.setdefault("lock", asyncio.Lock())
        async with lock:
            return await original(self, name, parameters)

    original = replace(Execution, "_call", call)


@defect(
    "AEC-07a",
    service="backend",
    summary="operators do not see runs that wait",
    scenario="A run is listed in each of its states",
    step="the operator sees Acme's runs in these states",
)
def _() -> None:
    statement = text

    def without_queued(sql: str) -> Any:
        return statement(sql.replace(":size)", ":size) WHERE status <> 'queued'"))

    replace(operations, "text", without_queued)


@defect(
    "AEC-07b",
    service="worker",
    summary="each step's duration is measured from the start of the run",
    scenario="The steps of a run account for its whole duration",
    step="the operator sees the durations of its steps add up to the run's",
)
def _() -> None:
    def leave(self: Tracker, moment: Any) -> None:
        self.steps[-1]["duration_seconds"] = (moment - self._run.started_at).total_seconds()

    replace(Tracker, "_leave", leave)


@defect(
    "AEC-07c",
    service="worker",
    summary="all the time of a run is told as that of its first step",
    scenario="The steps of a run account for its whole duration",
    step="the operator sees the second spent on the partner's price list",
)
def _() -> None:
    def finish(self: Tracker) -> Any:
        finished_at, steps, used = original(self)
        for step in steps:
            step["duration_seconds"] = 0.0
        steps[0]["duration_seconds"] = (finished_at - self._run.started_at).total_seconds()
        return finished_at, steps, used

    original = replace(Tracker, "finish", finish)


@defect(
    "AEC-08a",
    service="worker",
    summary="a new trace begins where tools are called",
    scenario="A caller's trace is found wherever the run left a mark",
    step="Acme's trace is found in",
)
def _() -> None:
    def fresh() -> str:
        with span("tool"):
            return traceparent().replace(traceparent()[3:35], os.urandom(16).hex())

    replace(toolbox, "traceparent", fresh)


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


def _usage(change: Any) -> None:
    """Have ``change(usage)`` give what a run reports of its use."""

    def finish(self: Tracker) -> Any:
        finished_at, steps, usage = original(self)
        return finished_at, steps, {**usage, **change(usage)}

    original = replace(Tracker, "finish", finish)


@defect(
    "AEC-10a",
    service="worker",
    summary="every run reports the same computing time",
    scenario="Twice the servers take about twice the resources",
    step="Borealis' runs used between 1.6 and 2.5 times as much as Acme's of",
)
def _() -> None:
    _usage(lambda usage: {"cpu_seconds": 0.25})


@defect(
    "AEC-10b",
    service="worker",
    summary="elapsed time is reported as computing time",
    scenario="Waiting is not counted as computing",
    step="the run reports the second as elapsed, but not as computing time",
)
def _() -> None:
    _usage(lambda usage: {"cpu_seconds": usage["wall_seconds"]})


@defect(
    "AEC-10c",
    service="worker",
    summary="the data read is estimated from the number of tool calls",
    scenario="Twice the servers take about twice the resources",
    step="Borealis' runs used between 1.6 and 2.5 times as much as Acme's of",
)
def _() -> None:
    _usage(lambda usage: {"bytes_read": 250_000 * usage["tool_calls"]})


@defect(
    "AEC-10d",
    service="tools",
    summary="a call counts what the whole service reads while it lasts",
    scenario="Other customers' runs are not counted",
    step="Acme's last run used as much as the least of those before, within these bounds, of",
)
def _() -> None:
    total = 0

    def read(self: ToolCall) -> int:
        return int(total - vars(self).setdefault("began_at", total))

    def count(self: ToolCall, value: int) -> None:
        nonlocal total
        total += value - read(self)

    replace(ToolCall, "bytes_read", property(read, count))


@defect(
    "AEC-10e",
    service="tools",
    summary="a call counts the computing time of the whole service while it works",
    scenario="Other customers' runs are not counted",
    step="Acme's last run used as much as the least of those before, within these bounds, of",
)
def _() -> None:
    replace(time, "thread_time", time.process_time)


@defect(
    "AEC-10f",
    service="tools",
    summary="a call beside others is charged a flat amount of data",
    scenario="Twice the servers take about twice the resources beside other customers' runs, too",
    step="Borealis' runs used between 1.6 and 2.5 times as much as Acme's of",
)
def _() -> None:
    at_work = 0

    async def execute(self: Dispatcher, *arguments: Any) -> Any:
        nonlocal at_work
        at_work += 1
        try:
            answer = await original(self, *arguments)
            if at_work > 1:
                answer.usage.bytes_read = 250_000
            return answer
        finally:
            at_work -= 1

    original = replace(Dispatcher, "execute", execute)


@defect(
    "AEC-11a",
    service="worker",
    summary="cancelling changes the label of the run and nothing else",
    scenario="Cancelling stops the agent's work outside, too",
    step="the partner sees that nobody waits for its answer any more",
)
def _() -> None:
    def cancel(self: Leases, run_id: str) -> None:
        held = self._held.get(run_id)
        if held is None:
            return
        with self._database.platform() as connection:
            row = connection.execute(
                text("SELECT tenant_id FROM runs_of_all_tenants('running', NULL, 1000) WHERE id = :id"), {"id": run_id}
            ).first()
        if row is not None:
            with self._database.tenant(str(row.tenant_id)) as connection:
                connection.execute(update(runs).where(runs.c.id == run_id).values(status="cancelled"))

    replace(Leases, "cancel", cancel)
    replace(Leases, "_renew", lambda self: None)


@defect(
    "AEC-11b",
    service="backend",
    summary="cancelling a second time is a conflict",
    scenario="Cancelling twice is harmless",
    step="the second cancellation is accepted like the first",
)
def _() -> None:
    def own_run(connection: Connection, identity: Identity, run_id: str, *, lock: bool = False) -> Any:
        row = original(connection, identity, run_id, lock=lock)
        if lock and (row.cancel_requested_at is not None or row.status == "cancelled"):
            raise Problem(409, "conflict", "This run is being cancelled already.")
        return row

    original = replace(backend_runs, "own_run", own_run)


@defect(
    "AEC-11c",
    service="backend",
    summary="a colleague's run can be cancelled",
    scenario="Nobody cancels somebody else's run",
    step="each is answered as if the run had never existed",
)
def _() -> None:
    def own_run(connection: Connection, identity: Identity, run_id: str, *, lock: bool = False) -> Row[Any]:
        row = connection.execute(runs.select().where(runs.c.id == run_id)).first()
        if row is None:
            raise not_found()
        return row

    replace(backend_runs, "own_run", own_run)


@defect(
    "AEC-11d",
    service="worker",
    summary="an event follows the cancellation",
    scenario="Cancelling stops the agent's work outside, too",
    step="Acme hears of the cancellation in time and of nothing after it",
)
def _() -> None:
    def publish(self: EventStream, event: Event, delivery_id: str = "") -> int:
        number: int = original(self, event, delivery_id)
        if event.type == "agent_cancelled":
            self.redis.delete(f"run:{event.run_id}")
            late = dataclasses.replace(event, type="agent_thinking", payload={"thought": "Still here."}, ends_run=False)
            original(self, late)
        return number

    original = replace(EventStream, "publish", publish)


@defect(
    "AEC-12a",
    service="worker",
    summary="nobody looks for runs whose worker was lost",
    scenario="The customer is told in time that the worker was lost",
    step="Acme is told in time that the worker was lost",
)
def _() -> None:
    replace(Leases, "_fail_lost", lambda self: None)


@defect(
    "AEC-12b",
    service="worker",
    summary="a lost run is run again",
    scenario="A lost run is not run again",
    step="the run is stored as failed in time",
)
def _() -> None:
    def again(connection: Connection, run: Row[Any], *others: Any, **options: Any) -> bool:
        connection.execute(update(runs).where(runs.c.id == run.id).values(status="queued", worker=None))
        return True

    replace(leases, "end_run", again)


@defect(
    "AEC-12c",
    service="worker",
    summary="a lost run is failed, and a copy of it is run",
    scenario="A lost run is not run again",
    step="the partner was asked once",
)
def _() -> None:
    def once_more(connection: Connection, run: Row[Any], *others: Any, **options: Any) -> bool:
        ended: bool = original(connection, run, *others, **options)
        if ended:
            kept = {name: run._mapping[name] for name in _ASKED}
            connection.execute(runs.insert().values(id=str(uuid.uuid4()), **kept))
        return ended

    original = replace(leases, "end_run", once_more)


_ASKED = (
    "tenant_id",
    "user_id",
    "thread_id",
    "agent_name",
    "input",
    "time_limit_seconds",
    "caller",
    "traceparent",
    "request_id",
)
