"""Workers that stop in the middle of a run."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hamcrest import equal_to

from support.agent_execution.run_tracking import worker_of
from support.platform.capabilities import Capability
from support.platform.components import Component
from support.platform.target import kind_of
from support.scenario.partner import own_path
from support.scenario.verdict import NotShown
from support.scenario.world import RunHandle, World
from support.stores import opened

_IN_TRANSACTION = "select pid from pg_stat_activity where application_name like %s and xact_start is not null"
_STOPPING = 1.0
"""Seconds in which a worker that abandons its runs is gone."""


@dataclass(frozen=True, slots=True)
class LostRuns:
    """The runs that a worker was at work on when it crashed."""

    runs: list[RunHandle]


def status(world: World, run: RunHandle) -> object:
    """The status of a run as its owner reads it, or what came of reading it: connections break where a worker is lost
    that serves the API, too.
    """
    answer = world.platform.run(run.user, run.run_id)
    return answer.value.status if answer.done else str(answer)


def statuses(world: World, runs: Sequence[RunHandle]) -> list[str]:
    """The same of each run."""
    return [str(status(world, run)) for run in runs]


def crash(world: World, run: RunHandle) -> None:
    """Kill the run's worker; where it serves the API as well, another instance does so from then on.

    :raises NotShown: the run has ended before.
    """
    worker = worker_of(world, run)
    if Capability.SEPARATE_WORKERS not in world.target.capabilities:
        world.faults.start_spare(Component.SPARE_API)
        if (status := world.stored(run).status).is_end:
            raise NotShown(f"the run was {status} before its worker could crash: the other instance took too long")
    world.breaks_stories("the worker crashes in the middle of a tool call")
    at_work = [each for each in world.runs if not world.stored(each).status.is_end]
    world.keep(LostRuns([each for each in at_work if worker_of(world, each) == worker]))
    world.faults.lose(worker)


def crash_and_come_back(world: World, run: RunHandle) -> None:
    """The run's worker is the only one, crashes and comes back under its name, as a process manager sees to it."""
    worker = worker_of(world, run)
    for other in world.target.of_kind(kind_of(worker)):
        if other != worker:
            world.faults.shut_down(other)
    crash(world, run)
    world.faults.bring_back(worker)


def hang_and_wake_up(world: World, run: RunHandle) -> None:
    """The run's worker hangs until it is taken for dead, wakes up, and its agent gets the answer that it waited for."""
    worker = worker_of(world, run)
    world.breaks_stories("the worker hangs in the middle of a tool call")
    world.faults.freeze(worker)
    world.eventually(lambda: world.stored(run).status, equal_to("failed"), "worker lost", "the end of the run")
    world.faults.thaw(worker)
    world.partner.release(own_path(run.user))


def _freeze_between_transactions(world: World, worker: str) -> None:
    """Have a worker hang that holds nothing in the database for which a request would have to wait.

    :raises DeadlinePassed: it was never seen so.
    """

    def is_frozen() -> bool:
        world.faults.freeze(worker)
        if not opened.rows(world, _IN_TRANSACTION, [f"{worker}%"]):
            return True
        world.faults.thaw(worker)
        return False

    world.eventually(is_frozen, bool, "run starts", "a worker that hangs between two transactions")


def crash_during_cancellation(world: World, run: RunHandle) -> None:
    """The run is cancelled while its worker hangs, which crashes before it has noticed."""
    worker = worker_of(world, run)
    world.breaks_stories("the worker crashes in the middle of a tool call")
    _freeze_between_transactions(world, worker)
    world.platform.cancel_run(run.user, run.run_id).require()
    world.faults.lose(worker)


def end_of(world: World, run: RunHandle) -> tuple[str, int]:
    """How the run has ended as its owner reads it, and how many ends its watching owner was told."""
    read = world.stored(run)
    told = sum(event.is_end for event in run.user.watching.of(run))
    return f"{read.status} {read.error_code}", told


def shut_down(world: World, run: RunHandle) -> None:
    """Ask the run's worker to end in order; the partner answers a while later."""
    world.faults.tell_to_stop(worker_of(world, run))
    world.holds_while(
        lambda: world.stored(run).status, equal_to("running"), _STOPPING, "the run is running while its worker stops"
    )
    world.partner.release(own_path(run.user))


def outlast_shut_down(world: World, run: RunHandle) -> None:
    """Ask the run's worker to end in order; the partner does not answer before the worker has no more patience."""
    world.breaks_stories("the worker stops in the middle of a tool call")
    world.faults.tell_to_stop(worker_of(world, run))


WORKER_STOPS: dict[str, Callable[[World, RunHandle], None]] = {
    "crashes": crash,
    "crashes and comes back while there is no other": crash_and_come_back,
    "hangs until it is taken for dead, and wakes up": hang_and_wake_up,
    "crashes before it has noticed that Acme has cancelled the run": crash_during_cancellation,
    "shuts down before the partner responds": shut_down,
    "shuts down and the partner does not respond": outlast_shut_down,
}
"""How the worker of a run stops, by the words of the feature."""
