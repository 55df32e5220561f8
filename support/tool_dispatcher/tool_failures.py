"""Agents that go on after a tool has failed, and what came of it."""

from dataclasses import dataclass
from typing import Any

from support.scenario import agents
from support.scenario.partner import own_path
from support.scenario.users import User
from support.scenario.world import World
from support.tool_dispatcher.tool_calls import ends_of_calls, events_of_last_run, results


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with a tool: which one has it, and what it says."""

    tool: str
    says: str


FLAWS = {
    "cannot do its work": Flaw("probe_fail", "The figures of this month are not ready."),
    "has a fault of its own": Flaw("probe_break", agents.INTERNALS),
}


def go_on_after(world: World, customer: User, flaw: Flaw) -> None:
    """An agent's plan has a tool with a flaw, and then one that asks the partner."""
    path = own_path(customer)
    world.partner.delay(path, 0.0)
    plan = [agents.call(flaw.tool, message=flaw.says), agents.call("probe_fetch", path=path)]
    world.ended(world.running(customer, agents.PROBE, input=agents.trying(*plan)))


def next_tool(world: World, customer: User) -> dict[str, Any]:
    """What came of the second tool of the plan: how it ended, its result, how often the partner was asked."""
    path = own_path(customer)
    return {
        "outcomes": [end.get("outcome") for end in ends_of_calls(world, customer)],
        "result": results(world, customer)[-1:],
        "asked": len(world.partner.calls(path)),
    }


def next_tool_due(customer: User) -> dict[str, Any]:
    """What ``next_tool`` must be: the first has failed, the second has not."""
    path = own_path(customer)
    return {
        "outcomes": ["failed", "succeeded"],
        "result": [{"path": path, "content": f'{{"path":"{path}"}}'}],
        "asked": 1,
    }


def end_of(world: World, customer: User) -> dict[str, Any]:
    """How the customer's last run ended, as stored and as told: which state, and whether it is marked as partial."""
    stored = world.ended(world.run_of(customer))
    end = events_of_last_run(world, customer)[-1]
    return {
        "stored": (stored["status"], stored["partial"]),
        "told": (end.type, end.payload.get("partial")),
    }


def end_due(*, partial: bool) -> dict[str, Any]:
    """What ``end_of`` must be of a run with an answer, partial or not."""
    return {"stored": ("completed", partial), "told": ("agent_completed", partial)}
