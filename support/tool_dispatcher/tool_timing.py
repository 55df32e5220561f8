"""The time that tools are told to have taken, and the time that the partner took."""

from collections.abc import Callable

from support.platform.story import Event
from support.scenario import agents
from support.scenario.partner import PRICES, own_path
from support.scenario.users import User
from support.scenario.verdict import NotShown
from support.scenario.world import World
from support.stack.apex import CALLS_AT_ONCE
from support.tool_dispatcher.tool_calls import ends_of_calls, events_of_last_run
from support.tool_dispatcher.tool_matchers import TimedCall

_SLOW, _QUICK = 0.8, 0.2
SLACK = _SLOW / 2
"""Seconds by which a told time may be longer than the partner's: less than what waiting for a turn would add."""


def ask_more_than_at_once(world: World, customer: User) -> None:
    """An agent asks the partner one thing more than it may ask at once, so that the last waits for its turn."""
    paths = [f"{own_path(customer)}-{number}" for number in range(CALLS_AT_ONCE + 1)]
    for path in paths:
        world.partner.delay(path, _QUICK if path == paths[-1] else _SLOW)
    world.ended(world.running(customer, agents.PROBE, input=agents.side_by_side(*paths)))


def timed_questions(world: World, viewer: User) -> list[TimedCall]:
    """How long each question took: as told to the viewer, and as the partner knows it.

    :raises NotShown: none of them had to wait for its turn.
    """
    found = _timed(world, viewer, lambda event: event.payload["parameters"].get("path"))
    first = min(call.asked_at for call in found)
    if max(call.asked_at for call in found) - first < _SLOW:
        raise NotShown("no question has waited for its turn, so it proves nothing that the wait was not counted")
    return found


def timed_price_list(world: World, viewer: User) -> list[TimedCall]:
    """How long the price list took: as told to the viewer, and as the partner knows it."""
    return _timed(world, viewer, lambda event: PRICES if event.payload.get("tool_name") == "read_prices" else None)


def _timed(world: World, viewer: User, path_of: Callable[[Event], str | None]) -> list[TimedCall]:
    run, events = world.run_of(viewer), events_of_last_run(world, viewer)
    told = {event.call_id: event.payload.get("duration_seconds") for event in events if event.type == "tool_completed"}
    timed = []
    for event in events:
        if event.type == "tool_executing" and (path := path_of(event)):
            call = next(each for each in world.partner.calls(path) if each.received_at >= run.asked_at_wall)
            timed.append(TimedCall(path, told.get(event.call_id), call.busy, call.received_at))
    return timed


def told_times(world: World, viewer: User) -> dict[str, float | None]:
    """The ids of the calls of the viewer's last run, and how long each was at work, as told."""
    return {str(end.get("call_id")): end.get("duration_seconds") for end in ends_of_calls(world, viewer)}
