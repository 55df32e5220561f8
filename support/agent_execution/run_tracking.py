"""Runs as the operator sees them."""

from typing import Any

from support.scenario import agents
from support.scenario.held_runs import hanging_run, waiting_run
from support.scenario.users import User
from support.scenario.verdict import NotShown
from support.scenario.world import RunHandle, World


def ended_in_every_way(world: World, user: User) -> None:
    """One run that completed, one that failed, one that timed out and one that was cancelled."""
    completed = world.running(user, "usage_report")
    failed = world.running(user, agents.PROBE, input=agents.crashing())
    timed_out = hanging_run(world, user)
    cancelled = waiting_run(world, user)
    world.platform.cancel_run(user, cancelled.run_id).require()
    ends = {"completed": completed, "failed": failed, "timed_out": timed_out, "cancelled": cancelled}
    for run in ends.values():
        world.ended(run)
    world.facts["states"] = {run.run_id: state for state, run in ends.items()}


def runs_of(world: World, customer: User) -> list[dict[str, Any]]:
    """A tenant's runs as the operator sees them, newest first."""
    seen = world.platform.operator_runs(world.users.operator, tenant_id=customer.tenant.id, limit=200)
    items: list[dict[str, Any]] = seen.require()["items"]
    return items


def run_seen(world: World, run: RunHandle) -> dict[str, Any]:
    """The run as the operator sees it.

    :raises AssertionError: the operator does not see it.
    """
    for seen in runs_of(world, run.user):
        if seen["id"] == run.run_id:
            return seen
    raise AssertionError(f"the operator does not see the run {run.run_id}")


def worker_of(world: World, run: RunHandle) -> str:
    """The service that carries the run out, as the operator sees it.

    :raises NotShown: no worker has the run.
    """
    worker = run_seen(world, run)["worker"]
    if worker is None:
        raise NotShown(f"no worker has the run {run.run_id}")
    return str(worker)
