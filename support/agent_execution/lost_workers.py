"""Workers that stop in the middle of a run."""

from collections.abc import Callable

from hamcrest import equal_to

from support.agent_execution.run_tracking import worker_of
from support.scenario.partner import own_path
from support.scenario.world import RunHandle, World

_STOPPING = 1.0
"""Seconds in which a worker that abandons its runs is gone."""


def crash(world: World, run: RunHandle) -> None:
    """Kill the run's worker."""
    worker = worker_of(world, run)
    world.breaks_stories("the worker crashes in the middle of a tool call")
    world.faults.lose(worker)


def shut_down(world: World, run: RunHandle) -> None:
    """Ask the run's worker to end in order; the partner answers a while later."""
    world.faults.tell_to_stop(worker_of(world, run))
    world.holds_while(
        lambda: world.stored(run).status, equal_to("running"), _STOPPING, "the run is running while its worker stops"
    )
    world.partner.release(own_path(run.user))


WORKER_STOPS: dict[str, Callable[[World, RunHandle], None]] = {
    "crashes": crash,
    "shuts down before the partner responds": shut_down,
}
"""How the worker of a run stops, by the words of the feature."""
