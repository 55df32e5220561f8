"""Cancelling runs: when their requests are aborted, and how cancellations are answered."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hamcrest import greater_than_or_equal_to
from hamcrest.core.base_matcher import BaseMatcher

from support.matchers.faultless import differences, faultless
from support.platform.components import Component
from support.platform.outcome import Outcome
from support.platform.runs import Run, RunStatus
from support.scenario import agents, held_runs
from support.scenario.partner import own_path
from support.scenario.users import User
from support.scenario.verdict import NotShown
from support.scenario.world import RunHandle, World

_LAST_THOUGHT = "Waiting now."


@dataclass(frozen=True, slots=True)
class CancelAttempt:
    """The response to somebody who cancels a run, and the one to the cancelling of a run that never existed."""

    response: Outcome
    to_unknown_run: Outcome


@dataclass(frozen=True, slots=True)
class CancelAttempts:
    """What others tried on one run."""

    attempts: tuple[CancelAttempt, ...]


def answering_run(world: World, user: User) -> RunHandle:
    """A run whose agent has begun to do nothing until it is cancelled, and answers then."""
    run = world.running(user, agents.PROBE, input=agents.script({"think": _LAST_THOUGHT}, {"wait": ""}))
    user.watching.wait_for(
        "agent_thinking",
        run=run,
        within=world.budgets.limit("run starts"),
        where=lambda event: event.payload.get("thought") == _LAST_THOUGHT,
    )
    return run


def two_in_one_conversation(world: World, user: User) -> RunHandle:
    """Two runs of one conversation, both of which wait for the partner; gives the second."""
    first = held_runs.waiting_run(world, user)
    return held_runs.waiting_run(world, user, thread_id=first.thread_id)


def let_the_other_go_on(world: World, run: RunHandle) -> RunHandle:
    """The partner answers the other run of the conversation, which is given."""
    world.partner.release(own_path(run.user))
    return next(each for each in world.runs if each.thread_id == run.thread_id and each is not run)


def cancel_in_the_cloud(world: World, user: User, rounds: int, each: int) -> None:
    """The user's analyses are cancelled while the cloud is asked; after each round of some the cloud responds again.

    :raises DeadlinePassed: one did not get as far as the cloud.
    :raises NotShown: the platform refused one, or one had ended before.
    """
    for _ in range(rounds):
        with world.faults.holding(Component.CLOUD) as waiting:
            for number in range(1, each + 1):
                run = world.running(user, agents.Agent.COST_ANALYSIS.wire)
                world.eventually(waiting, greater_than_or_equal_to(number), "run starts", "the calls at the cloud")
                world.platform.cancel_run(user, run.run_id).require()
                if world.ended(run).status is not RunStatus.CANCELLED:
                    raise NotShown(f"run {run.run_id} had ended before it was cancelled")
        # By its end those calls are over, too: a thread that asks the cloud cannot be stopped before it is answered.
        world.ended(world.running(user, agents.Agent.COST_ANALYSIS.wire))


def attempt(world: World, others: Sequence[User], run: RunHandle) -> CancelAttempts:
    """Have others cancel a run that waits for the partner; the partner answers after that."""
    cancel = world.platform.cancel_run
    tried = tuple(CancelAttempt(cancel(other, run.run_id), cancel(other, str(uuid.uuid4()))) for other in others)
    world.partner.release(own_path(run.user))
    return CancelAttempts(tried)


def aborted_at(world: World, run: RunHandle) -> float:
    """When the run's last request to the partner was aborted (Unix seconds).

    :raises DeadlinePassed: it was not, in time.
    """
    path = own_path(run.user)
    aborted: list[float] = world.eventually(
        lambda: [at for call in world.partner.calls(path)[-1:] if (at := call.closed_by_client_at) is not None],
        bool,
        "cancel takes effect",
        "the end of the run's request to the partner",
    )
    return aborted[0]


def is_accepted_like(first: Outcome) -> BaseMatcher[Outcome]:
    """A second cancellation of the same run: the same status code, the same run, perhaps cancelled by now.

    :raises NotShown: the first was refused.
    """
    run: Run = first.require()

    def faults_of(second: Outcome) -> list[str]:
        if not second.done or second.status != first.status:
            return [f"it was {second}"]
        if not isinstance(second.body, dict):
            return [f"it returned no run: {second} {second.text[:200]}"]
        return list(_changes(run, second.value))

    return faultless(f"{first.status} and the run {run.id}, {run.status} or cancelled", faults_of)


def _changes(first: Run, second: Run) -> Iterator[str]:
    if second.status not in (first.status, RunStatus.CANCELLED):
        yield f".status: {second.status!r}, expected {first.status!r} or 'cancelled'"
    yield from differences(first.request, second.request)
