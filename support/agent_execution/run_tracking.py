"""Runs as the operator sees them: in which state, by which worker, and where their time went."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from hamcrest.core.base_matcher import BaseMatcher

from support.matchers.faultless import faultless
from support.platform.capabilities import Capability
from support.platform.components import Component
from support.platform.paging import pages
from support.platform.runs import RunStatus, TrackedRun
from support.platform.values import Page
from support.scenario import agents, held_runs, waiting
from support.scenario.agents import Agent
from support.scenario.partner import own_path
from support.scenario.users import User
from support.scenario.verdict import NotShown
from support.scenario.world import RunHandle, World

# Durations are reported in microseconds; each may be rounded.
_ROUNDING = 0.000_01

CLOCKS = 0.1
"""Seconds by which an event may come later than the one before it, measured by who receives both."""


@dataclass(frozen=True, slots=True)
class ExpectedStatuses:
    """The status that each of a customer's runs must have, by run ID."""

    of: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ListedRuns:
    """The ids of runs in the order in which they were listed."""

    ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class RunsFound:
    """Each run that the operator found by a status, with that status."""

    found: Sequence[tuple[str, str]]


def ended_in_every_way(world: World, user: User) -> None:
    """One run that completed, one that failed, one that timed out and one that was cancelled."""
    completed = world.running(user, Agent.USAGE_REPORT.wire)
    failed = world.running(user, agents.PROBE, input=agents.crashing())
    timed_out = held_runs.hanging_run(world, user)
    cancelled = held_runs.waiting_run(world, user)
    world.platform.cancel_run(user, cancelled.run_id).require()
    ends = {"completed": completed, "failed": failed, "timed_out": timed_out, "cancelled": cancelled}
    for run in ends.values():
        world.ended(run)
    world.keep(ExpectedStatuses({run.run_id: status for status, run in ends.items()}))


def taking_all_capacity(world: World, user: User) -> RunHandle:
    """As many runs as the platform carries out at once, all of them waiting for the partner; gives the last."""
    running = held_runs.at_capacity(world, user)
    _also_expect(world, "running", *running)
    return running[-1]


def taking_other_capacity(world: World, user: User) -> RunHandle:
    """As many runs as the platform carries out at once beside those of the others, all of them waiting for the partner;
    gives the last.
    """
    others = len(world.runs)
    return [held_runs.waiting_run(world, user) for _ in range(world.target.limits["runs_at_once"] - others)][-1]


def queued_report(world: World, user: User) -> RunHandle | None:
    """A usage report for which there is no worker capacity."""
    run = world.start_run(user, Agent.USAGE_REPORT.wire)
    if run is not None:
        _also_expect(world, "queued", run)
    return run


def limited_report(world: World, user: User) -> RunHandle | None:
    """A usage report with a time limit, for which there is no worker capacity."""
    return world.start_run(user, Agent.USAGE_REPORT.wire, time_limit_seconds=held_runs.time_limit(world))


@dataclass(frozen=True, slots=True)
class Lateness:
    """How the customer received the end of a run with a time limit: its code, and the seconds after that limit.

    The stream of a run is opened after the run was accepted, so that of its start only the request is earlier for
    certain: there the two differ.
    """

    code: str | None
    at_least: float
    at_most: float


def lateness(world: World, viewer: User) -> Lateness:
    """The lateness of the viewer's last run, once it has ended."""
    run, limit = world.run_of(viewer), held_runs.time_limit(world)
    started = viewer.watching.wait_for("agent_started", run=run, within=world.budgets.limit("run starts"))
    # Longer than is promised: who reads of a late end wants to know how late it was.
    patience = limit + 3 * world.budgets.limit("error after a time limit")
    end = viewer.watching.wait_for_end(run, within=patience)
    ended, began = float(end.received_at or 0), float(started.received_at or 0)
    earliest = run.asked_at if world.platform.transport().per_run else began
    return Lateness(end.payload.get("code"), ended - began - limit, ended - earliest - limit)


def free_capacity_late(world: World, holder: User, run: RunHandle) -> None:
    """The agents that take all capacity end when a run has waited for it longer than its time limit.

    :raises NotShown: it has not waited.
    """
    after = run.asked_at + 1.5 * held_runs.time_limit(world)
    waiting.wait_for(
        time.monotonic, lambda now: now >= after, 2 * held_runs.time_limit(world), "the end of the time limit"
    )
    if world.stored(run).status != "queued":
        raise NotShown(f"the run {run.run_id} does not wait for a worker")
    world.partner.release(own_path(holder))


