"""Runs that wait for the partner or hang there, one or as many as the workers take, and how they are cancelled."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from support.platform.outcome import Outcome
from support.scenario import agents
from support.scenario.partner import own_path
from support.scenario.users import User
from support.scenario.world import RunHandle, World

_TIME_LIMIT = 1.4


def time_limit(world: World) -> float:
    """Seconds that a run may take that is meant to hang: a customer's choice, or the platform's for all runs, which an
    operator lowers to the same.
    """
    return float(world.target.limits.get("run_seconds", _TIME_LIMIT))


def waiting_run(world: World, user: User, thread_id: str | None = None) -> RunHandle:
    """A run whose tool call has reached the partner, which does not answer; in a conversation that there is, or a new
    one.
    """
    path = own_path(user)
    before = len(world.partner.calls(path))
    world.partner.hold(path)
    run = world.running(user, agents.PROBE, input=agents.fetching(path), thread_id=thread_id)
    world.eventually(
        lambda: len(world.partner.calls(path)), lambda seen: seen > before, "run starts", "the call at the partner"
    )
    return run


def hanging_run(world: World, user: User) -> RunHandle:
    """A run with a time limit, whose tool call will never be answered."""
    path = own_path(user)
    world.partner.hold(path)
    return world.running(user, agents.PROBE, input=agents.fetching(path), time_limit_seconds=time_limit(world))


def hanging_for_a_day(world: World, user: User) -> RunHandle:
    """The same, with a much longer time limit."""
    path = own_path(user)
    world.partner.hold(path)
    return world.running(user, agents.PROBE, input=agents.fetching(path), time_limit_seconds=86_400)


@dataclass(frozen=True, slots=True)
class Cancellation:
    """A request that cancels a run: when it was sent (Unix seconds), and its outcome."""

    sent_at: float
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Cancellations:
    """All that were sent, in order."""

    sent: list[Cancellation] = field(default_factory=list)


def cancel(world: World, run: RunHandle) -> None:
    """Have the owner cancel a run, whatever comes of it."""
    _send(world, lambda: world.platform.cancel_run(run.user, run.run_id))


def remove(world: World, owner: User, colleague: User) -> None:
    """Have the owner remove a colleague, which cancels the colleague's runs.

    :raises NotShown: the platform refused.
    """
    _send(world, lambda: world.platform.remove_member(owner, colleague.id))
    world.last_outcome.require()


def _send(world: World, request: Callable[[], Outcome]) -> None:
    sent_at = time.time()
    world.outcome = request()
    world.kept_or(Cancellations, Cancellations).sent.append(Cancellation(sent_at, world.outcome))


def blocking_run(world: World, user: User) -> RunHandle:
    """A run with a time limit, whose agent lets nobody end it."""
    return world.running(user, agents.PROBE, input=agents.blocking(), time_limit_seconds=time_limit(world))


def ignoring_run(world: World, user: User) -> RunHandle:
    """A run with a time limit, whose agent goes on when it is cancelled."""
    return world.running(user, agents.PROBE, input=agents.script({"ignore": 60}), time_limit_seconds=time_limit(world))


def answering_late(world: World, user: User) -> RunHandle:
    """A run with a time limit, whose agent does nothing until that has passed, and answers then."""
    return world.running(user, agents.PROBE, input=agents.script({"wait": ""}), time_limit_seconds=time_limit(world))


def blocked_worker(world: World, user: User) -> RunHandle:
    """A run whose agent has begun to let nobody end it, for much longer than a cancellation may take.

    :raises NotShown: the platform refused it.
    """
    run = world.running(user, agents.PROBE, input=agents.blocking(seconds=5))
    user.watching.wait_for("agent_thinking", run=run, within=world.budgets.limit("run starts"))
    return run


def at_capacity(world: World, user: User) -> list[RunHandle]:
    """As many runs as the platform carries out at once, all of them waiting for the partner."""
    return [waiting_run(world, user) for _ in range(world.target.limits["runs_at_once"])]


def beyond_capacity(world: World, user: User, start: Callable[[World, User], RunHandle]) -> list[RunHandle]:
    """One run more than the platform carries out at once, each begun by `start`."""
    return [start(world, user) for _ in range(world.target.limits["runs_at_once"] + 1)]
