"""One of two tools instances crashes, or its responses are lost, while both work on research jobs."""

from collections.abc import Sequence
from dataclasses import dataclass

from support.platform.components import Component
from support.scenario.users import User
from support.scenario.verdict import NotShown
from support.scenario.world import RunHandle, World
from support.service_coordination import research
from support.service_coordination.concurrent_jobs import expected_concurrency
from support.service_coordination.service_discovery import FIRST, SECOND, calls_of, found_by_operator, names


@dataclass(frozen=True, slots=True)
class Workload:
    """Jobs of one call each: the instance of each call that is stored as running, and whose requests are open."""

    running: dict[str, str]
    open: frozenset[str]

    def is_full(self, capacity: int, both: list[str]) -> bool:
        """Whether so many jobs run, on both instances, and the partner has the request of each of them."""
        instances = set(self.running.values())
        return len(self.running) == capacity and self.running.keys() == self.open and instances == set(both)


def crash_while_working(world: World, user: User, instance: Component, jobs: int, *, comes_back: bool = False) -> None:
    """Kill an instance while both work on a user's jobs, as many as the worker capacity allows; the others wait.

    It may come back before what it had in hand is taken over.

    The partner answers nothing before it has seen the dead instance's connections closed: what is answered twice was
    done twice.
    """
    started = [research.start(world, user, 1, 1, answered=0) for _ in range(jobs)]
    capacity, both = expected_concurrency(world), names(world, FIRST, SECOND)
    seen = world.eventually(
        lambda: _workload(world, started),
        lambda look: look.is_full(capacity, both),
        "run starts",
        "work for both instances",
    )
    lost = {run_id for run_id, name in seen.running.items() if [name] == names(world, instance)}
    world.faults.lose(instance)
    if comes_back:
        world.faults.bring_back(instance)
    world.eventually(lambda: _closed(world, started), lost.issubset, "run starts", "the lost instance's requests")
    research.release(world, started)
    for run in started:
        world.ended(run)


def run_after_crash(world: World, user: User, instance: Component, jobs: int) -> None:
    """Kill an instance, and have so many jobs run whose calls begin then.

    :raises NotShown: the loss was known already when they had begun.
    """
    world.faults.lose(instance)
    started = [research.start(world, user, 1, 1) for _ in range(jobs)]
    if not set(names(world, instance)) <= set(found_by_operator(world)):
        raise NotShown("the lost instance was forgotten before the jobs had begun")
    for run in started:
        world.ended(run)


@dataclass(frozen=True, slots=True)
class ToolLists:
    """The names of the tools as they were listed before and right after an instance was lost; or the refusal."""

    before: Sequence[str]
    after: Sequence[str] | str


def list_around_crash(world: World, user: User, instance: Component) -> ToolLists:
    """The user lists the tools, and once more as soon as an instance is killed.

    :raises NotShown: the first list is refused, or has nothing in it; or the loss was known already at the second one.
    """
    before = [tool.name for tool in world.platform.tools(user).require().items]
    if not before:
        raise NotShown("no tool is listed")
    world.faults.lose(instance)
    answer = world.platform.tools(user)
    if not set(names(world, instance)) <= set(found_by_operator(world)):
        raise NotShown("the lost instance was forgotten before the tools were listed")
    return ToolLists(before, [tool.name for tool in answer.value.items] if answer.done else str(answer))


def lose_responses(world: World, user: User) -> RunHandle:
    """Have a job of four tasks run while no response of the first instance arrives.

    :raises NotShown: the first instance has begun none of them, so that no response was lost.
    """
    world.faults.lose_responses(FIRST)
    run = research.start(world, user, 4, 1)
    world.ended(run)
    (first,) = names(world, FIRST)
    if first not in {call.instance for call in calls_of(world, [run])}:
        raise NotShown(f"{first} has begun none of the tasks: none of its responses was lost")
    return run


def _workload(world: World, runs: Sequence[RunHandle]) -> Workload:
    return Workload(
        {call.run_id: call.instance for call in calls_of(world, runs) if call.status == "running"},
        frozenset(run_id for run_id, request in research.requests_of(world, runs) if request.open),
    )


def _closed(world: World, runs: Sequence[RunHandle]) -> set[str]:
    requests = research.requests_of(world, runs)
    return {run_id for run_id, request in requests if request.closed_by_client_at is not None}
