"""Jobs that several services carry out together: an agent, a tool that reports on its way, and the partner it asks."""

import secrets
from collections.abc import Sequence
from itertools import accumulate, chain

from support.platform.story import Event
from support.scenario.held_runs import PLACES_TO_WORK
from support.scenario.partner import PartnerCall
from support.scenario.users import User
from support.scenario.verdict import DeadlinePassed
from support.scenario.world import RunHandle, World
from support.service_coordination.research_matchers import Served

SURVEYOR = "surveyor"

# How long the partner takes where jobs are to be at work side by side, in seconds.
_ANSWER_SECONDS = 0.05
_PLACES = "what the surveys ask for"


def survey(world: World, user: User, surveys: int, each: int, *, held: bool = False) -> RunHandle:
    """Start a job of so many surveys side by side, each of so many things at the partner that no other job asks for.

    :param held: the partner answers nothing before the job is let go on.
    """
    own = f"/{user.tenant.name}/{user.tenant.marker}/{secrets.token_hex(4)}"
    places = [[f"{own}/{survey}-{number}" for number in range(each)] for survey in range(surveys)]
    for place in chain.from_iterable(places):
        if held:
            world.partner.hold(place)
        else:
            world.partner.delay(place, _ANSWER_SECONDS)
    run = world.running(user, SURVEYOR, input={"surveys": places})
    world.facts.setdefault(_PLACES, {})[run.run_id] = places
    return run


def let_go_on(world: World, run: RunHandle) -> None:
    """Have the partner answer what it holds back of a job, and what it is asked of it from now on."""
    for place in chain.from_iterable(places_of(world, run)):
        world.partner.delay(place, _ANSWER_SECONDS)


def let_go_on_together(world: World) -> None:
    """Have the jobs that are held go on when as many of them are with the partner as the platform has places.

    :raises DeadlinePassed: so many do not come, and the jobs go on without having been at work at once.
    """
    try:
        world.eventually(
            lambda: _open(world), lambda waiting: waiting >= places_due(world), "run starts", "jobs at work"
        )
    finally:
        for run in world.runs:
            let_go_on(world, run)


def places_due(world: World) -> int:
    """How many of the jobs must have been at work at once: as many as there are places, where there are so many."""
    return min(PLACES_TO_WORK, len(world.runs))


def most_at_once(world: World) -> int:
    """How many requests of the jobs the partner had to answer at the same time, at most."""
    turns = []
    for request in _requests(world):
        turns.append((request.received_at, 1))
        left_at = request.answered_at or request.closed_by_client_at
        turns += [(left_at, -1)] if left_at is not None else []
    return max(accumulate(change for _, change in sorted(turns)), default=0)


def _open(world: World) -> int:
    return sum(request.open for request in _requests(world))


def _requests(world: World) -> list[PartnerCall]:
    places = {place for run in world.runs for place in chain.from_iterable(places_of(world, run))}
    return [request for request in world.partner.all_calls() if request.path in places]


def made(world: World, user: User, surveys: int, each: int) -> None:
    """Have such a job done to its end."""
    world.ended(survey(world, user, surveys, each))


def held_at_the_second(world: World, user: User) -> None:
    """Start a survey of two things, of which the partner answers only the first."""
    own = f"/{user.tenant.name}/{user.tenant.marker}/{secrets.token_hex(4)}"
    places = [[f"{own}/first", f"{own}/second"]]
    world.partner.delay(places[0][0], _ANSWER_SECONDS)
    world.partner.hold(places[0][1])
    run = world.running(user, SURVEYOR, input={"surveys": places})
    world.facts[_PLACES] = {run.run_id: places}


def many(world: World, user: User, jobs: int) -> None:
    """Have one user start so many jobs, and wait until all have ended."""
    started = [survey(world, user, 1, 2, held=True) for _ in range(jobs)]
    try:
        let_go_on_together(world)
    except DeadlinePassed as missing:
        # Whether they were at work at once is for a Then to judge.
        world.evidence.note("did not come", awaited="jobs at work", reason=str(missing))
    for run in started:
        world.ended(run)


def places_of(world: World, run: RunHandle) -> list[list[str]]:
    """What the job was to ask for."""
    planned: dict[str, list[list[str]]] = world.recall(_PLACES, dict)
    return planned[run.run_id]


def served(world: World) -> list[Served]:
    """What each job was given, and what the partner was asked on its behalf."""
    requests = world.partner.all_calls()
    return [
        Served(
            run_id=run.run_id,
            trace_id=run.trace_id,
            asked_for=(asked := places_of(world, run)),
            given=(world.ended(run).get("answer") or {}).get("surveys"),
            requests=[request for request in requests if any(request.path in each for each in asked)],
        )
        for run in world.runs
    ]


def reports(told: Sequence[Event]) -> list[tuple[int, int]]:
    """How far the tool said it was, of how much, in the order in which it was told."""
    return [(event.payload["done"], event.payload["total"]) for event in told if event.type == "tool_progress"]
