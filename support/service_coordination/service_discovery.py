"""Instances of the tools service: a second one beside the first, what the operator finds, where jobs run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial

from hamcrest import equal_to

from support.matchers.faultless import is_just
from support.platform.components import Component
from support.scenario.users import User
from support.scenario.verdict import DeadlinePassed, NotShown
from support.scenario.waiting import Deadline, pause
from support.scenario.world import RunHandle, World
from support.service_coordination import research
from support.stores import opened

FIRST, SECOND = Component.TOOLS, Component.SPARE_TOOLS

_A_WHILE = 5.0
"""Seconds: longer than a registration lasts that nobody renews."""
_BETWEEN_LOOKS = 0.1
_CALLS = "select run_id::text, instance, status from tool_calls where run_id::text = any(%s)"


class RunningInstances(Enum):
    """Which tools instances run, as a feature says it."""

    BOTH = "both tools instances"
    FIRST = "only the first tools instance"

    def names(self, world: World) -> list[str]:
        """What the instances are called."""
        return names(world, *([FIRST, SECOND] if self is RunningInstances.BOTH else [FIRST]))

    @property
    def budget(self) -> str:
        return "instance found" if self is RunningInstances.BOTH else "instance forgotten"


@dataclass(frozen=True, slots=True)
class Processes:
    """The process ID of each service before the second instance was started."""

    ids: Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class Moved:
    """An instance that was started again, and where it is since."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class InstanceCall:
    """A tool call as it is stored; ``instance`` is the one that began it."""

    run_id: str
    instance: str
    status: str


def names(world: World, *instances: Component) -> list[str]:
    """What instances are called."""
    return [world.target.part(instance).service for instance in instances]


def start_second(world: World) -> None:
    """Have a second instance run until the end of the scenario; then it is stopped and forgotten.

    :raises NotShown: the one of an earlier scenario is still found, so finding it would show nothing.
    """
    try:
        expect_found(world, RunningInstances.FIRST)
    except DeadlinePassed as passed:
        raise NotShown(f"a second instance is found before it was started: {passed}") from None
    world.keep(Processes(world.faults.processes()))
    world.undo.register("see the second instance forgotten", partial(expect_found, world, RunningInstances.FIRST))
    world.faults.start_spare(SECOND)


def move_second(world: World) -> None:
    """The second instance of the tools service is stopped, and starts under its name at an address of its own; where it
    was before nobody answers any more.
    """
    service = world.target.part(SECOND).service
    (twin,) = (each for each in world.stack.services() if each.name == world.target.part(FIRST).service)
    world.stack.stop(service)
    world.faults.cut_off(SECOND)
    link = world.stack.open_link(service)
    world.undo.register("close the new address", link.close)
    world.stack.start_service(service, [*twin.extra_args, "--advertise", link.http_url])
    world.evidence.note("instance moved", service=service, address=link.http_url)
    world.keep(Moved(service, link.http_url))


EVENTS: dict[str, Callable[[World], None]] = {
    "starts": start_second,
    "crashes": lambda world: world.faults.lose(SECOND),
    "is started again at another address": move_second,
    "shuts down": lambda world: world.faults.shut_down(SECOND),
}
"""What happens to the second instance, by the words of a feature."""


@dataclass(frozen=True, slots=True)
class FoundInstances:
    """Every list of instances that the operator found in a while, each once."""

    lists: frozenset[tuple[str, ...]]


def idle(world: World) -> FoundInstances:
    """Nobody has any work for a while, in which the operator looks again and again."""
    found = set()
    deadline = Deadline(_A_WHILE)
    while not deadline.passed:
        found.add(tuple(sorted(found_by_operator(world))))
        pause(_BETWEEN_LOOKS)
    return FoundInstances(frozenset(found))


def cut_off_register(world: World) -> None:
    """Nobody reaches the register for longer than a registration lasts."""
    world.faults.cut_off(Component.CACHE)
    deadline = Deadline(_A_WHILE)
    while not deadline.passed:
        pause(_BETWEEN_LOOKS)
    world.faults.heal(Component.CACHE)


def run_two(world: World, user: User) -> None:
    """Have a second instance run, and see the user's work given to both."""
    start_second(world)
    expect_next_job(world, user, RunningInstances.BOTH)


def found_by_operator(world: World) -> list[str]:
    """The names of the instances that the operator finds."""
    found = world.platform.operator_instances(world.users.operator).require().items
    return [instance.name for instance in found if instance.service == "tools"]


def expect_found(world: World, instances: RunningInstances) -> None:
    """Wait until the operator finds just these instances.

    :raises DeadlinePassed: others are found when the budget is used up.
    """
    look = partial(found_by_operator, world)
    world.eventually(look, is_just(instances.names(world)), instances.budget, "the instances that the operator finds")


def expect_next_job(world: World, user: User, instances: RunningInstances) -> None:
    """Have a job run on just these instances.

    Workers find a new instance with a heartbeat of theirs, so jobs are started until one runs on both. An instance that
    the operator no longer finds must not be given one call more.

    :raises AssertionError: the job ran on other instances, or jobs are still taken to one that is gone first.
    """
    look, expected = partial(_instances_of_next_job, world, user), is_just(instances.names(world))
    if instances is RunningInstances.BOTH:
        world.eventually(look, expected, instances.budget, "the instances that the job runs on")
    else:
        world.expect(look(), expected, "the instances that the job ran on")
        # Workers find with a heartbeat of theirs, too, that an instance is gone; until then they may try it in vain.
        asked = partial(_connections_to_lost, world, look)
        world.eventually(asked, equal_to(0), instances.budget, "a job's connections to where the other instance was")


def _connections_to_lost(world: World, have_a_job_run: Callable[[], object]) -> int:
    before = world.faults.connections_so_far(SECOND)
    have_a_job_run()
    return world.faults.connections_so_far(SECOND) - before


def calls_of(world: World, runs: Sequence[RunHandle]) -> list[InstanceCall]:
    """The stored tool calls of these runs."""
    with opened.as_observer(world) as connection:
        return [InstanceCall(*row) for row in connection.execute(_CALLS, [[run.run_id for run in runs]])]


def _instances_of_next_job(world: World, user: User) -> list[str]:
    run = research.start(world, user, 4, 1)
    world.ended(run)
    return sorted({call.instance for call in calls_of(world, [run])})
