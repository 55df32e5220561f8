"""Blind defects of agent_execution, second round, written from the promises alone."""

from __future__ import annotations

from typing import Any

from defects import blind_defect
from defects._patching import around, replace

# -- AEC-01 -----------------------------------------------------------------------------------------------------------


@blind_defect(
    "AEC-01ya",
    "days on which an instance did nothing are taken for days without a measurement",
    service="worker",
    scenario="The savings equal those in the customer's own inventory",
    step="the answer equals the savings in Acme's own inventory",
)
def _() -> None:
    # Observable: an instance with some days of 0 % has too high an average (and may be no finding), an idle one of 0 %
    # on every day is missing from the savings.
    from dataclasses import replace as with_other

    from apex.agents.inventory import Inventory

    @around(Inventory, "_judge")
    def _(original: Any, self: Any, instance: Any) -> Any:
        key = instance["resource_id"]
        measured = {key: [point for point in self.datapoints.get(key, []) if point]}
        return original(with_other(self, datapoints=measured), instance)


@blind_defect(
    "AEC-01yb",
    "in a thread that has an answer already the agent's thoughts are not told any more",
    service="worker",
    scenario="A follow-up states the change since the previous answer",
    step="the story oracle finds nothing",
)
def _() -> None:
    # Observable: the story of a second run in a thread has no agent_thinking.
    import asyncio

    from apex.worker.execution import Execution

    @around(Execution, "think")
    async def _(original: Any, self: Any, thought: str) -> None:
        if any(message.role == "assistant" for message in self.history):
            await asyncio.sleep(0)
        else:
            await original(self, thought)


# -- AEC-02 -----------------------------------------------------------------------------------------------------------


@blind_defect(
    "AEC-02ya",
    "a follow-up passes over an earlier answer that found nothing to save",
    service="worker",
    scenario="A follow-up states the change since nothing was found",
    step="the answer states the change since the previous answer",
)
def _() -> None:
    # Observable: the newest answer of the thread has no findings; the next run's ``previous`` is null, or an older one.
    from apex.agents import cost

    def previous(context: Any) -> dict[str, str] | None:
        for message in reversed(context.history):
            if message.run_id is not None and message.data and message.data.get("findings"):
                return {"run_id": message.run_id, "monthly_savings": message.data["monthly_savings"]}
        return None

    replace(cost, "_previous", previous)


@blind_defect(
    "AEC-02yb",
    "read back, a partial answer is not marked as one",
    service="backend",
    scenario="A finished run is unchanged in the customer's next session",
    step="the records oracle finds nothing",
)
def _() -> None:
    # Observable: agent_completed says partial, the run as it is read afterwards says that it is whole.
    from apex.backend import runs

    @around(runs, "fields")
    def _(original: Any, row: Any) -> dict[str, Any]:
        return {**original(row), "partial": row.answer is not None and row.error is not None}


# -- AEC-03 -----------------------------------------------------------------------------------------------------------


@blind_defect(
    "AEC-03ya", "the steps that are kept of a run at work are those of the run that began last", service="worker"
)
def _() -> None:
    # Observable: whoever reads a long run while another customer's begins is shown that one's steps (agent, tools).
    from apex.worker.slot import _InHand
    from apex.worker.tracker import Tracker

    at_work: dict[str, Any] = {}

    @around(Tracker, "__init__")
    def _(original: Any, self: Any, run: Any, stream: Any) -> None:
        original(self, run, stream)
        at_work["tracker"] = self

    replace(_InHand, "progress", lambda self: list(at_work["tracker"].steps) if at_work else [])


@blind_defect(
    "AEC-03yb",
    "how a tool failed is told in the words in which it failed the first customer",
    service="worker",
    scenario="Each customer reads why their own tool has failed",
    step="each customer reads the reason of their own failure",
)
def _() -> None:
    # Observable: a tool that names the customer's own resource in its error; the second customer reads the first one's.
    from apex.worker import supervisor

    told: dict[Any, Any] = {}

    @around(supervisor, "_told")
    def _(original: Any, error: BaseException) -> Any:
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        kind = (type(error), getattr(error, "tool_name", None), getattr(error, "code", None))
        return told.setdefault(kind, original(error))


# -- AEC-04 -----------------------------------------------------------------------------------------------------------


