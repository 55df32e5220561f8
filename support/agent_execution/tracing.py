"""The records that a run leaves behind, and the trace IDs in each of them."""

from collections.abc import Callable

from support.platform.components import Component
from support.platform.trace import new_trace_id, trace_id_of
from support.scenario.agents import Agent
from support.scenario.partner import PRICES
from support.scenario.users import User
from support.scenario.world import RunHandle, World
from support.stores import opened
from support.stores.logs import whole_logs

Traces = set[str]


def with_callers_trace(world: World, user: User) -> RunHandle | None:
    """A cost analysis whose request carries a trace ID that the caller has made, without recording the trace."""
    return world.start_run(user, Agent.COST_ANALYSIS.wire, trace_id=f"{new_trace_id()[:-1]}0")


def _in_response(world: World, run: RunHandle) -> Traces:
    return {trace_id_of(world.last_outcome.headers["traceparent"])}


def _in_events(world: World, run: RunHandle) -> Traces:
    run.user.watching.wait_for_end(run, within=world.budgets.limit("run ends"))
    return {str(event.trace_id) for event in run.user.watching.of(run)}


def _in_stored_run(world: World, run: RunHandle) -> Traces:
    return {str(world.stored(run).request.trace_id)}


def _in_tool_records(world: World, run: RunHandle) -> Traces:
    rows = opened.rows(world, "select trace_id from tool_calls where run_id = %s", [run.run_id])
    return {trace_id for (trace_id,) in rows}


def _in_journal(world: World, run: RunHandle) -> Traces:
    return {call.trace_id for call in world.partner.calls(PRICES) if call.received_at >= run.asked_at_wall}


def _in_analytics(world: World, run: RunHandle) -> Traces:
    return {job.trace_id for job in world.platform.jobs(run.user, run.run_id).require().items}


def _in_log(component: Component) -> Callable[[World, RunHandle], Traces]:
    def look(world: World, run: RunHandle) -> Traces:
        marks = (run.run_id.encode(), (run.request_id or run.run_id).encode())
        return {
            str(line.trace_id)
            for line in whole_logs(world.addresses.log_dir, world.target.part(component).logs)
            if any(mark in line.text for mark in marks)
        }

    return look


TRACES_IN: dict[str, Callable[[World, RunHandle], Traces]] = {
    "the response to the request": _in_response,
    "every event of the run": _in_events,
    "the stored run": _in_stored_run,
    "the record of each tool call": _in_tool_records,
    "the partner's request log": _in_journal,
    "the analytics record": _in_analytics,
    "the log of the backend": _in_log(Component.API),
    "the log of the worker": _in_log(Component.WORKERS),
    "the log of the tools service": _in_log(Component.TOOLS),
}
"""How to find the trace IDs in each place, by the words of the feature; none where nothing was recorded (yet)."""
