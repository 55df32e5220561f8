"""Agents that continue after a tool has failed, and how complete their answers are."""

from typing import Any

from support.scenario import agents
from support.scenario.agents import Agent
from support.scenario.partner import PRICES, own_path
from support.scenario.users import User
from support.scenario.work import Work
from support.scenario.world import RunHandle, World
from support.tool_dispatcher.tool_calls import events_of_last_run, results

IS_PARTIAL = {"a partial answer": True, "a full answer": False}
"""Whether an answer is marked as partial, as a feature says it."""


def _continuing_after(failing_tool: str, message: str, times: int = 1) -> Work:
    """An agent that calls a failing tool, which says `message`, and then one that asks the partner."""

    def start(world: World, customer: User) -> RunHandle | None:
        path = own_path(customer)
        world.partner.delay(path, 0.0)
        plan = [*[agents.call(failing_tool, message=message)] * times, agents.call("probe_fetch", path=path)]
        return world.start_run(customer, agents.PROBE, input=agents.trying(*plan))

    return start


def _continuing_after_a_rejection(world: World, customer: User) -> RunHandle | None:
    """An agent that goes on after a tool whose request the partner rejects, with a reason of its own."""
    path = own_path(customer)
    world.partner.fail(f"{path}-rejected", 422, {"error": agents.INTERNALS})
    world.partner.delay(path, 0.0)
    plan = [agents.call("probe_fetch", path=f"{path}-rejected"), agents.call("probe_fetch", path=path)]
    return world.start_run(customer, agents.PROBE, input=agents.trying(*plan))


def _delegate_continuing(world: World, customer: User) -> RunHandle | None:
    """An agent whose delegate goes on without what a failing tool should have given."""
    part = agents.trying(agents.call("probe_fail", message="The figures are not ready."))
    return world.start_run(
        customer, agents.PROBE, input=agents.script({"delegate": {"agent": agents.PROBE, "input": part}})
    )


def _review_without_prices(world: World, customer: User) -> RunHandle | None:
    # What the partner says of its inside is nothing for customers.
    world.partner.fail(PRICES, 404, {"error": agents.INTERNALS})
    return world.start_run(customer, Agent.REVIEW.wire)


def next_tool(world: World, customer: User) -> dict[str, Any]:
    """The result of the last tool of the plan, and how many requests the partner received."""
    path = own_path(customer)
    return {"result": results(world, customer)[-1:], "requests to the partner": len(world.partner.calls(path))}


def expected_next_tool(customer: User) -> dict[str, Any]:
    """What ``next_tool`` must be: the partner's answer to one request."""
    path = own_path(customer)
    return {"result": [{"path": path, "content": f'{{"path":"{path}"}}'}], "requests to the partner": 1}


def end_of(world: World, customer: User) -> dict[str, Any]:
    """How the customer's last run ended, stored and by its last event: its state, and whether it is partial."""
    stored = world.ended(world.run_of(customer))
    end = events_of_last_run(world, customer)[-1]
    return {"stored": (stored.status, stored.is_partial), "event": (end.type, end.payload.get("partial"))}


def expected_end(partial: bool) -> dict[str, Any]:
    """What ``end_of`` must be of a run with an answer, partial or not."""
    return {"stored": ("completed", partial), "event": ("agent_completed", partial)}


def usage_part(world: World, customer: User) -> Any:
    """The usage report inside the answer of the customer's last run; None when there is none."""
    return world.ended(world.run_of(customer)).part("usage_report")


WORK: dict[str, Work] = {
    "an agent that continues after a tool error": _continuing_after("probe_fail", "The figures are not ready."),
    "an agent that continues after ten tool errors": _continuing_after("probe_fail", "There is no such figure.", 10),
    "an agent that continues after a tool crash": _continuing_after("probe_break", agents.INTERNALS),
    "an agent that continues after a tool that ends its process": _continuing_after(agents.EXIT_TOOL, agents.INTERNALS),
    "an agent that continues after a request that the partner rejects": _continuing_after_a_rejection,
    "an agent whose delegate continues after a tool error": _delegate_continuing,
    "a savings review without the partner's price list": _review_without_prices,
}