@blind_defect(
    "AEC-04ya",
    "a thread's runs take turns, and one that is ended at its limit keeps its turn",
    service="worker",
    scenario="A conversation goes on after a run has timed out",
    step="Acme runs an agent that calls a tool on every worker in the same conversation",
)
def _() -> None:
    # Observable: after a time-out the next run in the same thread waits until its own time limit.
    import asyncio

    from sqlalchemy import select

    from apex.storage.tables import runs
    from apex.worker.supervisor import Supervisor

    @around(Supervisor, "_perform")
    async def _(original: Any, self: Any, run: Any, *others: Any) -> Any:
        # Seen by both workers: which of them has the last run is chance.
        with self._database.tenant(run.tenant_id) as connection:
            ended = (runs.c.thread_id == run.thread_id) & (runs.c.status == "timed_out")
            keeps_turn = connection.scalar(select(runs.c.id).where(ended)) is not None
        while keeps_turn:
            await asyncio.sleep(0.05)
        return await original(self, run, *others)


@blind_defect(
    "AEC-04yb",
    "time limits count in whole seconds: a run that has 1.9 s is ended after 1",
    service="worker",
    scenario="The customer is notified when the time limit has passed",
    step="Acme is notified in time that the run took too long",
)
def _() -> None:
    # Observable: a run that takes longer than the whole seconds of its limit, and less than the limit, times out.
    from apex.worker import leases

    whole = "greatest(trunc(time_limit_seconds), 1) AS time_limit_seconds"
    replace(leases, "_COLUMNS", leases._COLUMNS.replace("time_limit_seconds", whole))


# -- AEC-05 -----------------------------------------------------------------------------------------------------------


@blind_defect(
    "AEC-05ya",
    "an agent that has crashed is spared for ten seconds, whoever asks for it",
    service="worker",
    scenario="An agent that has crashed for one customer works for the next",
    step="Borealis' run completes",
)
def _() -> None:
    # Observable: one customer's input makes the agent raise; the next customer's run of it, with good input, fails.
    import time

    from apex.agents import ToolFailed
    from apex.worker.execution import Execution

    spared_until: dict[str, float] = {}

    @around(Execution, "perform")
    async def _(original: Any, self: Any) -> Any:
        name = self._agent.name
        if time.monotonic() < spared_until.get(name, 0.0):
            raise RuntimeError(f"{name} has just failed")
        try:
            return await original(self)
        except ToolFailed:
            raise
        except Exception:
            spared_until[name] = time.monotonic() + 10
            raise


@blind_defect(
    "AEC-05yb",
    "a worker in which an agent has crashed is not ready until another run has ended well",
    service="worker",
    scenario="The service survives an agent that terminates its process",
    step="every service is ready",
)
def _() -> None:
    # Observable: the worker's /health/ready after the crash.
    from apex.worker import app
    from apex.worker.supervisor import Supervisor

    last: dict[str, Any] = {}

    @around(Supervisor, "_ending")
    async def _(original: Any, *arguments: Any) -> Any:
        ending = await original(*arguments)
        last["code"] = (ending.error or {}).get("code")
        return ending

    def check() -> None:
        if last.get("code") == "agent_failed":
            raise RuntimeError("the last run failed")

    @around(app, "create_app")
    def _(original: Any, process: Any, title: str, database: Any, checks: Any, **options: Any) -> Any:
        return original(process, title, database, {**checks, "agents": check}, **options)


# -- AEC-06 -----------------------------------------------------------------------------------------------------------


