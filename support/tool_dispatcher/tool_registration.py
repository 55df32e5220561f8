"""Tools that the operator adds and withdraws while the platform runs, and agents that use them."""

import json
import secrets
from dataclasses import dataclass
from typing import Any

from support.platform.dialect import Meaning
from support.platform.outcome import Outcome
from support.scenario import agents
from support.scenario.users import User
from support.scenario.verdict import NotShown
from support.scenario.world import RunHandle, World
from support.tool_dispatcher.tool_permissions import published

CHANGING = "tool that comes and goes"
_PARAMETERS = {
    "type": "object",
    "properties": {"amount": {"type": "string"}, "into": {"type": "string"}},
    "required": ["amount", "into"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class ChangingTool:
    """A tool of a partner for one scenario: its name, where the partner has it, what is asked and answered."""

    name: str
    path: str
    asked: dict[str, str]
    answered: dict[str, str]


def imagine(world: World, customer: User) -> ChangingTool:
    """A tool that only the partner knows as yet; it answers under a path of its own."""
    mark = secrets.token_hex(4)
    path = f"/{customer.tenant.name}/convert-{mark}"
    tool = ChangingTool(f"convert_{mark}", path, {"amount": "12.50", "into": "CHF"}, {"converted": f"11.{mark}"})
    world.partner.serve(path, tool.answered)
    world.facts[CHANGING] = tool
    return tool


def add(world: World) -> None:
    """The operator adds the tool; it is withdrawn at the end of the scenario."""
    tool, operator = world.recall(CHANGING, ChangingTool), world.users.operator
    withdraw_at_the_end(world, tool.name)
    world.outcome = world.platform.add_tool(
        operator,
        name=tool.name,
        description="Converts an amount of money.",
        permission="partners:write",
        parameters=_PARAMETERS,
        partner="pricing",
        path=tool.path,
    )
    world.outcome.require()


def withdraw(world: World) -> None:
    """The operator withdraws the tool."""
    tool = world.recall(CHANGING, ChangingTool)
    world.outcome = world.platform.withdraw_tool(world.users.operator, tool.name)
    world.outcome.require()


def withdraw_at_the_end(world: World, name: str) -> None:
    """Have the tool of that name withdrawn at the end of the scenario, where it is there then."""
    world.undo.register(f"withdraw {name}", lambda: _withdrawn(world, name))


def _withdrawn(world: World, name: str) -> None:
    done: Outcome = world.platform.withdraw_tool(world.users.operator, name)
    if not done.done and done.meaning is not Meaning.NOT_FOUND:
        raise NotShown(f"{name} stays: {done}")


def start_using(world: World, customer: User) -> RunHandle:
    """An agent of the customer calls the tool."""
    tool = world.recall(CHANGING, ChangingTool)
    return world.running(customer, agents.PROBE, input=agents.calling(agents.call(tool.name, **tool.asked)))


def use(world: World, customer: User) -> None:
    """An agent of the customer calls the tool, to the end of its run."""
    world.ended(start_using(world, customer))


def come_of_last_use(world: World, customer: User) -> dict[str, Any]:
    """What came of the customer's last call of the tool: the run's state and results, and its error's code."""
    stored = world.ended(world.run_of(customer))
    results = [each.get("result") for each in (stored.get("answer") or {}).get("results") or []]
    return {"status": stored["status"], "results": results, "code": (stored.get("error") or {}).get("code")}


def answer_due(world: World) -> dict[str, Any]:
    """What must come of a call of a tool that is there."""
    return {"status": "completed", "results": [world.recall(CHANGING, ChangingTool).answered], "code": None}


def refusal_due(code: str) -> dict[str, Any]:
    """What must come of a call of a tool that is not."""
    return {"status": "failed", "results": [], "code": code}


def asked_of_partner(world: World) -> list[Any]:
    """What the partner was asked with the tool, each time."""
    return [json.loads(call.body) for call in world.partner.calls(world.recall(CHANGING, ChangingTool).path)]


def wait_for_answer(world: World, customer: User) -> None:
    """An agent of the customer calls the tool, and the partner has the call and does not answer."""
    tool = world.recall(CHANGING, ChangingTool)
    world.partner.hold(tool.path, tool.answered)
    start_using(world, customer)
    world.eventually(lambda: len(world.partner.calls(tool.path)), lambda calls: calls == 1, "run starts", "the call")


def let_answer(world: World) -> None:
    """The partner answers what it has held back, and everything after it."""
    tool = world.recall(CHANGING, ChangingTool)
    world.partner.release(tool.path)


def is_listed(world: World) -> bool:
    """Whether the published list names the tool."""
    return world.recall(CHANGING, ChangingTool).name in published(world, world.users.customers[0])
