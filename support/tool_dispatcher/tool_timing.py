"""The durations reported for tool calls, and the time that the partner took."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hamcrest.core.base_matcher import BaseMatcher

from support.matchers.faultless import faultless
from support.platform.story import Event
from support.scenario import agents
from support.scenario.partner import PRICES, own_path
from support.scenario.users import User
from support.scenario.verdict import NotShown
from support.scenario.work import Work
from support.scenario.world import RunHandle, World
from support.tool_dispatcher.tool_calls import ends_of_calls, events_of_last_run

_SLOW, _QUICK = 0.8, 0.2
SLACK = _SLOW / 2
"""Seconds by which a reported duration may be over the partner's time: less than waiting for a turn would add."""
# Durations are reported in microseconds, and taken by two clocks.
_ROUNDING = 0.002


@dataclass(frozen=True, slots=True)
class TimedCall:
    """A call of a tool: seconds as ``reported`` and as the partner was ``busy``; when it was asked (Unix seconds)."""

    what: str
    reported: float | None
    busy: float | None
    asked_at: float


def take_as_long_as_the_partner(slack: float) -> BaseMatcher[Sequence[TimedCall]]:
    """Calls whose reported duration is the partner's time and at most ``slack`` seconds more."""

    def faults(calls: Sequence[TimedCall]) -> list[str]:
        wrong = [
            f"{call.what}: {call.reported} s reported, the partner took {call.busy} s"
            for call in calls
            if call.reported is None
            or call.busy is None
            or not call.busy - _ROUNDING <= call.reported <= call.busy + slack
        ]
        return wrong if calls else ["no call was timed"]

    return faultless(f"durations as long as the partner took, and at most {slack:.3f} s longer", faults)


def _ask_more_than_at_once(world: World, customer: User) -> RunHandle | None:
    """Start an agent that asks the partner one question more than it may ask at once: the last has to wait.

    The first is still being answered then: no call's time begins anew with that of another.
    """
    paths = [f"{own_path(customer)}-{number}" for number in range(world.target.limits["calls_at_once"] + 1)]
    for path in paths:
        world.partner.delay(path, _SLOW)
    world.partner.delay(paths[-1], _QUICK)
    world.partner.delay(paths[0], _SLOW + 2 * _QUICK)
    return world.start_run(customer, agents.PROBE, input=agents.side_by_side(*paths))


def _questions(world: World, viewer: User) -> list[TimedCall]:
    """Every question.

    :raises NotShown: none of them had to wait.
    """
    found = _timed(world, viewer, lambda event: event.payload["parameters"].get("path"))
    first = min(call.asked_at for call in found)
    if max(call.asked_at for call in found) - first < _SLOW:
        raise NotShown("no question had to wait, so it proves nothing that no wait was counted")
    return found


def _price_list(world: World, viewer: User) -> list[TimedCall]:
    return _timed(world, viewer, lambda event: PRICES if event.payload.get("tool_name") == "read_prices" else None)


def _timed(world: World, viewer: User, path_of: Callable[[Event], str | None]) -> list[TimedCall]:
    run, events = world.run_of(viewer), events_of_last_run(world, viewer)
    reported = reported_durations(world, viewer)
    timed = []
    for event in events:
        if event.type == "tool_executing" and (path := path_of(event)):
            call = next(each for each in world.partner.calls(path) if each.received_at >= run.asked_at_wall)
            timed.append(TimedCall(path, reported.get(str(event.call_id)), call.busy, call.received_at))
    return timed


def reported_durations(world: World, viewer: User) -> dict[str, float | None]:
    """The ids of the calls of the viewer's last run, and the duration of each as the events report it."""
    return {str(end.get("call_id")): end.get("duration_seconds") for end in ends_of_calls(world, viewer)}


CALLS: dict[str, Callable[[World, User], list[TimedCall]]] = {
    "the price list": _price_list,
    "each question": _questions,
}
"""The calls whose duration is judged, as a feature says it."""
WORK: dict[str, Work] = {
    "an agent that asks the partner more questions than its tools may handle in parallel": _ask_more_than_at_once
}
