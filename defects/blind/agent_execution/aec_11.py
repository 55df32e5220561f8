"""Blind defects of AEC-11."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import replace as changed
from importlib import import_module
from typing import Any

from sqlalchemy import Connection, Row

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "AEC-11oa",
    "a tool call that was sent is not broken off when its run is cancelled",
    service="worker",
    scenario="A run that is cancelled twice is recorded once",
    step="every service has one record of each job, and all records and events agree",
)
def _() -> None:
    # Observable: cancel a run whose tool is waiting for a slow partner: the run is cancelled at once, and
    # tool_completed says cancelled, but the line to the tools service stays open: the partner sees no hang-up and
    # answers to the end, and the record in tool_calls says succeeded. After a time limit it is the same.
    import asyncio

    import httpx

    from apex.worker.toolbox import Toolbox

    @around(Toolbox, "_ask")
    async def _ask(original: Callable[..., Any], self: Any, *call: Any) -> httpx.Response:
        # A line that is cut in the middle of an answer cannot be used again.
        response: httpx.Response = await asyncio.shield(original(self, *call))
        return response


@blind_defect(
    "AEC-11ra",
    "a run that waits is only cancelled once a worker has taken it",
    service="backend",
    scenario="A run cancelled in the queue is shown as cancelled",
    step="the run is stored as cancelled",
)
def _() -> None:
    # Observable: keep every slot busy, start one more run and cancel it: it stays queued (with cancel_requested_at) for
    # as long as the others are at work, and no agent_cancelled comes. Then it is taken, and cancelled.
    from sqlalchemy import func, select, update

    from apex.backend import runs as module
    from apex.storage.runs import QUEUED, RUN_CANCEL, RUNNING, now
    from apex.storage.tables import runs

    def cancel_run(connection: Connection, run: Row[Any], cancelled_by: str) -> None:
        if run.status in (QUEUED, RUNNING):
            first = {"cancel_requested_at": run.cancel_requested_at or now()}
            first["cancel_requested_by"] = run.cancel_requested_by or cancelled_by
            connection.execute(update(runs).where(runs.c.id == run.id).values(first))
            connection.execute(select(func.pg_notify(RUN_CANCEL, run.id)))

    replace(module, "cancel_run", cancel_run)


@blind_defect(
    "AEC-11ta",
    "the call of a cancelled run is only stopped at the next look, three seconds later",
    service="tools",
    scenario="Removing a colleague cancels the colleague's runs",
    step="the run's request to the partner is aborted in time",
)
def _() -> None:
    # Observable: cancel a run while a partner keeps its tool waiting; the run is shown as cancelled at once, but the
    # partner sees the connection close up to three seconds later, and what it answers until then has its effect.
    import asyncio

    app: Any = import_module("apex.tools.app")

    async def hung_up(request: Any) -> None:
        while not await request.is_disconnected():
            await asyncio.sleep(3.0)

    replace(app, "_hung_up", hung_up)


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
    "AEC-11va",
    "work that waits for one of its tenant's threads is done although its run was cancelled",
    service="tools",
)
def _() -> None:
    # Observable: eight tag_instances at once on a slow cloud, cancelled; the last two reach the cloud afterwards.
    import asyncio

    from apex.tools.pools import FairThreads

    @around(FairThreads, "run")
    def run(original: Any, self: Any, tenant_id: str, work: Any) -> Any:
        return asyncio.shield(asyncio.ensure_future(original(self, tenant_id, work)))


@blind_defect("AEC-11wa", "what a tool sends to a partner is brought to its end, cancelled or not", service="tools")
def _() -> None:
    # Observable: cancel a run whose tool POSTs to a slow partner: the partner's connection stays open to the end.
    from apex.tools.tool import ToolCall

    @around(ToolCall, "send")
    async def _(original: Any, call: Any, url: str, body: Any) -> Any:
        return await asyncio.shield(asyncio.ensure_future(original(call, url, body)))


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


@blind_defect(
    "AEC-11za",
    "owners and admins can cancel their colleagues' runs",
    service="backend",
    scenario="An owner cannot cancel a colleague's run",
    step="every response is as if the run had never existed",
)
def _() -> None:
    # Seen: the cancellation of a member's run by the organisation's owner is 202 instead of 404, and the run stops.
    from sqlalchemy import select

    from apex.http.identity import acting_as
    from apex.storage.tables import runs
    from defects.blind._backend_endpoints import around_endpoint

    def cancel(database: Any, endpoint: Callable[..., Any], run_id: str, identity: Any) -> Any:
        if identity.role in ("owner", "admin"):
            try:
                wanted = str(uuid.UUID(run_id))
            except ValueError:
                return endpoint(run_id=run_id, identity=identity)
            with acting_as(database, identity) as connection:
                owner = connection.scalar(select(runs.c.user_id).where(runs.c.id == wanted))
            identity = changed(identity, user_id=owner or identity.user_id)
        return endpoint(run_id=run_id, identity=identity)

    around_endpoint("POST", "/v1/runs/{run_id}/cancel", cancel)


@blind_defect(
    "AEC-11zb",
    "a tools instance does not notice that its caller has hung up",
    service="tools",
    scenario="Cancelling a run stops its work and its events",
    step="the run's request to the partner is aborted in time",
)
def _() -> None:
    # Seen: after the cancellation the tool's request to the partner goes on to its end, and is recorded as succeeded.
    from apex.tools import app

    async def hung_up(_: Any) -> None:
        await asyncio.Event().wait()

    replace(app, "_hung_up", hung_up)


@blind_defect(
    "AEC-11zc",
    "cancelling a cancelled run ends it once more",
    service="backend",
    scenario="A run that is cancelled twice is recorded once",
    step="every service has one record of each job, and all records and events agree",
)
def _() -> None:
    # Seen: the second cancel empties steps and usage, moves finished_at, and there are two jobs in the analytics.
    from apex.backend.runs import own_run
    from apex.http.identity import acting_as
    from apex.storage.runs import CANCELLED, Ending, end_run, now
    from defects.blind._backend_endpoints import around_endpoint

    def cancel(database: Any, endpoint: Callable[..., Any], run_id: str, identity: Any) -> Any:
        with acting_as(database, identity) as connection:
            run = own_run(connection, identity, run_id, lock=True)
            if run.status == CANCELLED:
                ending = Ending(CANCELLED, cancelled_by=identity.user_id)
                end_run(connection, run, ending, finished_at=now(), steps=[])
        return endpoint(run_id=run_id, identity=identity)

    around_endpoint("POST", "/v1/runs/{run_id}/cancel", cancel)


@blind_defect(
    "AEC-11zd",
    "a call that is stopped is still waited for in the background, so its line stays open",
    service="worker",
    scenario="Cancelling a run stops its work and its events",
    step="the run's request to the partner is aborted in time",
)
def _() -> None:
    # Seen: the tool's external call is not aborted while the slot has other work; six such hold up a tenant's cloud.
    from apex.worker.toolbox import Toolbox

    @around(Toolbox, "_post")
    async def _(original: Callable[..., Any], self: Any, *arguments: Any) -> Any:
        return await asyncio.shield(asyncio.ensure_future(original(self, *arguments)))


@blind_defect(
    "AEC-11na",
    "of calls side by side only the one begun last is stopped with their run",
    service="worker",
    scenario="A crashed agent's open requests are aborted",
    step="the crashed run's request to the partner is aborted in time",
)
def _() -> None:
    # Observable: cancel a run that has two tool calls at work at once: the external call of the first goes on to its
    # end, and its tool_executing has no tool_completed. A run with one call at a time is stopped as it should be.
    from apex.worker.execution import Execution

    async def call_tool(self: Any, name: str, parameters: dict[str, Any]) -> dict[str, Any]:
        call = asyncio.ensure_future(self._call(name, parameters))
        self._calls.clear()
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)
        # Whether it is stopped, and told to its end, is looked after in stop_calls.
        result: dict[str, Any] = await asyncio.shield(call)
        return result

    replace(Execution, "call_tool", call_tool)


@blind_defect(
    "AEC-11ma",
    "tool calls that wait for their turn begin when their run is cancelled",
    service="worker",
)
def _() -> None:
    # Observable: an agent that makes more slow calls side by side than worker.calls_at_once (8): cancelled, those at
    # work are stopped, and those that waited are told as executing, and never as completed; the tools carry them out
    # with the slot's next run, although theirs is cancelled.
    from apex.worker.execution import Execution

    async def call_tool(self: Any, name: str, parameters: dict[str, Any]) -> Any:
        return await asyncio.shield(asyncio.ensure_future(self._call(name, parameters)))

    async def call(self: Any, name: str, parameters: dict[str, Any]) -> Any:
        async with self._places:
            at_work = asyncio.current_task()
            self._calls.add(at_work)
            try:
                return await self._carry_out(name, parameters)
            finally:
                self._calls.discard(at_work)

    replace(Execution, "call_tool", call_tool)
    replace(Execution, "_call", call)