@blind_defect(
    "AEC-06ya",
    "the part of a delegated agent begins with an agent_started of its own",
    service="worker",
    scenario="Delegated agents report their part within the run",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    # Observable: the story of a supervisor's run has more than one agent_started.
    from apex.worker.execution import Execution

    @around(Execution, "delegate")
    async def _(original: Any, self: Any, agent_name: str, input: dict[str, Any]) -> Any:
        agent = self._registry.find(agent_name)
        if agent is not None:
            payload = {"agent_description": agent.description, "parent_run_id": self._run.id}
            self._tracker.emit("agent_started", agent_name, payload)
        return await original(self, agent_name, input)


@blind_defect(
    "AEC-06yb", "what a tool reports of a call that is over is dropped, but has taken a number", service="tools"
)
def _() -> None:
    # Observable: a tool that reports once more after its result; run_sequence has a gap before the next event.
    from apex.storage import stream

    numbered = "  run_sequence = redis.call('HINCRBY', run, 'sequence', 1)\n"
    dropped = next(line for line in stream._PUBLISH.splitlines(keepends=True) if "'over:' .. call) == 1 then" in line)
    replace(stream, "_PUBLISH", stream._PUBLISH.replace(dropped + numbered, numbered + dropped))


# -- AEC-07 -----------------------------------------------------------------------------------------------------------


@blind_defect(
    "AEC-07ya",
    "operators who ask for a state are given those of the newest runs that are in it",
    service="backend",
    scenario="Every run is found by its state",
    step="each of Acme's runs is found by its state alone",
)
def _() -> None:
    # Observable: ?status=failed&limit=1 is empty when a run of another state is newer; likewise behind 50 newer runs.
    from sqlalchemy import text

    from apex.backend import operations
    from apex.storage.tables import runs

    everything = str(vars(operations._RUNS_OF_ALL.element)["text"]).replace("(:status, ", "(NULL, ")
    some = f"{everything} WHERE cast(:status AS text) IS NULL OR status = cast(:status AS text)"
    replace(operations, "_RUNS_OF_ALL", text(some).columns(*runs.c))


@blind_defect(
    "AEC-07yb",
    "steps of less than fifty milliseconds are left out when a run ends",
    service="worker",
    scenario="The durations of the steps add up to the run's duration",
    step="the operator sees that the steps add up to the run's duration",
)
def _() -> None:
    # Observable: the durations of the steps do not add up to the run's; a quick run has no steps at all.
    from apex.worker.tracker import Tracker

    @around(Tracker, "finish")
    def _(original: Any, self: Any) -> Any:
        finished_at, steps, usage = original(self)
        return finished_at, [step for step in steps if step["duration_seconds"] >= 0.05], usage


# -- AEC-08 -----------------------------------------------------------------------------------------------------------


@blind_defect(
    "AEC-08ya",
    "partners are asked under the trace of the first request that reached them",
    service="tools",
    scenario="Stopping one customer's call leaves another customer's alone",
    step="the identities oracle finds nothing",
)
def _() -> None:
    # Observable: the traceparent that a partner receives from the second run on (a header kept on the shared client).
    from apex.runtime.telemetry import traceparent
    from apex.tools import tool

    headers: dict[str, str] = {}
    replace(tool, "traceparent", lambda: headers.setdefault("traceparent", traceparent()))


@blind_defect(
    "AEC-08yb",
    "requests over a line that is kept open go on under the trace of its first",
    service="backend",
    scenario="The caller's trace is found in every record of the run",
    step="the caller's trace ID, and no other, is found in",
)
def _() -> None:
    # Observable: two requests over one connection, each with its traceparent; the second is answered, and its run told
    # and stored, under the trace of the first.
    from apex.runtime.service import RequestContext

    first: dict[Any, Any] = {}

    @around(RequestContext, "__call__")
    async def _(original: Any, self: Any, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope.get("client"):
            given = [header for header in scope["headers"] if header[0] == b"traceparent"]
            others = [header for header in scope["headers"] if header[0] != b"traceparent"]
            known = first.setdefault(scope["client"], given) if given else given
            scope["headers"] = [*others, *known]
        await original(self, scope, receive, send)


# -- AEC-09 -----------------------------------------------------------------------------------------------------------


@blind_defect(
    "AEC-09ya",
    "who has named an unknown agent five times is refused for a minute, whatever is asked",
    service="backend",
    scenario="Whoever was refused several times can still run every agent",
    step="Acme can finish a usage report",
)
def _() -> None:
    # Observable: the refusals cost something: after the fifth, a run of a known agent is answered with 429.
    import time
    from collections import defaultdict

    from structlog.contextvars import get_contextvars

    from apex.agents import AgentRegistry
    from apex.http.problems import rate_limited

    missed: dict[str, list[float]] = defaultdict(list)

    @around(AgentRegistry, "find")
    def _(original: Any, self: Any, name: str) -> Any:
        of_tenant, moment = missed[get_contextvars().get("tenant_id", "")], time.monotonic()
        of_tenant[:] = [at for at in of_tenant if moment - at < 60]
        if len(of_tenant) >= 5:
            raise rate_limited(60, 5, 5 / 60)
        agent = original(self, name)
        if agent is None:
            of_tenant.append(moment)
        return agent


@blind_defect(
    "AEC-09yb",
    "whether there is an agent is left to the worker, which fails the run of an unknown one",
    service="backend",
    scenario="The error names every known agent",
    step="the error names every known agent",
)
def _() -> None:
    # Observable: an unknown name is answered with 202; a run is stored, its failure is told, and no agents are named.
    from types import SimpleNamespace

    from apex.agents import AgentRegistry

    @around(AgentRegistry, "find")
    def _(original: Any, self: Any, name: str) -> Any:
        return original(self, name) or SimpleNamespace(name=name, description=name)


# -- AEC-10 -----------------------------------------------------------------------------------------------------------


@blind_defect(
    "AEC-10ya",
    "tool calls of delegated agents are not counted",
    service="worker",
    scenario="Delegated agents report their part within the run",
    step="the records oracle finds nothing",
)
def _() -> None:
    # Observable: the usage of a supervisor's run says 0 tool calls, its story has several.
    from apex.worker.tracker import Tracker

    @around(Tracker, "call_started")
    def _(original: Any, self: Any, tool_name: str, agent_name: str) -> None:
        original(self, tool_name, agent_name)
        if agent_name != self._run.agent_name:
            self.tool_calls -= 1


@blind_defect(
    "AEC-10yb",
    "of the working state the size at the end is reported, not the largest",
    service="worker",
    scenario="The working state is reported as it was at its largest",
    step="the run reports the large working state",
)
def _() -> None:
    # Observable: an agent that empties its state before it answers, or a supervisor whose parts had large ones.
    from apex.worker.tracker import Tracker

    @around(Tracker, "state_seen")
    def _(original: Any, self: Any, state: dict[str, Any]) -> None:
        self.peak_state_bytes = 0
        original(self, state)


# -- AEC-11 -----------------------------------------------------------------------------------------------------------


@blind_defect(
    "AEC-11ya",
    "a run that is cancelled in the queue stays there until a worker takes it",
    service="backend",
    scenario="A run cancelled in the queue is shown as cancelled",
    step="the run is stored as cancelled",
)
def _() -> None:
    # Observable: with all slots taken (or no worker there) the cancelled run stays queued and nothing is told.
    from sqlalchemy import update

    from apex.backend import runs
    from apex.storage import tables
    from apex.storage.runs import QUEUED, now

    @around(runs, "cancel_run")
    def _(original: Any, connection: Any, run: Any, cancelled_by: str) -> None:
        if run.status == QUEUED:
            this = tables.runs.c.id == run.id
            connection.execute(update(tables.runs).where(this).values(cancel_requested_at=now()))
        else:
            original(connection, run, cancelled_by)


@blind_defect(
    "AEC-11yb",
    "a run whose agent answers in spite of its cancellation is completed",
    service="worker",
    scenario="An agent that answers when it is cancelled is cancelled, too",
    step="the run is stored as cancelled",
)
def _() -> None:
    # Observable: an agent that catches its cancellation and returns what it has: completed, with an answer.
    from sqlalchemy import update

    from apex.storage.runs import COMPLETED
    from apex.storage.tables import runs
    from apex.worker import supervisor

    @around(supervisor, "end_run")
    def _(original: Any, connection: Any, run: Any, ending: Any, **others: Any) -> Any:
        if ending.status == COMPLETED:
            connection.execute(update(runs).where(runs.c.id == run.id).values(cancel_requested_at=None))
        return original(connection, run, ending, **others)


# -- AEC-12 -----------------------------------------------------------------------------------------------------------


@blind_defect(
    "AEC-12ya",
    "that a run was lost with its worker is only written down, and told to nobody",
    service="worker",
    scenario="A lost run is not run again",
    step="the records oracle finds nothing",
)
def _() -> None:
    # Observable: over HTTP the run has failed (worker_lost), but no agent_error comes, and analytics has no record.
    from sqlalchemy import update

    from apex.storage.tables import runs
    from apex.worker import leases

    @around(leases, "end_run")
    def _(original: Any, connection: Any, run: Any, ending: Any, **others: Any) -> Any:
        if ending.error is not leases.WORKER_LOST:
            return original(connection, run, ending, **others)
        values = {"status": ending.status, "error": ending.error, "lease_expires_at": None}
        values |= {"steps": others["steps"], "finished_at": others["finished_at"]}
        still = (runs.c.id == run.id) & (runs.c.status == run.status) & (runs.c.worker == run.worker)
        return ending if connection.execute(update(runs).where(still).values(values)).rowcount else None


@blind_defect(
    "AEC-12yb",
    "a run that was asked to stop when its worker died is never ended",
    service="worker",
    scenario="A lost run that was cancelled ends, too",
    step="the run is stored as cancelled in time",
)
def _() -> None:
    # Observable: kill -9 the worker, cancel the run before its lease is over: it stays running for ever.
    from sqlalchemy import text

    from apex.worker import leases

    left = "lost_runs() WHERE cancel_requested_at IS NULL"
    replace(leases, "text", lambda statement: text(statement.replace("lost_runs()", left)))
