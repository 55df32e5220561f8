"""A tool that the operator adds and withdraws while the platform runs, and agents that call it."""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from support.platform.components import Component
from support.platform.dialect import Meaning
from support.platform.outcome import Outcome
from support.scenario import agents
from support.scenario.assets import Asset
from support.scenario.users import User
from support.scenario.verdict import NotShown
from support.scenario.work import Work
from support.scenario.world import RunHandle, World
from support.tool_dispatcher.tool_permissions import published_tools

_PROPERTIES = {
    "amount": {"type": "string"},
    "into": {"type": "string"},
    "fee": {"type": "number"},
    "rounded": {"type": "boolean"},
    "note": {"type": "string"},
    # One is asked for as another value than that which it has where nobody asks, one not at all.
    "decimals": {"type": "integer", "default": 2},
    "source": {"type": "string", "default": "market"},
    "parts": {"type": "array", "items": {"type": ["number", "null"]}},
    "contract": {"type": "object", "properties": {"kind": {"enum": ["spot", "forward"], "default": "spot"}}},
}
# Those of the tool as it is added again.
_OTHER_PROPERTIES = {"sum": {"type": "integer"}, "currency": {"type": "string"}}


@dataclass(frozen=True, slots=True)
class CurrencyTool:
    """A tool of the partner for one scenario: its name, its path at the partner, a question and the answer to it."""

    name: str
    path: str
    question: dict[str, Any]
    answer: dict[str, str]
    properties: Mapping[str, Any] = field(default_factory=lambda: _PROPERTIES)


def currency_tool(world: World) -> CurrencyTool:
    """The scenario's currency tool; at first only the partner knows it."""

    def served() -> CurrencyTool:
        mark = secrets.token_hex(4)
        # Values that are easily taken for none.
        asked = {"amount": "12.50", "into": "CHF", "fee": 0, "rounded": False, "note": "", "decimals": 4}
        asked |= {"parts": [1.25, None, 0], "contract": {"kind": "forward", "Übertrag": "größer"}}
        answer = {"converted": f"11.{mark}"}
        world.partner.serve(f"/conversions/{mark}", answer)
        # The longest name that there may be.
        return CurrencyTool(f"convert_{mark}_".ljust(64, "x"), f"/conversions/{mark}", asked, answer)

    return world.kept_or(CurrencyTool, served)


def add_tool(world: World, name: str, path: str, properties: Mapping[str, Any] = _PROPERTIES) -> Outcome:
    """Have the operator add a tool that the partner has at this path, until the scenario ends."""
    withdraw_at_the_end(world, name)
    return world.platform.add_tool(
        world.users.operator,
        name=name,
        description="Converts an amount of money.",
        permission="partners:write",
        parameters={
            "type": "object",
            "properties": properties,
            "required": list(properties)[:2],
            "additionalProperties": False,
        },
        partner="pricing",
        path=path,
    )


def withdraw_tool(world: World, name: str) -> Outcome:
    """Have the operator withdraw a tool."""
    return world.platform.withdraw_tool(world.users.operator, name)


def _add(world: World) -> None:
    tool = currency_tool(world)
    world.outcome = add_tool(world, tool.name, tool.path, tool.properties)
    world.outcome.require()


def _add_changed(world: World) -> None:
    """A tool of the same name, which the partner has at another address: it takes other parameters there."""
    tool = world.kept(CurrencyTool)
    mark = secrets.token_hex(4)
    changed = CurrencyTool(
        tool.name,
        f"/conversions/{mark}",
        question={"sum": 13, "currency": "SEK"},
        answer={"converted": f"11.{mark}"},
        properties=_OTHER_PROPERTIES,
    )
    world.partner.serve(changed.path, changed.answer)
    world.keep(changed)
    _add(world)


def _withdraw(world: World) -> None:
    world.outcome = withdraw_tool(world, world.kept(CurrencyTool).name)
    world.outcome.require()


