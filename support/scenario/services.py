"""The services of the platform as they say of themselves."""

from support.platform.components import Component
from support.platform.runs import RunStatus
from support.scenario.world import RunHandle, World
from support.stack.client import StackError

# Seconds in which a service that is ready says so.
_ONE_LOOK = 2.0


def unready(world: World) -> list[str]:
    """The services of the platform that do not say of themselves that they are ready, asked one by one.

    What the platform depends on is not asked: how quick the simulated cloud is says nothing of the platform.
    """
    found = []
    for name in world.target.instances:
        try:
            world.stack.wait_ready(name, _ONE_LOOK)
        except StackError as error:
            found.append(str(error))
    return found


def dead(world: World) -> list[str]:
    """The services of the platform that do not serve although no fault holds that would keep them from it."""
    undisturbed = {status.name for status in world.stack.services() if status.state in ("ready", "died")}
    found = []
    for name in undisturbed.intersection(world.target.instances):
        try:
            world.stack.wait_ready(name, _ONE_LOOK)
        except StackError:
            found.append(name)
    return found


def doomed(world: World) -> list[str]:
    """The services of the platform that may be about to end, although they still answer.

    A run in which something was to end its process has failed, or has gone on without it. Where it has not, that has
    ended the server, which may go on answering for a while as it ends.
    """
    if all(_has_survived(world, run) for run in world.exiting):
        return []
    return [world.target.part(Component.WORKERS).service]


def _has_survived(world: World, run: RunHandle) -> bool:
    read = world.platform.run(run.user, run.run_id)
    return read.done and read.value.status in (RunStatus.FAILED, RunStatus.COMPLETED)
