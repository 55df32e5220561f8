"""Who received the events of tool calls."""

from typing import Any

from support.scenario import agents
from support.scenario.partner import own_path
from support.scenario.users import User
from support.scenario.verdict import NotShown
from support.scenario.work import Work, probe
from support.scenario.world import RunHandle, World
from support.tool_dispatcher.tool_calls import events_of_last_run, stored_durations

_TYPES = ("tool_executing", "tool_completed")


def received_calls(world: World, caller: User) -> dict[str, Any]:
    """The ids of the calls of the caller's last run in start and in end events, and what others received of calls."""
    events = events_of_last_run(world, caller)
    own = {type: sorted(str(event.call_id) for event in events if event.type == type) for type in _TYPES}
    return {**own, "received by others": _received_by_others(world, caller)}


def expected_calls(world: World, caller: User) -> dict[str, Any]:
    """What ``received_calls`` must be: each stored call once as it starts and once as it ends, nothing for others.

    :raises NotShown: no call is stored.
    """
    ids = sorted(stored_durations(world, world.run_of(caller)))
    if not ids:
        raise NotShown("no tool call is stored, so it proves nothing that no event shows one")
    return {**dict.fromkeys(_TYPES, ids), "received by others": []}


def _received_by_others(world: World, caller: User) -> list[str]:
    """The events of tool calls that others received, besides those of runs of their own, of which they wait for one."""
    received = []
    for other in [user for user in world.users.customers if user is not caller]:
        run = world.running(other, "usage_report")
        world.ended(run)
        other.watching.wait_for_end(run, within=world.budgets.limit("story complete"))
        own = {run.run_id for run in world.runs if run.user is other}
        received += [f"{event.type} to {other}" for event in other.events if event.call_id and event.run_id not in own]
    return received


def _ask_twice(world: World, customer: User) -> RunHandle | None:
    path = own_path(customer)
    world.partner.delay(path, 0.0)
    question = agents.call("probe_fetch", path=path)
    return world.start_run(customer, agents.PROBE, input=agents.calling(question, question))


WORK: dict[str, Work] = {
    "an agent that asks the partner the same question twice": _ask_twice,
    "an agent that calls an unknown tool": probe(agents.calling(agents.call("read_tea_leaves", cup="the first"))),
}
