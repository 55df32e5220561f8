"""Agents whose tools work side by side, and what came of each of their calls."""

from typing import Any

from support.scenario import agents
from support.scenario.partner import PartnerCall, own_path
from support.scenario.users import User
from support.scenario.verdict import NotShown
from support.scenario.world import World
from support.tool_dispatcher.tool_calls import events_of_last_run

SIDE_BY_SIDE = 0.3
"""Seconds that the partner takes where calls are to overlap."""


def use_three_tools(world: World, customer: User) -> None:
    """An agent asks the partner three things side by side, each of which takes a while."""
    paths = [f"{own_path(customer)}-{number}" for number in range(3)]
    for path in paths:
        world.partner.delay(path, SIDE_BY_SIDE)
    world.ended(world.running(customer, agents.PROBE, input=agents.side_by_side(*paths)))


def ask_two_questions(world: World, customer: User) -> None:
    """An agent asks the partner two things side by side; neither is answered before both were asked, if they are."""
    paths = questions(customer)
    for path in paths:
        world.partner.hold(path)
    run = world.running(customer, agents.PROBE, input=agents.side_by_side(*paths))
    world.try_to_see(
        lambda: all(world.partner.calls(path) for path in paths), "run starts", "both questions at the partner"
    )
    for path in paths:
        world.partner.release(path)
    world.ended(run)


def questions(customer: User) -> list[str]:
    """The two things that the customer's agent asks the partner."""
    return [f"{own_path(customer)}-{number}" for number in (1, 2)]


def asked(world: World, customer: User) -> list[PartnerCall]:
    """The two questions as the partner had them."""
    return [call for path in questions(customer) for call in world.partner.calls(path)]


def list_while_partner_is_silent(world: World, customer: User) -> None:
    """An agent asks the partner and lists the servers side by side; the partner answers when the list was shown."""
    path = own_path(customer)
    world.partner.hold(path)
    calls = [agents.call("probe_fetch", path=path), agents.call("list_instances")]
    run = world.running(customer, agents.PROBE, input=agents.calling_together(*calls))
    world.try_to_see(
        lambda: any(e.type == "tool_completed" for e in customer.watching.of(run)), "run starts", "the list of servers"
    )
    world.partner.release(path)
    world.ended(run)


def answered_at(world: World, customer: User) -> float:
    """When the partner answered the customer's agent (Unix seconds).

    :raises NotShown: it did not.
    """
    (call,) = world.partner.calls(own_path(customer))
    if call.answered_at is None:
        raise NotShown("the partner has not answered")
    return call.answered_at


def list_told_at(world: World, viewer: User) -> list[float]:
    """When the ends of the calls that list servers came about (Unix seconds), as told of the viewer's last run."""
    return [
        event.happened_at.timestamp()
        for event in events_of_last_run(world, viewer)
        if event.type == "tool_completed" and event.payload.get("tool_name") == "list_instances" and event.happened_at
    ]


def own_answers(world: World, customer: User) -> dict[str, Any]:
    """Of each question: the path that its result names, and the one that its end as shown names."""
    answer = world.ended(world.run_of(customer)).get("answer") or {}
    fetched = [each.get("content", "") for each in answer.get("fetched") or []]
    events = events_of_last_run(world, customer)
    ends = {event.call_id: event.payload for event in events if event.type == "tool_completed"}
    shown = {
        event.payload["parameters"].get("path"): ((ends.get(event.call_id) or {}).get("result") or {}).get("path")
        for event in events
        if event.type == "tool_executing"
    }
    return {"results": fetched, "shown": shown}


def own_answers_due(customer: User) -> dict[str, Any]:
    """What ``own_answers`` must be: each question's own path, in the order of the questions."""
    paths = questions(customer)
    return {"results": [f'{{"path":"{path}"}}' for path in paths], "shown": {path: path for path in paths}}