def found_by_status(world: World, customer: User) -> list[tuple[str, str]]:
    """A tenant's runs as the operator finds them who asks for one status after the other, one run at a time; each with
    the status that was asked for.
    """
    return [(id, status) for status in set(RunStatus) for id in pages_of_runs(world, customer, 1, status=str(status))]


def pages_of_runs(world: World, customer: User, size: int, **wanted: str) -> list[str]:
    """The ids of a tenant's runs as the operator reads them, page by page."""
    ask = partial(world.platform.operator_runs, world.users.operator)
    answers = pages(ask, tenant_id=customer.tenant.id, limit=size, **wanted)
    return [run.id for answer in answers for run in answer.require().items]


def _also_expect(world: World, status: str, *runs: RunHandle) -> None:
    earlier = world.kept_or(ExpectedStatuses, lambda: ExpectedStatuses({})).of
    world.keep(ExpectedStatuses({**earlier, **{run.run_id: status for run in runs}}))


def tracked_runs(world: World, customer: User) -> Sequence[TrackedRun]:
    """A tenant's runs as the operator sees them, newest first."""
    seen = world.platform.operator_runs(world.users.operator, tenant_id=customer.tenant.id, limit=200)
    page: Page[TrackedRun] = seen.require()
    return page.items


def tracked_run(world: World, run: RunHandle) -> TrackedRun:
    """The run as the operator sees it.

    :raises AssertionError: the operator does not see it.
    """
    for tracked in tracked_runs(world, run.user):
        if tracked.id == run.run_id:
            return tracked
    raise AssertionError(f"the operator does not see the run {run.run_id}")


def worker_of(world: World, run: RunHandle) -> str:
    """The service that carries the run out, as the operator sees it; without one, where all workers are.

    :raises NotShown: no worker has the run.
    """
    if Capability.OPERATOR not in world.target.capabilities:
        return world.target.part(Component.WORKERS).service
    worker = tracked_run(world, run).worker
    if worker is None:
        raise NotShown(f"no worker has the run {run.run_id}")
    return worker


def waited_for(world: World, run: RunHandle) -> float:
    """Seconds from the customer's request until the customer saw the run ended.

    :raises NotShown: the customer has not seen its end yet.
    """
    if run.run_id not in world.ends_seen:
        raise NotShown(f"no earlier step has seen the end of the run {run.run_id}")
    return world.ends_seen[run.run_id] - run.asked_at


# -- matchers over one tracked run --------------------------------------------------------------------------------


def accounts_for_its_duration() -> BaseMatcher[TrackedRun]:
    """A run whose steps have all ended, and whose durations add up to its own."""
    return faultless("steps whose durations add up to the run's", _unaccounted)


def took_long_only_in(name: str, seconds: float) -> BaseMatcher[TrackedRun]:
    """A run of which just one step took so many seconds, one of that name."""

    def faults_of(run: TrackedRun) -> list[str]:
        long = [step for step, duration in _durations(run) if duration is not None and duration >= seconds]
        return [] if len(long) == 1 and name in long[0] else [f"{long} took so long, of {_durations(run)}"]

    return faultless(f"one step that took {seconds:g} s, {name}", faults_of)


def took_less_than(seconds: float) -> BaseMatcher[TrackedRun]:
    """A run that took some time, and less than so many seconds."""

    def faults_of(run: TrackedRun) -> list[str]:
        return [] if 0 < (run.seconds or 0) < seconds else [f"it took {run.seconds} s"]

    return faultless(f"a duration above 0 and below {seconds:.6f} s", faults_of)


def _durations(run: TrackedRun) -> list[tuple[str, float | None]]:
    return [(step.name, step.seconds) for step in run.steps]


def _unaccounted(run: TrackedRun) -> list[str]:
    total, steps = run.seconds, _durations(run)
    if not total or not steps:
        return [f"the run took {total} s in {len(steps)} steps"]
    unended = [f"the step {name} has no duration" for name, duration in steps if duration is None]
    accounted = sum(duration or 0.0 for _, duration in steps)
    if abs(accounted - total) > _ROUNDING * (len(steps) + 1):
        return [*unended, f"the run took {total} s, its steps {accounted:.6f} s: {steps}"]
    return unended


DURATIONS: dict[str, Callable[[World, RunHandle], BaseMatcher[TrackedRun]]] = {
    "the steps add up to the run's duration": lambda world, run: accounts_for_its_duration(),
    "reading the price list took as long as the partner, and no other step did": lambda world, run: took_long_only_in(
        "read_prices", 1.0
    ),
    "the run took no longer than the customer waited": lambda world, run: took_less_than(waited_for(world, run)),
}
"""What the operator sees of a run's durations, by the words of the feature."""
