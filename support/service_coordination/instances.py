"""Instances of the tools service: a second one beside the first, what the operator finds, who carries out jobs."""

from dataclasses import dataclass
from functools import partial
from itertools import chain

import psycopg
from hamcrest import equal_to

from support.scenario.partner import PartnerCall
from support.scenario.users import User
from support.scenario.verdict import DeadlinePassed, NotShown
from support.scenario.world import RunHandle, World
from support.service_coordination import research
from support.stack.client import Fault

FIRST, SECOND = "tools-1", "tools-2"
BOTH = {"first": FIRST, "second": SECOND}
"""The instances as a feature speaks of them."""

_CARRIED_OUT = "select run_id::text, instance, status from tool_calls where run_id::text = any(%s)"


def start_second(world: World) -> None:
    """Have a second instance work until the end of the scenario; at the end it is stopped and forgotten.

    :raises NotShown: one of an earlier scenario is still found, so finding it would show nothing.
    """
    try:
        _await_only_the_first(world)
    except DeadlinePassed as passed:
        raise NotShown(f"a second instance is found before it was started: {passed}") from None
    world.facts["processes"] = processes(world)
    world.undo.register("see the second instance forgotten", partial(_await_only_the_first, world))
    world.faults.start_spare(SECOND)


def two_at_work(world: World) -> None:
    """Have a second instance, to which the customer's work is given as to the first."""
    start_second(world)
    (user,) = world.users.customers
    world.eventually(
        partial(carrying_out_next, world, user), equal_to({FIRST, SECOND}), "instance found", "work for both"
    )


def found_by_operator(world: World) -> list[str]:
    """The names of the instances that the operator finds."""
    found = world.platform.operator_instances(world.users.operator).require()["items"]
    return [instance["name"] for instance in found if instance["service"] == "tools"]


def processes(world: World) -> dict[str, int | None]:
    """The process of each service that runs from start to end."""
    return {status.name: status.pid for status in world.stack.services() if status.twin is None}


def carrying_out_next(world: World, user: User) -> set[str]:
    """The instances that carry out the next job of a user, which has several tools at work."""
    run = research.survey(world, user, 4, 1)
    world.ended(run)
    return {call.instance for call in _calls_of(world, [run])}


def dies_at_work(world: World, user: User, instance: str, jobs: int) -> None:
    """Kill an instance while it and the other work on a user's jobs, as many as there are places for; others wait.

    The partner answers nothing before it has seen that the dead wait no longer: what is answered twice was done twice.
    """
    started = [research.survey(world, user, 1, 1, held=True) for _ in range(jobs)]
    places = research.places_due(world)
    seen = world.eventually(
        lambda: _look(world, started), lambda look: look.all_at_work(places), "run starts", "both instances at work"
    )
    its = {run_id for run_id, name in seen.running.items() if name == instance}
    if instance == SECOND:
        world.stack.kill(SECOND)
    else:
        world.faults.lose(instance)
    world.eventually(
        lambda: {run_id for run_id, call in _requests(world, started) if call.closed_by_client_at is not None},
        its.issubset,
        "run starts",
        "requests of the dead",
    )
    for run in started:
        research.let_go_on(world, run)
    for run in started:
        world.ended(run)


def answers_lost(world: World, user: User, calls: int) -> None:
    """Have a job done by so many calls side by side, while no answer of the first instance arrives.

    :raises NotShown: the first instance has begun none of them, so that no answer was lost.
    """
    world.faults.on_link(FIRST, Fault(kind="reset_after", direction="to_client", after_bytes=0))
    run = research.survey(world, user, calls, 1)
    world.ended(run)
    if FIRST not in {call.instance for call in _calls_of(world, [run])}:
        raise NotShown(f"{FIRST} has begun none of the {calls} calls: none of its answers was lost")


@dataclass(frozen=True, slots=True)
class _Call:
    """A call as the platform has it on record; ``instance`` is the one that began it."""

    run_id: str
    instance: str
    status: str


@dataclass(frozen=True, slots=True)
class _Look:
    """Jobs of one call each: by whom the calls on record as running are made, and whose requests the partner holds."""

    running: dict[str, str]
    waiting: frozenset[str]

    def all_at_work(self, places: int) -> bool:
        """Whether so many are at work, on both instances, and the partner has the request of each of them."""
        instances = set(self.running.values())
        return len(self.running) == places and self.running.keys() == self.waiting and instances == {FIRST, SECOND}


def _look(world: World, runs: list[RunHandle]) -> _Look:
    return _Look(
        {call.run_id: call.instance for call in _calls_of(world, runs) if call.status == "running"},
        frozenset(run_id for run_id, call in _requests(world, runs) if call.open),
    )


def _calls_of(world: World, runs: list[RunHandle]) -> list[_Call]:
    with psycopg.connect(world.addresses.postgres_observer_url) as connection:
        return [_Call(*row) for row in connection.execute(_CARRIED_OUT, [[run.run_id for run in runs]])]


def _requests(world: World, runs: list[RunHandle]) -> list[tuple[str, PartnerCall]]:
    """What the partner was asked, each with the job that asked it."""
    asking = {place: run.run_id for run in runs for place in chain.from_iterable(research.places_of(world, run))}
    return [(asking[call.path], call) for call in world.partner.all_calls() if call.path in asking]


def _await_only_the_first(world: World) -> None:
    world.eventually(partial(found_by_operator, world), equal_to([FIRST]), "instance forgotten", "the instances")
