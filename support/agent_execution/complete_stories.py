"""What the events of a run show beside its complete story: parallel tool calls, delegated agents, no tool at all."""

from collections.abc import Callable, Sequence

from hamcrest.core.base_matcher import BaseMatcher

from support.matchers.faultless import faultless
from support.platform.components import Component
from support.platform.outcome import Outcome
from support.platform.story import Event, overlapping_calls
from support.scenario import agents
from support.scenario.partner import own_path
from support.scenario.users import User
from support.scenario.world import RunHandle, World

_PARALLEL = 3
_PARTNER_SECONDS = 0.3
"""How long the partner takes where calls are to overlap."""


def parallel_run(world: World, user: User) -> RunHandle | None:
    """A run that calls three tools in parallel; each asks the partner, which takes a while."""
    paths = [f"{own_path(user)}-{number}" for number in range(_PARALLEL)]
    for path in paths:
        world.partner.delay(path, _PARTNER_SECONDS)
    return world.start_run(user, agents.PROBE, input=agents.side_by_side(*paths))


def first_of_two(world: World, user: User) -> RunHandle | None:
    """A run that asks the partner two questions and continues with the first answer; the other is never answered."""
    open_, answered = (f"{own_path(user)}-{number}" for number in range(2))
    world.partner.hold(open_)
    world.partner.delay(answered, _PARTNER_SECONDS)
    return world.start_run(user, agents.PROBE, input=agents.first_of(open_, answered))


def answer_without_stream(world: World, run: RunHandle) -> None:
    """The partner answers the run, which then cannot tell anybody; once it has an end the stream can be reached again.

    An end that never comes is judged by who asks for it.
    """
    world.faults.cut_off(Component.CACHE)
    world.partner.release(own_path(run.user))
    world.try_to_see(lambda: _has_ended(world.platform.run(run.user, run.run_id)), "run starts", "an end")
    world.faults.heal(Component.CACHE)


def _has_ended(read: Outcome) -> bool:
    return read.done and bool(read.value.status.is_end)


def _two_ends(events: Sequence[Event]) -> list[str]:
    ends = sum(event.type == "tool_completed" for event in events)
    return [] if ends == 2 else [f"{ends} tool calls were told to have ended"]


def _parallel(events: Sequence[Event]) -> list[str]:
    calls = overlapping_calls(events)
    return [] if len(calls) == _PARALLEL else [f"{len(calls)} tool calls had begun before one ended"]


def _without_tools(events: Sequence[Event]) -> list[str]:
    if not events:
        return ["there are no events"]
    return [f"{event.type} of the call {event.call_id}" for event in events if event.call_id]


def _delegated(events: Sequence[Event]) -> list[str]:
    seen = {event.agent_name for event in events if event.delegated}
    return [f"no event of a delegated {name}" for name in ("cost_analysis", "usage_report") if name not in seen]


def _pattern(name: str, faults_of: Callable[[Sequence[Event]], list[str]]) -> BaseMatcher[Sequence[Event]]:
    return faultless(f"events that show {name}", faults_of)


PATTERNS = {
    name: _pattern(name, faults_of)
    for name, faults_of in {
        "three parallel tool calls": _parallel,
        "no tool call": _without_tools,
        "the end of two tool calls": _two_ends,
        "the delegated cost analysis and usage report": _delegated,
    }.items()
}
"""Matchers over the events of one run, by the words of the feature."""
