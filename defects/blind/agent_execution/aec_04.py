"""Blind defects of AEC-04."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


class _Hurried:
    """A run whose time in the queue counts on its limit."""

    def __init__(self, run: Any) -> None:
        waited = (run.started_at - run.created_at).total_seconds()
        self._run = run
        self.time_limit_seconds = max(run.time_limit_seconds - waited, 0.0)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._run, name)


@blind_defect(
    "AEC-04ra",
    "the place of an agent that gives no way is not filled again",
    service="worker",
    scenario="Hanging runs on every worker do not stop other customers",
    step="Borealis' run completes in time",
)
def _() -> None:
    # Observable: an agent that blocks (time.sleep) far beyond its time limit is told as timed out in time, and from
    # then on the worker has one slot less: after as many such runs as it has slots, every further run stays queued for
    # ever, and GET /health/live of the worker says that its slots have ended.
    from apex.worker.slot import Slot

    def give_up(self: Any) -> None:
        self.close()
        self._done.set()
        if not self.closed:
            self._replace()

    replace(Slot, "give_up", give_up)


@blind_defect(
    "AEC-04sa",
    "who names a time limit gets it, also one beyond the platform's",
    service="backend",
    scenario="No customer can exceed the platform's time limit",
    step="Acme is notified in time that the run took too long",
)
def _() -> None:
    # Observable: with worker.run_seconds = 3, POST /v1/runs with "time_limit_seconds": 86400 for an agent whose tool
    # hangs; after the platform's limit the run is still running, and its slot taken. Without a limit all is well.
    runs: Any = import_module("apex.backend.runs")

    def wanted_or_most(wanted: float, most: float) -> float:
        return wanted or most

    runs.min = wanted_or_most


@blind_defect(
    "AEC-04ta",
    "a slot in which a run was timed out cannot reach the tools any more",
    service="worker",
    scenario="A conversation goes on after a run has timed out",
    step="every later run of Acme completes",
)
def _() -> None:
    # Observable: let as many runs time out as the worker has slots (one is enough where it has one); every later run
    # in those slots, whoever's it is, fails with agent_failed at its first tool call. Runs without tools complete.
    from apex.storage.runs import TIMED_OUT
    from apex.worker.supervisor import Supervisor

    @around(Supervisor, "_ending")
    async def _(original: Any, self: Any, run: Any, agent: Any, tracker: Any, toolbox: Any) -> Any:
        ending = await original(self, run, agent, tracker, toolbox)
        if ending.status == TIMED_OUT:
            # Whatever connections the hanging calls have left behind. Nobody makes a new toolbox.
            await toolbox.close()
        return ending


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
    "AEC-04va",
    "an agent that does not give way at its limit is left another five seconds",
    service="worker",
    scenario="Hanging runs on every worker do not stop other customers",
    step="Borealis' run completes in time",
)
def _() -> None:
    # Observable: an agent that blocks its thread; agent_error comes more than five seconds after the time limit.
    from apex.worker import slot

    replace(slot, "_GRACE_SECONDS", 5.0)


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


@blind_defect(
    "AEC-04za",
    "the slot of an agent that blocks is given up, and no other takes its place",
    service="worker",
    scenario="Hanging runs on every worker do not stop other customers",
    step="Borealis' run completes in time",
)
def _() -> None:
    # Seen: after as many blocking agents as there are slots nobody's run is taken up any more.
    from apex.worker.slot import Slot

    def give_up(self: Any) -> None:
        self.close()
        self._done.set()

    replace(Slot, "give_up", give_up)


@blind_defect(
    "AEC-04zb",
    "an agent that catches its cancellation at the time limit and goes on is never ended",
    service="worker",
    scenario="An agent that cannot be interrupted is ended, too",
    step="Acme is notified in time that the run took too long",
)
def _() -> None:
    # Seen: an agent with a loop around "except CancelledError" stays running for ever and keeps its slot.
    from apex.worker import slot

    def overdue(self: Any) -> bool:
        gives_way: bool = self._gives_way.is_set()
        if gives_way:
            self._gives_way.clear()
            self._loop.call_soon_threadsafe(self._gives_way.set)
        return not gives_way and time.monotonic() > self._overdue_at

    replace(slot._InHand, "overdue", overdue)


@blind_defect(
    "AEC-04zc",
    "the time limit counts from when the run was asked for, the queue included",
    service="worker",
    scenario="Waiting for a worker does not count towards the time limit",
    step="Acme's run completes",
)
def _() -> None:
    # Seen: while all slots are taken by hanging runs, those who wait behind them are timed out before they begin.
    from apex.worker.supervisor import Supervisor

    @around(Supervisor, "_ending")
    async def _(original: Callable[..., Any], self: Any, run: Any, *arguments: Any) -> Any:
        return await original(self, _Hurried(run), *arguments)


@blind_defect(
    "AEC-04ma",
    "a slot gives each run no longer than the shortest time limit that it has had",
    service="worker",
)
def _() -> None:
    # Observable: let as many runs as there are slots hang with a time limit of a second each, then start one with a
    # longer limit that takes, or hangs for, some seconds: it is ended after one second as timed out.
    from apex.worker.supervisor import Supervisor

    class Limited:
        def __init__(self, run: Any, seconds: float) -> None:
            self._run, self.time_limit_seconds = run, seconds

        def __getattr__(self, name: str) -> Any:
            return getattr(self._run, name)

    @around(Supervisor, "_ending")
    def _(original: Any, self: Any, run: Any, *others: Any) -> Any:
        self._limit = min(getattr(self, "_limit", run.time_limit_seconds), run.time_limit_seconds)
        return original(self, Limited(run, self._limit), *others)
