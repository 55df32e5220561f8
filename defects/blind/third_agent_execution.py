"""Blind defects of agent_execution, third round, written from the promises alone."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "AEC-01xa",
    "of instances that share a name only the most expensive one is found",
    service="worker",
)
def _() -> None:
    # Observable: two idle instances of one auto-scaling group (same Name tag): one finding, and half the savings.
    from apex.agents.inventory import Inventory

    @around(Inventory, "findings")
    def _(original: Any, inventory: Any) -> Any:
        by_name: dict[str, Any] = {}
        for finding in original(inventory):
            by_name.setdefault(finding.name or finding.resource_id, finding)
        return list(by_name.values())


@blind_defect(
    "AEC-02xa",
    "a thread keeps its ten newest runs: with the eleventh the first is gone",
    service="worker",
    scenario="A conversation keeps all of its runs",
    step="every run of Acme reads as completed",
)
def _() -> None:
    # Observable: the eleventh run of a thread ends; GET /v1/runs/{id} of the first answers 404.
    from sqlalchemy import delete, select

    from apex.storage.runs import ENDED
    from apex.storage.tables import runs
    from apex.worker import supervisor

    @around(supervisor, "end_run")
    def _(original: Any, connection: Any, run: Any, ending: Any, **others: Any) -> Any:
        ended = original(connection, run, ending, **others)
        here = runs.c.thread_id == run.thread_id
        newest = select(runs.c.id).where(here).order_by(runs.c.created_at.desc()).limit(10)
        connection.execute(delete(runs).where(here, runs.c.status.in_(ENDED), runs.c.id.not_in(newest)))
        return ended


@blind_defect("AEC-03xa", "ends of runs that are delivered together go to the user of the first", service="worker")
def _() -> None:
    # Observable: runs of two tenants end while Redis is away, or in a crowd: one user gets the other's end as well.
    from apex.worker.relay import EventRelay

    @around(EventRelay, "deliver")
    def _(original: Any, relay: Any, rows: Any) -> Any:
        ends = [row.payload for row in rows if "user_id" in row.payload]
        for end in ends:
            end["user_id"] = ends[0]["user_id"]
        return original(relay, rows)


@blind_defect(
    "AEC-04xa",
    "a delegated agent that is cut off at the limit counts as a failed tool: the run goes on",
    service="worker",
)
def _() -> None:
    # Observable: the advisor's cost analysis hangs in the cloud; at the limit the run completes in part, not timed out.
    from apex.agents import ToolFailed
    from apex.worker.execution import Execution

    @around(Execution, "call_tool")
    async def _(original: Any, execution: Any, name: str, parameters: Any) -> Any:
        try:
            return await original(execution, name, parameters)
        except asyncio.CancelledError:
            if not execution._delegated:
                raise
            raise ToolFailed(name, f"The tool '{name}' took too long.", recoverable=True) from None


@blind_defect(
    "AEC-05xa",
    "an agent that fails with a cancellation of its own counts as cancelled by the customer",
    service="worker",
)
def _() -> None:
    # Observable: an agent awaits a task that it has cancelled; the run is cancelled, not failed, by its owner's name.
    from apex.storage.runs import CANCELLED, FAILED, Ending
    from apex.worker import supervisor

    @around(supervisor, "_told")
    def _(original: Any, error: BaseException) -> Any:
        return {} if isinstance(error, asyncio.CancelledError) else original(error)

    @around(supervisor.Supervisor, "_ending")
    async def _(original: Any, self: Any, run: Any, *others: Any) -> Any:
        ending = await original(self, run, *others)
        was_cancelled = ending.status == FAILED and not ending.error
        return Ending(CANCELLED, cancelled_by=run.user_id) if was_cancelled else ending


@blind_defect("AEC-06xa", "a delegated agent that fails tells an agent_error, and the story goes on", service="worker")
def _() -> None:
    # Observable: the advisor of a customer without a cloud account: agent_error in the middle, then agent_completed.
    from apex.worker.execution import Execution
    from apex.worker.supervisor import _told

    @around(Execution, "delegate")
    async def _(original: Any, execution: Any, agent_name: str, input: Any) -> Any:
        try:
            return await original(execution, agent_name, input)
        except Exception as error:
            payload = {**_told(error), "parent_run_id": execution._run.id}
            execution._tracker.emit("agent_error", agent_name, payload)
            raise


@blind_defect(
    "AEC-07xa",
    "operators do not see the runs that operators have begun",
    service="backend",
    scenario="Operators see their own runs, too",
    step="the list of all runs begins with that run",
)
def _() -> None:
    # Observable: an operator starts a run; it is in no page of /v1/operations/runs.
    from sqlalchemy import text

    from apex.backend import operations
    from apex.storage.tables import runs

    others = f"{vars(operations._RUNS_OF_ALL.element)['text']} WHERE caller->>'role' <> 'operator'"
    replace(operations, "_RUNS_OF_ALL", text(others).columns(*runs.c))


@blind_defect("AEC-08xa", "the part of a delegated agent has a trace of its own", service="worker")
def _() -> None:
    # Observable: the advisor's tool calls are recorded and logged by the tools service under another trace id.
    from opentelemetry.context import Context

    from apex.runtime.telemetry import _tracer
    from apex.worker.execution import Execution

    @around(Execution, "delegate")
    async def _(original: Any, execution: Any, agent_name: str, input: Any) -> Any:
        with _tracer.start_as_current_span(f"delegate {agent_name}", context=Context()):
            return await original(execution, agent_name, input)


@blind_defect(
    "AEC-09xa",
    "a refused question has taken a number of the user's stream",
    service="backend",
    scenario="The error names every known agent",
    step="the resources oracle finds nothing",
)
def _() -> None:
    # Observable: an unknown agent is asked; with the next event open sockets get a resync_required for nothing.
    from redis import Redis
    from structlog.contextvars import get_contextvars

    from apex.backend import runs
    from apex.http.problems import Problem

    @around(runs, "routes")
    def _(original: Any, database: Any, registry: Any, settings: Any) -> Any:
        client = Redis.from_url(settings.redis.url.get_secret_value())

        @around(runs, "known_agent")
        def _(find: Any, registry: Any, name: str) -> Any:
            try:
                return find(registry, name)
            except Problem:
                client.hincrby(f"stream:{get_contextvars()['user_id']}", "sequence", 1)
                raise

        return original(database, registry, settings)


@blind_defect("AEC-10xa", "what a failed tool call has read and calculated is not counted", service="worker")
def _() -> None:
    # Observable: a tool reads 1 MB and then fails; the run's bytes_read and cpu_seconds do not have it.
    from apex.worker.execution import Execution
    from apex.worker.toolbox import ToolAnswer

    @around(Execution, "_used")
    def _(original: Any, execution: Any, call: Any) -> None:
        if isinstance(call, ToolAnswer):
            original(execution, call)


@blind_defect("AEC-11xa", "cancelling a run that has ended marks it as one that was asked to stop", service="backend")
def _() -> None:
    # Observable: cancel a completed run; from then on it is shown with cancel_requested_at.
    from sqlalchemy import update

    from apex.backend import runs
    from apex.storage.runs import ENDED, now
    from apex.storage.tables import runs as table

    @around(runs, "cancel_run")
    def _(original: Any, connection: Any, run: Any, cancelled_by: str) -> None:
        original(connection, run, cancelled_by)
        if run.status in ENDED and run.cancel_requested_at is None:
            asked = {"cancel_requested_at": now(), "cancel_requested_by": cancelled_by}
            connection.execute(update(table).where(table.c.id == run.id).values(asked))


@blind_defect(
    "AEC-12xa", "a worker that is started again under its name keeps the runs of its predecessor", service="worker"
)
def _() -> None:
    # Observable: kill -9 the worker mid-run and start it again at once: the run stays running for ever.
    from sqlalchemy import text

    from apex.worker.leases import Leases

    mine = text("SELECT id, steps FROM runs_of_all_tenants('running', NULL, NULL, NULL, 200) WHERE worker = :worker")
    renew = text("SELECT renew_leases(:worker, :lease, cast(:progress AS jsonb))")

    @around(Leases, "_renew")
    def _(original: Any, leases: Any) -> None:
        original(leases)
        worker = {"worker": leases._worker}
        with leases._database.platform() as connection:
            found = {str(row.id): row.steps for row in connection.execute(mine, worker)}
            progress = json.dumps({run_id: steps for run_id, steps in found.items() if run_id not in leases._held})
            connection.execute(renew, {**worker, "lease": leases._lease, "progress": progress})
