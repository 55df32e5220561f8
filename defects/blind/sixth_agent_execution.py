"""Blind defects of agent_execution, written from the promises alone."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "AEC-01ua",
    "of more than 500 instances only the last batch counts as measured",
    service="tools",
    scenario="Customers see how far the analysis of a large account has come",
    step="each answer equals what the customer's own data gives",
)
def _() -> None:
    # Observable: a cost analysis over more than 500 running instances; the savings lack those of all full batches of
    # 500, whose instances are counted as unmeasured.
    from datetime import UTC, datetime
    from functools import partial

    from apex.tools import cloud

    async def execute(self: Any, call: Any, parameters: Any) -> dict[str, Any]:
        account = await call.cloud()
        end, total = datetime.now(UTC), len(parameters.resource_ids)
        points: dict[str, list[str]] = {}
        for first in range(0, total, cloud._QUERIES):
            batch = parameters.resource_ids[first : first + cloud._QUERIES]
            points = await call.in_thread(partial(self._read, account, batch, end))
            if total > cloud._QUERIES:
                await call.report("Reading how busy your instances were.", first + len(batch), total)
        return {"datapoints": points}

    replace(cloud.ReadUtilisation, "execute", execute)


@blind_defect(
    "AEC-01ub",
    "a run that was read a moment ago is answered as it was then",
    service="backend",
    scenario="The savings equal those in the customer's own inventory",
    step="the records oracle finds nothing",
)
def _() -> None:
    # Observable: poll a run while it is running, and read it on receipt of agent_completed within a second of the last
    # poll: it is still shown as running, without an answer.
    import time

    from apex.backend import runs

    kept: dict[tuple[str, str], tuple[float, Any]] = {}

    @around(runs, "own_run")
    def _(original: Any, connection: Any, identity: Any, run_id: str, *, lock: bool = False) -> Any:
        key = (identity.user_id, run_id)
        if lock:
            kept.pop(key, None)
            return original(connection, identity, run_id, lock=True)
        until, row = kept.get(key, (0.0, None))
        if until < time.monotonic():
            row = original(connection, identity, run_id)
            kept[key] = (time.monotonic() + 1.0, row)
        return row


@blind_defect(
    "AEC-02ua",
    "in a long thread a follow-up knows the oldest 50 messages, not the newest",
    service="worker",
    scenario="A third run builds on the second in a long conversation, too",
    step="the answer states no change since the previous answer",
)
def _() -> None:
    # Observable: a follow-up cost analysis in a thread with more than 50 messages; "previous" (and "change") is of an
    # early run, or missing, instead of the run before.
    from sqlalchemy import select

    from apex.agents.agent import Message
    from apex.storage.tables import messages
    from apex.worker import supervisor

    def read_history(database: Any, run: Any) -> list[Message]:
        query = (
            select(messages)
            .where(messages.c.thread_id == run.thread_id, messages.c.created_at < run.created_at)
            .order_by(messages.c.created_at, messages.c.id)
            .limit(50)
        )
        with database.tenant(run.tenant_id) as connection:
            rows = connection.execute(query).all()
        return [Message(row.role, row.content, row.data, row.run_id) for row in rows]

    replace(supervisor, "read_history", read_history)


@blind_defect(
    "AEC-02ub",
    "an answer stands in its thread at the time when its run began",
    service="worker",
    scenario="A follow-up states the change since the previous answer",
    step="the records oracle finds nothing",
)
def _() -> None:
    # Observable: write a message into the thread while the run is running; when the run has completed, its answer is
    # not the thread's newest message but stands before that one.
    from sqlalchemy import update

    from apex.storage.tables import messages
    from apex.worker import supervisor

    @around(supervisor, "end_run")
    def _(original: Any, connection: Any, run: Any, ending: Any, **others: Any) -> Any:
        ended = original(connection, run, ending, **others)
        answer = (messages.c.run_id == run.id) & (messages.c.role == "assistant")
        connection.execute(update(messages).where(answer).values(created_at=run.started_at))
        return ended


@blind_defect(
    "AEC-03ua",
    "what a tool reports is told to the customer whose call began last",
    service="tools",
    scenario="Fifty customers run a job each at the same time",
    step="every connection has received all events of its own user's runs in order, and nothing else",
)
def _() -> None:
    # Observable: runs of two tenants at once whose tools report progress (such as over 500 instances): the first one's
    # later tool_progress events reach the second tenant's user, and are missing in the own story.
    from apex.tools.dispatcher import Dispatcher

    latest: dict[str, str] = {}

    @around(Dispatcher, "_teller")
    def _(original: Any, self: Any, call_id: str, tool: Any, request: Any, caller: dict[str, str]) -> Any:
        latest.update(caller)
        return original(self, call_id, tool, request, latest)


@blind_defect(
    "AEC-03ub",
    "a worker's running runs all show the steps of the one that began last",
    service="worker",
    scenario="Other customers' runs do not change a run's progress",
    step="the progress that Acme has read has grown with each answer",
)
def _() -> None:
    # Observable: two customers' runs at once in one worker; GET of the one that began first (over a heartbeat later)
    # shows agent, tools and times of the other's steps, or none once the other has ended.
    from apex.worker.supervisor import Supervisor

    in_hand: dict[str, Any] = {"tracker": None}

    def tracker(self: Supervisor) -> Any:
        return in_hand["tracker"]

    def set_tracker(self: Supervisor, value: Any) -> None:
        in_hand["tracker"] = value

    Supervisor.tracker = property(tracker, set_tracker)  # type: ignore[assignment]


@blind_defect(
    "AEC-04ua",
    "a slot whose agent does not give way is not replaced",
    service="worker",
    scenario="Hanging runs on every worker do not stop other customers",
    step="Borealis' run completes in time",
)
def _() -> None:
    # Observable: agents that block (no await) past their time limit are told as timed out, but each takes a slot for
    # ever: after as many as the worker has slots, everybody's runs stay queued.
    from apex.worker.slot import Slot

    def give_up(self: Slot) -> None:
        self.close()
        self._done.set()
        if not self.closed:
            self._replace()

    replace(Slot, "give_up", give_up)


@blind_defect(
    "AEC-04ub",
    "a call into a cloud that is stopped keeps its tenant's turn",
    service="tools",
    scenario="Cancelled cloud analyses are not in the way of later ones",
    step="Acme cancels eight cost analyses, four at a time, while the cloud does not respond",
)
def _() -> None:
    # Observable: six runs of a tenant that time out (or are cancelled) while the tenant's cloud hangs; all its later
    # runs hang at their first cloud tool, also when the cloud answers again, until the tools service is restarted.
    import asyncio
    from contextlib import suppress
    from contextvars import copy_context

    from apex.tools.pools import FairThreads

    turns_of: dict[str, asyncio.Semaphore] = {}

    async def run(self: FairThreads, tenant_id: str, work: Any) -> Any:
        turns = turns_of.setdefault(tenant_id, asyncio.Semaphore(self._share))
        await turns.acquire()
        submitted = self._pool.submit(copy_context().run, work)
        working = asyncio.wrap_future(submitted)
        try:
            result = await asyncio.shield(working)
        except asyncio.CancelledError:
            while not submitted.cancel() and not working.done():
                with suppress(asyncio.CancelledError):
                    await asyncio.wait([working])
            raise
        except Exception:
            turns.release()
            raise
        turns.release()
        return result

    replace(FairThreads, "run", run)


@blind_defect(
    "AEC-05ua",
    "of lookup and value errors the customer is told the agent's own words",
    service="worker",
    scenario="The error of a crashed agent contains no internal details",
    step="the stored error and the error event of Acme's run show no internal details",
)
def _() -> None:
    # Observable: an agent that raises a KeyError, LookupError or ValueError; the run's error and the agent_error event
    # carry the exception's text instead of a reason fit for a customer.
    from apex.worker import supervisor

    @around(supervisor, "_told")
    def _(original: Any, error: BaseException) -> dict[str, Any]:
        told: dict[str, Any] = original(error)
        if isinstance(error, LookupError | ValueError):
            told["message"] = f"The agent could not finish: {error}."
        return told


@blind_defect(
    "AEC-05ub",
    "an answer that is no JSON is not noticed before it is written",
    service="worker",
    scenario="An agent whose answer cannot be stored has failed",
    step="Acme's run has failed because of the agent",
)
def _() -> None:
    # Observable: an agent whose answer holds a Decimal, a date or a set; the run hangs until its lease is over and is
    # told as worker_lost, please start again, instead of agent_failed.
    from apex.worker import supervisor

    replace(supervisor, "kept", lambda value: value)


@blind_defect(
    "AEC-06ua",
    "calls that an agent has left behind are stopped only where it fails",
    service="worker",
    scenario="An agent that takes the first answer leaves no tool call open",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    # Observable: an agent that calls two tools side by side and answers with the first result; the other call's
    # tool_executing never gets its tool_completed, and the tool works on after the end of the run.

    supervisor: Any = import_module("apex.worker.supervisor")

    async def perform(self: Any, run: Any, agent: Any, tracker: Any, toolbox: Any) -> dict[str, Any]:
        tracker.emit("agent_started", agent.name, {"agent_description": agent.description})
        history = supervisor.read_history(self._database, run)
        execution = supervisor.Execution(
            run, agent, run.input, history, self._database, self._registry, toolbox, tracker
        )
        try:
            answer: dict[str, Any] = await execution.perform()
            return answer
        except BaseException:
            await execution.stop_calls()
            raise

    replace(supervisor.Supervisor, "_perform", perform)


@blind_defect(
    "AEC-06ub",
    "an event that cannot be told is logged, and the run goes on without it",
    service="worker",
    scenario="Events that could not be delivered for a moment are delivered later",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    # Observable: Redis is away for a moment in the middle of a run; the run completes, but its story lacks an event
    # (such as a tool_executing or a tool_completed) and nobody is told so.
    import structlog

    from apex.worker.tracker import Tracker

    log = structlog.get_logger()

    @around(Tracker, "_tell")
    def _(original: Any, self: Any) -> None:
        original(self)
        for event in self.untold:
            log.warning("event not told", type=event.type)
        self.untold.clear()


@blind_defect(
    "AEC-07ua",
    "from the second page on the operators' list forgets the wanted state",
    service="backend",
    scenario="Every run is found by its state",
    step="each of Acme's runs is found by its state alone",
)
def _() -> None:
    # Observable: an operator pages through the runs of one state (more than a page of them, others in between); the
    # following pages show runs of every state.
    from sqlalchemy import text

    from apex.backend import operations
    from apex.storage.tables import runs

    status = "CASE WHEN CAST(:behind_time AS timestamptz) IS NULL THEN CAST(:status AS text) END"
    statement = text(
        f"SELECT {operations._COLUMNS} FROM "
        f"runs_of_all_tenants({status}, CAST(:tenant AS uuid), :behind_time, :behind_id, :size)"
    ).columns(*runs.c)
    replace(operations, "_RUNS_OF_ALL", statement)


@blind_defect(
    "AEC-07ub",
    "the time in which a run was lost or gave no way belongs to no step",
    service="worker",
    scenario="All runs of a lost worker fail in time",
    step="the records oracle finds nothing",
)
def _() -> None:
    # Observable: a run whose worker was killed, or whose agent blocked past its limit; its steps' durations add up to
    # less than the run's duration.
    from apex.worker import leases

    @around(leases, "_accounted")
    def _(original: Any, *given: Any) -> list[dict[str, Any]]:
        steps: list[dict[str, Any]] = original(*given)
        return steps[:-1]


@blind_defect(
    "AEC-08ua",
    "what a tool reports is told from a thread that does not know the trace",
    service="tools",
    scenario="Customers see how far the analysis of a large account has come",
    step="the identities oracle finds nothing",
)
def _() -> None:
    # Observable: a tool that reports progress (such as over 500 instances); its tool_progress events have a trace id of
    # zeros and an empty request id.
    import asyncio

    from apex.tools.sanitising import masked
    from apex.tools.tool import ToolCall

    async def report(self: ToolCall, message: str, done: int, total: int) -> None:
        told = {"message": masked(message), "done": done, "total": total}
        await asyncio.get_running_loop().run_in_executor(None, self.tell, told)

    replace(ToolCall, "report", report)


@blind_defect(
    "AEC-08ub",
    "a run cancelled while it waits ends under the trace of the cancellation",
    service="backend",
    scenario="A run cancelled in the queue is shown as cancelled",
    step="the records oracle finds nothing",
)
def _() -> None:
    # Observable: cancel a queued run with a request of another traceparent; agent_cancelled and the analytics record
    # carry that trace instead of the run's.
    import apex.backend.app  # noqa: F401 - whoever shows runs has the right one already
    from apex.runtime import telemetry
    from apex.storage import runs

    replace(runs, "trace_id_of", lambda run: telemetry.trace_id())


@blind_defect(
    "AEC-09ua",
    "an agent's name that is nearly right starts the agent of the nearest name",
    service="backend",
    scenario="The error names every known agent",
    step="the error names every known agent",
)
def _() -> None:
    # Observable: ask for "cost_analysi" or "Cost-Analysis": a run of cost_analysis is stored and carried out instead of
    # a refusal.
    from difflib import get_close_matches

    from apex.backend import runs

    @around(runs, "known_agent")
    def _(original: Any, registry: Any, name: str) -> Any:
        names = [agent.name for agent in registry]
        near = get_close_matches(name.lower(), names, n=1, cutoff=0.8)
        return original(registry, near[0] if name not in names and near else name)


@blind_defect(
    "AEC-09ub",
    "the refusal of an unknown agent names the first three agents only",
    service="backend",
    scenario="The error names every known agent",
    step="the error names every known agent",
)
def _() -> None:
    # Observable: ask for an unknown agent; "known_agents" and the text lack the fourth and later ones of GET
    # /v1/agents.

    runs: Any = import_module("apex.backend.runs")

    @around(runs, "known_agent")
    def _(original: Any, registry: Any, name: str) -> Any:
        try:
            return original(registry, name)
        except runs.Problem as problem:
            few = problem.members["known_agents"][:3]
            raise runs.Problem(
                422,
                "unknown_agent",
                f"There is no agent of this name; the agents are {', '.join(few)}.",
                errors=problem.members["errors"],
                known_agents=few,
            ) from None


@blind_defect(
    "AEC-10ua",
    "what a failed tool call has used is not counted",
    service="worker",
    scenario="What a failed tool call has read is counted, too",
    step="the run reports the large document as data read",
)
def _() -> None:
    # Observable: a run in which a tool reads from the cloud or a partner and then fails (the agent goes on); the run's
    # bytes_read and cpu_seconds lack what that call has used.
    from apex.agents import ToolFailed
    from apex.worker.execution import Execution

    @around(Execution, "_used")
    def _(original: Any, self: Any, call: Any) -> None:
        if not isinstance(call, ToolFailed):
            original(self, call)


@blind_defect(
    "AEC-10ub",
    "all runs of a worker begin with the working state of the runs before",
    service="worker",
)
def _() -> None:
    # Observable: a usage report after (or beside) a large cost analysis in the same worker; its peak_state_bytes is
    # that of the other's state, some 100 KB instead of 2 bytes.
    from apex.worker.execution import Execution

    state: dict[str, Any] = {}

    @around(Execution, "__init__")
    def _(original: Any, self: Any, *given: Any, **others: Any) -> None:
        original(self, *given, **others)
        self.state = state


@blind_defect(
    "AEC-11ua",
    "each cancellation says anew when it was asked, also of a run that has ended",
    service="backend",
)
def _() -> None:
    # Observable: cancel a run twice, or one that has completed; cancel_requested_at moves to the last request, and a
    # completed run has one all of a sudden.
    from sqlalchemy import update

    from apex.backend import runs as module
    from apex.storage.runs import QUEUED, now
    from apex.storage.tables import runs

    @around(module, "cancel_run")
    def _(original: Any, connection: Any, run: Any, cancelled_by: str) -> None:
        original(connection, run, cancelled_by)
        if run.status != QUEUED:
            connection.execute(update(runs).where(runs.c.id == run.id).values(cancel_requested_at=now()))


@blind_defect(
    "AEC-11ub",
    "an agent that answers in spite of its cancellation completes the run",
    service="worker",
    scenario="An agent that answers when it is cancelled is cancelled, too",
    step="the run is stored as cancelled",
)
def _() -> None:
    # Observable: cancel (202) a run whose agent catches its cancellation, or computes its last part without giving way;
    # it ends as completed with an answer instead of cancelled.
    from sqlalchemy import select, update

    from apex.storage.runs import COMPLETED
    from apex.storage.tables import runs
    from apex.worker import supervisor

    @around(supervisor, "end_run")
    def _(original: Any, connection: Any, run: Any, ending: Any, **others: Any) -> Any:
        if ending.status != COMPLETED:
            return original(connection, run, ending, **others)
        this = runs.c.id == run.id
        asked_at = connection.scalar(select(runs.c.cancel_requested_at).where(this).with_for_update())
        connection.execute(update(runs).where(this).values(cancel_requested_at=None))
        ended = original(connection, run, ending, **others)
        connection.execute(update(runs).where(this).values(cancel_requested_at=asked_at))
        return ended


@blind_defect(
    "AEC-12ua",
    "a worker takes no run for lost that is held under its own name",
    service="worker",
    scenario="A run is lost although its worker comes back alone",
    step="the run is stored as failed in time",
)
def _() -> None:
    # Observable: kill -9 the only worker mid-run and start it again under its name, as a process manager does; the run
    # stays running for ever and the customer hears nothing.
    from apex.worker.leases import Leases

    @around(Leases, "_fail")
    def _(original: Any, self: Any, run: Any) -> None:
        if run.worker != self._worker:
            original(self, run)


@blind_defect(
    "AEC-12ub",
    "a lost run that is not known to have called a tool is run again",
    service="worker",
)
def _() -> None:
    # Observable: kill -9 the worker while its agent thinks (or before the first heartbeat has stored a tool's step);
    # the run is carried out a second time, with a second agent_started, instead of failing as worker_lost.
    from sqlalchemy import func, select, update

    from apex.storage.runs import QUEUED, RUN_QUEUED, RUNNING
    from apex.storage.tables import runs
    from apex.worker.leases import Leases

    @around(Leases, "_fail")
    def _(original: Any, self: Any, run: Any) -> None:
        if any(step["kind"] == "tool" for step in run.steps):
            original(self, run)
            return
        held = (runs.c.id == run.id) & (runs.c.status == RUNNING) & (runs.c.worker == run.worker)
        anew: dict[str, Any] = {
            "status": QUEUED,
            "worker": None,
            "lease_expires_at": None,
            "started_at": None,
            "steps": [],
        }
        with self._database.tenant(run.tenant_id) as connection:
            connection.execute(update(runs).where(held).values(anew))
            connection.execute(select(func.pg_notify(RUN_QUEUED, str(run.id))))
