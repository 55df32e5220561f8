"""Status and progress of a run, as a customer reads them who polls it."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from hamcrest.core.base_matcher import BaseMatcher

from support.api.calls import Call, call_of
from support.matchers.faultless import faultless
from support.platform.runs import Run
from support.scenario import agents, waiting
from support.scenario.partner import PRICES, own_path
from support.scenario.users import User
from support.scenario.verdict import DeadlinePassed
from support.scenario.world import RunHandle, World

_QUESTIONS = 20
_POLLED_ONCE_MORE = 3
# Preparing the run, and the agent's own work up to its first question.
_BEFORE_THE_FIRST = 2
_RANK = {"queued": 0, "running": 1}
_END = 2


@dataclass(frozen=True, slots=True)
class Readings:
    """Every status and progress that was read, in order; ``after_each`` is the progress after each answer."""

    statuses: list[str] = field(default_factory=list)
    progress: list[int] = field(default_factory=list)
    after_each: list[int] = field(default_factory=list)


def asking_twenty_questions(world: World, user: User) -> RunHandle:
    """The user's agent has put the first of twenty questions to the partner, who does not answer yet."""
    paths = _paths(user)
    for path in paths:
        world.partner.hold(path)
    run = world.running(user, agents.PROBE, input=agents.script(*({"fetch": path} for path in paths)))
    world.eventually(lambda: len(world.partner.calls(paths[0])), bool, "run starts", "the call at the partner")
    return run


def waiting_review(world: World, user: User) -> RunHandle:
    """A savings review, one of whose agents waits for the partner's price list."""
    before = len(world.partner.calls(PRICES))
    world.partner.hold(PRICES)
    run = world.running(user, agents.Agent.REVIEW.wire)
    world.eventually(
        lambda: len(world.partner.calls(PRICES)), lambda seen: seen > before, "run starts", "the call at the partner"
    )
    return run


def _polling(world: World, user: User, read: Readings, made: list[Call]) -> Callable[[], Run]:
    """What polls the user's run once, and notes what was read and the call."""
    run = world.run_of(user)

    def poll() -> Run:
        made.append(call_of(world.platform.run(user, run.run_id)))
        stored: Run = made[-1].answer.require()
        read.statuses.append(stored.status)
        read.progress.append(stored.progress or 0)
        return stored

    return poll


def poll_around_answer(world: World, user: User) -> list[Call]:
    """The user polls the run until it shows progress, and, once the partner has answered, to its end; keeps the
    :class:`Readings`.
    """
    made = list[Call]()
    poll = _polling(world, user, world.keep(Readings()), made)
    limit = world.budgets.limit("progress shown")
    waiting.wait_for(poll, lambda seen: (seen.progress or 0) > _BEFORE_THE_FIRST, limit, "progress")
    world.partner.release(PRICES)
    waiting.wait_for(poll, lambda seen: seen.status.is_end, world.budgets.limit("run ends"), "the end of the run")
    return made


def poll_and_cancel(world: World, user: User) -> list[Call]:
    """The user polls the run until it shows that the partner has answered a question, cancels it, and polls it to its
    end; keeps the :class:`Readings`.
    """
    made = list[Call]()
    poll = _polling(world, user, world.keep(Readings()), made)
    world.partner.release(_paths(user)[0])
    limit = world.budgets.limit("progress shown")
    waiting.wait_for(poll, lambda seen: (seen.progress or 0) > _BEFORE_THE_FIRST, limit, "progress")
    run = world.run_of(user)
    made.append(call_of(world.platform.cancel_run(user, run.run_id)))
    waiting.wait_for(poll, lambda seen: seen.status.is_end, world.budgets.limit("run ends"), "the end of the run")
    return made


def poll_while_answered(world: World, user: User) -> list[Call]:
    """The user polls the run while the partner answers one question after another; keeps the :class:`Readings`."""
    read, made = world.keep(Readings()), list[Call]()
    poll = _polling(world, user, read, made)

    def poll_until(progress: int, what: str) -> None:
        limit = world.budgets.limit("progress shown")
        try:
            waiting.wait_for(poll, lambda seen: (seen.progress or 0) >= progress, limit, "progress")
        except DeadlinePassed as late:
            # The Then judges what was read.
            world.evidence.note("no progress was shown", after=what, reason=str(late))
        read.after_each.append(read.progress[-1])

    # The work before the first question must be shown first: only then is growth due to the partner's answer.
    poll_until(_BEFORE_THE_FIRST, "the first steps")
    for path in _paths(user):
        world.partner.release(path)
        poll_until(read.after_each[-1] + 1, path)
    waiting.wait_for(poll, lambda seen: seen.status.is_end, world.budgets.limit("run ends"), "the end of the run")
    # Whoever polls once more must not read an older status.
    for _ in range(_POLLED_ONCE_MORE):
        poll()
    return made


def read_unknown(world: World, user: User) -> list[Call]:
    """The user requests the status of a run that never existed."""
    return [call_of(world.platform.run(user, str(uuid.uuid4())))]


def _paths(user: User) -> list[str]:
    return [f"{own_path(user)}-{number}" for number in range(_QUESTIONS)]


# -- matchers ---------------------------------------------------------------------------------------------------------


def move_only_forward() -> BaseMatcher[Sequence[str]]:
    """Statuses of a run at work as they were read: running, and then one end that stays."""

    def faults_of(statuses: Sequence[str]) -> list[str]:
        ranks = [_RANK.get(status, _END) for status in statuses]
        read = list(zip(statuses, ranks, strict=True))
        found = [
            f"{after} was read after {before}"
            for (before, rank), (after, next_rank) in pairwise(read)
            if next_rank < rank or (next_rank == rank and before != after)
        ]
        if statuses and statuses[0] == "queued":
            found.append("queued was read while the agent waited for the partner already")
        if len(set(statuses)) < 2:
            found.append("the status never changed")
        elif ranks[-1] != _END:
            found.append(f"the last status was {statuses[-1]}")
        return found

    return faultless("statuses that only move forward, to an end", faults_of)


def grow() -> BaseMatcher[Sequence[int]]:
    """At least two numbers, each larger than the one before."""
    return _growing("numbers, each larger than the one before", lambda before, after: after > before)


def never_fall() -> BaseMatcher[Sequence[int]]:
    """At least two numbers, none smaller than the one before."""
    return _growing("numbers that never fall", lambda before, after: after >= before)


def _growing(expected: str, fits: Callable[[int, int], bool]) -> BaseMatcher[Sequence[int]]:
    def faults_of(numbers: Sequence[int]) -> list[str]:
        if len(numbers) < 2:
            return [f"only {list(numbers)} was read"]
        return [f"{after} was read after {before}" for before, after in pairwise(numbers) if not fits(before, after)]

    return faultless(expected, faults_of)
