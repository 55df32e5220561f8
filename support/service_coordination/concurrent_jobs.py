"""Many research jobs at the same time: the partner answers none before as many run as the workers can carry out."""

from collections.abc import Iterable
from itertools import accumulate

from hamcrest import greater_than_or_equal_to

from support.load import populations
from support.platform.trace import new_trace_id
from support.scenario.agents import Agent
from support.scenario.partner import PartnerCall
from support.scenario.users import User
from support.scenario.work import Work
from support.scenario.world import RunHandle, World
from support.service_coordination import research


def of_all_customers(world: World) -> None:
    """Have every customer run a job at the same time.

    :raises DeadlinePassed: fewer run at once than the worker capacity allows; they are released all the same.
    """
    populations.at_once(world.users.customers, lambda user: research.start(world, user, 1, 2, answered=0))
    enough = greater_than_or_equal_to(expected_concurrency(world))
    try:
        world.eventually(lambda: _waiting(world), enough, "run starts", "jobs running at once")
    finally:
        research.release(world, world.runs)


def under_one_trace(count: int) -> Work:
    """So many usage reports, requested one right after the other under one trace ID; all have ended."""

    def run_all(world: World, user: User) -> RunHandle:
        trace = new_trace_id()
        runs = [world.running(user, Agent.USAGE_REPORT.wire, trace_id=trace) for _ in range(count)]
        for run in runs:
            world.ended(run)
        return runs[-1]

    return run_all


def of_one_customer(jobs: int, *, one_trace: bool = False) -> Work:
    """That many jobs of one customer at the same time; all have ended when the last one is returned."""

    def run(world: World, user: User) -> RunHandle:
        trace = new_trace_id() if one_trace else None
        started = [research.start(world, user, 1, 2, answered=0, trace_id=trace) for _ in range(jobs)]
        expected = expected_concurrency(world)
        world.try_to_see(lambda: _waiting(world) >= expected, "run starts", "jobs running at once")
        research.release(world, started)
        for job in started:
            world.ended(job)
        return started[-1]

    return run


def expected_concurrency(world: World) -> int:
    """How many of the jobs must run at once: as many as the worker capacity allows, or all where they are fewer."""
    return min(world.target.limits["runs_at_once"], len(world.runs))


def peak_concurrency(world: World) -> int:
    """How many requests of the jobs were with the partner at the same time, at most."""
    return most_at_once([request for _, request in research.requests_of(world, world.runs)])


def most_at_once(requests: Iterable[PartnerCall]) -> int:
    """The largest number of requests that had been received and neither answered nor closed."""
    turns = []
    for request in requests:
        turns.append((request.received_at, 1))
        ended_at = request.answered_at or request.closed_by_client_at
        turns += [(ended_at, -1)] if ended_at is not None else []
    return max(accumulate(change for _, change in sorted(turns)), default=0)


def _waiting(world: World) -> int:
    return sum(request.open for _, request in research.requests_of(world, world.runs))
