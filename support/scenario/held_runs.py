"""Runs that wait for the partner or hang there, one or in every place to work."""

from enum import Enum

from support.scenario import agents
from support.scenario.partner import own_path
from support.scenario.users import User
from support.scenario.world import RunHandle, World
from support.stack.apex import INSTANCES, WORKER_SLOTS

WORKER_CAPACITY = WORKER_SLOTS * sum(module == "apex.worker" for module in INSTANCES.values())
"""How many runs the platform carries out at once."""
TIME_LIMIT = 1.0
"""Seconds that a customer allows a run that is meant to hang."""


class Hanging(Enum):
    """How a run hangs, as a feature says it."""

    WAITING = "wait for ever"
    BLOCKING = "never give way"


def waiting_run(world: World, user: User) -> RunHandle:
    """A run whose tool call has reached the partner, which does not answer."""
    path = own_path(user)
    before = len(world.partner.calls(path))
    world.partner.hold(path)
    run = world.running(user, agents.PROBE, input=agents.fetching(path))
    world.eventually(
        lambda: len(world.partner.calls(path)), lambda seen: seen > before, "run starts", "the call at the partner"
    )
    return run


def hanging_run(world: World, user: User) -> RunHandle:
    """A run with a time limit, whose tool call will never be answered."""
    path = own_path(user)
    world.partner.hold(path)
    return world.running(user, agents.PROBE, input=agents.fetching(path), time_limit_seconds=TIME_LIMIT)


def every_place_taken(world: World, user: User) -> list[RunHandle]:
    """As many runs as the platform carries out at once, all of them waiting for the partner."""
    return [waiting_run(world, user) for _ in range(WORKER_CAPACITY)]


def blocking_run(world: World, user: User) -> RunHandle:
    """A run with a time limit, whose agent lets nobody end it."""
    return world.running(user, agents.PROBE, input=agents.blocking(), time_limit_seconds=TIME_LIMIT)


def hanging_everywhere(world: World, user: User, how: Hanging) -> list[RunHandle]:
    """One run that hangs so more than the platform carries out at once."""
    start = blocking_run if how is Hanging.BLOCKING else hanging_run
    return [start(world, user) for _ in range(WORKER_CAPACITY + 1)]
