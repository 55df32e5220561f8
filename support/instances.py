"""Instances of the tools service: a second one beside the first, what the operator finds, who carries out jobs."""

from functools import partial
from itertools import chain

import psycopg
from hamcrest import equal_to

from support import surveys
from support.partner import PartnerCall
from support.users import User
from support.world import RunHandle, World

FIRST, SECOND = "tools-1", "tools-2"
BOTH = {"first": FIRST, "second": SECOND}
"""The instances as a feature speaks of them."""

_CARRIED_OUT = "select instance, status from tool_calls where run_id::text = any(%s)"


def start_second(world: World) -> None:
    """Have a second instance work until the end of the scenario; at the end it is stopped and forgotten."""
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
    run = surveys.survey(world, user, 4, 1)
    world.ended(run)
    return {instance for instance, _ in _calls_of(world, [run])}


def dies_at_work(world: World, user: User, instance: str, jobs: int) -> None:
    """Kill an instance while it and the other work on a user's jobs, as many as there are places for; others wait.

    The partner answers nothing before it has seen that the dead wait no longer: what is answered twice was done twice.
    """
    started = [surveys.survey(world, user, 1, 1, held=True) for _ in range(jobs)]
    world.eventually(
        lambda: {name for name, status in _calls_of(world, started) if status == "running"},
        equal_to({FIRST, SECOND}),
        "run starts",
        "instances with calls",
    )
    world.eventually(
        lambda: len(_open_at_partner(world, started)) - len(_calls_of(world, started)),
        equal_to(0),
        "run starts",
        "calls that have not reached the partner",
    )
    its = sum(name == instance for name, _ in _calls_of(world, started))
    if instance == SECOND:
        world.stack.kill(SECOND)
    else:
        world.faults.lose(instance)
    world.eventually(
        lambda: sum(call.closed_by_client_at is not None for call in _requests(world, started)),
        lambda closed: closed >= its,
        "run starts",
        "requests of the dead",
    )
    for run in started:
        surveys.let_go_on(world, run)
    for run in started:
        world.ended(run)


def _calls_of(world: World, runs: list[RunHandle]) -> list[tuple[str, str]]:
    with psycopg.connect(world.addresses.postgres_observer_url) as connection:
        return [
            (str(instance), str(status))
            for instance, status in connection.execute(_CARRIED_OUT, [[run.run_id for run in runs]])
        ]


def _requests(world: World, runs: list[RunHandle]) -> list[PartnerCall]:
    places = {place for run in runs for place in chain.from_iterable(surveys.places_of(world, run))}
    return [call for call in world.partner.all_calls() if call.path in places]


def _open_at_partner(world: World, runs: list[RunHandle]) -> list[PartnerCall]:
    return [call for call in _requests(world, runs) if call.open]


def _await_only_the_first(world: World) -> None:
    world.eventually(partial(found_by_operator, world), equal_to([FIRST]), "instance forgotten", "the instances")