def keep_out(world: World, name: str) -> None:
    """Have no tool of that name, neither now nor after the scenario."""
    _withdrawn(world, name)
    withdraw_at_the_end(world, name)


def withdraw_at_the_end(world: World, name: str) -> None:
    """Have the tool of that name withdrawn at the end of the scenario, where it is there then."""
    world.undo.register(f"withdraw {name}", lambda: _withdrawn(world, name))


def _withdrawn(world: World, name: str) -> None:
    outcome = withdraw_tool(world, name)
    if not outcome.done and outcome.meaning is not Meaning.NOT_FOUND:
        raise NotShown(f"the tool {name} could not be withdrawn: {outcome}")


def _call(world: World, customer: User) -> RunHandle | None:
    tool = currency_tool(world)
    return world.start_run(customer, agents.PROBE, input=agents.calling(agents.call(tool.name, **tool.question)))


def _call_in_vain(world: World, customer: User) -> RunHandle | None:
    run = _call(world, customer)
    if world.ended(run).error_code != "unknown_tool":
        raise NotShown(f"the currency tool is known before it is added: {world.ended(run)}")
    return run


def _call_and_wait(world: World, customer: User) -> RunHandle | None:
    """Start an agent whose call the partner has received and does not answer."""
    tool = currency_tool(world)
    world.partner.hold(tool.path, tool.answer)
    run = _call(world, customer)
    world.eventually(lambda: len(world.partner.calls(tool.path)), lambda calls: calls == 1, "run starts", "the call")
    return run


def let_partner_answer(world: World) -> None:
    """The partner answers the calls of the tool that it holds back."""
    world.partner.release(world.kept(CurrencyTool).path)


def last_call(world: World, customer: User) -> dict[str, Any]:
    """The end of the customer's last call of the tool, and everything that the partner was asked so far."""
    stored = world.ended(world.run_of(customer))
    requests = world.partner.calls(world.kept(CurrencyTool).path)
    return {
        "status": stored.status,
        "results": [each.get("result") for each in stored.part("results") or []],
        "error": stored.error_code,
        "requests to the partner": [json.loads(request.body) for request in requests],
    }


def expected_call(world: World, error: str | None) -> dict[str, Any]:
    """What ``last_call`` must be of a call with that error code; None: it was answered.

    The partner was asked once: where the tool was withdrawn, by the call before. Without permission it never was.
    """
    tool = world.kept(CurrencyTool)
    return {
        "status": "failed" if error else "completed",
        "results": [] if error else [tool.answer],
        "error": error,
        "requests to the partner": [] if error == "permission_denied" else [tool.question],
    }


def is_published(world: World) -> bool:
    """Whether the published tool list names the tool."""
    return world.kept(CurrencyTool).name in published_tools(world, world.users.customers[0])


OPERATIONS: dict[str, Callable[[World], None]] = {
    "added the currency tool": _add,
    "withdrawn the currency tool": _withdraw,
    "added the currency tool at another address with other parameters": _add_changed,
    "restarted the tools service after a crash": lambda world: world.faults.restart(Component.TOOLS),
}
"""What the operator has done, as a feature says it."""
CALL_RESULTS = {
    "receives the partner's response": None,
    "is refused because the tool was withdrawn, with no further request to the partner": "tool_withdrawn",
    "is refused because the plan does not include the tool, with no request to the partner": "permission_denied",
}
"""The error code of a call, by what a feature says of the agent; None: there is no error."""
IS_NAMED = {"names": True, "no longer names": False}
"""Whether the published tool list names a tool, as a feature says it."""
ASSETS: dict[str, Asset] = {"access to a new currency tool": lambda world, _: _add(world)}
WORK: dict[str, Work] = {
    "an agent that cannot find the currency tool": _call_in_vain,
    "an agent that calls the currency tool": _call,
    "an agent that waits for the currency tool": _call_and_wait,
}
