"""Situations that several sentences need: runs that wait, hang, crash, or fill every place to work."""

import time
import uuid
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from hamcrest import equal_to, has_entries
from hamcrest.core.matcher import Matcher

from support import agents
from support.checks.answers import equals_advice, equals_plan, equals_savings, equals_usage
from support.outcome import Outcome
from support.stack.apex import INSTANCES, WORKER_SLOTS
from support.stack.client import StackError
from support.story import Event
from support.users import User
from support.verdict import NotShown
from support.world import RunHandle, World

PLACES_TO_WORK = WORKER_SLOTS * sum(module == "apex.worker" for module in INSTANCES.values())
"""How many runs the platform carries out at once."""

TIME_LIMIT = 1.0
"""Seconds that a customer allows a run that is meant to hang."""

# Seconds in which a service that is ready says so.
_ONE_LOOK = 2.0

LARGE_DOCUMENT, ONE_READING = 200_000, 0.005
"""Characters of a document that is read again and again, and the seconds that the partner takes each time."""

ROUNDS = 8
"""How often a run is repeated whose processor time is judged: other work on the machine only ever adds to it."""

SIDE_BY_SIDE = 0.3
"""Seconds that the partner takes where calls are to overlap."""


def waiting_place(user: User) -> str:
    """A path at the partner that only this user's runs ask for."""
    return f"/{user.tenant.name}/{user.alias.replace(' ', '-').lower()}/waiting"


def waiting_run(world: World, user: User) -> RunHandle:
    """A run whose tool call has reached the partner, which does not answer."""
    path = waiting_place(user)
    before = len(world.partner.calls(path))
    world.partner.hold(path)
    run = world.running(user, agents.PROBE, input=agents.fetching(path))
    world.eventually(
        lambda: len(world.partner.calls(path)), lambda seen: seen > before, "run starts", "the call at the partner"
    )
    return run


def hanging_run(world: World, user: User) -> RunHandle:
    """A run with a time limit, whose tool call will never be answered."""
    path = waiting_place(user)
    world.partner.hold(path)
    return world.running(user, agents.PROBE, input=agents.fetching(path), time_limit_seconds=TIME_LIMIT)


def every_place_taken(world: World, user: User) -> list[RunHandle]:
    """As many runs as the platform carries out at once, all of them waiting for the partner."""
    return [waiting_run(world, user) for _ in range(PLACES_TO_WORK)]


def hanging_everywhere(world: World, user: User) -> list[RunHandle]:
    """One hanging run more than the platform carries out at once."""
    return [hanging_run(world, user) for _ in range(PLACES_TO_WORK + 1)]


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


def cancel_attempt(world: World, other: User, run: RunHandle) -> tuple[Outcome, Outcome]:
    """What somebody else is answered who cancels a run, and who cancels one that never existed."""
    return world.platform.cancel_run(other, run.run_id), world.platform.cancel_run(other, str(uuid.uuid4()))


def stored(world: World, run: RunHandle) -> dict[str, Any]:
    """The run as its owner reads it now."""
    body: dict[str, Any] = world.platform.run(run.user, run.run_id).require()
    return body


def seconds_since_asked(run: RunHandle) -> float:
    """Seconds since the customer asked for the run."""
    return time.monotonic() - run.asked_at


def expected_answer(world: World, run: RunHandle) -> Matcher[Any]:
    """What the run must answer, computed from what was planted for its owner.

    :raises NotShown: nothing was planted, or the suite does not know the agent's rules.
    """
    tenant = run.user.tenant
    savings = tenant.inventory.expected(world.prices()) if tenant.inventory else None
    match run.agent_name:
        case "cost_analysis" if savings:
            return equals_savings(savings)
        case "rightsizing_plan" if savings:
            return equals_plan(savings)
        case "advisor" if savings and tenant.usage:
            return equals_advice(savings, tenant.usage)
        case "usage_report" if tenant.usage:
            return equals_usage(tenant.usage)
    raise NotShown(f"the suite cannot compute the answer of {run.agent_name} for {tenant.alias}")


def expected_change(world: World) -> Matcher[Any]:
    """What the follow-up must say of the run before it: which one, its savings, and the difference."""
    earlier, later = (stored(world, run) for run in world.runs[-2:])
    before, after = (Decimal(run["answer"]["monthly_savings"]) for run in (earlier, later))
    previous = {"run_id": earlier["id"], "monthly_savings": str(before)}
    return has_entries(previous=equal_to(previous), change=equal_to(f"{after - before:+.2f}"))


def everything_shown_to(world: World, customer: User) -> list[Any]:
    """The answer of the customer's run, what came over its connection, and its stored runs as text."""
    run = world.run_of(customer)
    customer.watching.wait_for_end(run, within=world.budgets.limit("run ends"))
    return [stored(world, run)["answer"], customer.watching, world.platform.runs(customer)]


def overlapping_calls(events: Sequence[Event]) -> list[Event]:
    """The calls that had begun before any had ended."""
    first_end = next((at for at, event in enumerate(events) if event.type == "tool_completed"), len(events))
    return [event for event in events[:first_end] if event.type == "tool_executing"]


def hard_working_run(world: World, user: User) -> RunHandle:
    """A run whose tool reads a large document again and again and computes, until the scenario ends."""
    world.users.settle(user)
    path = waiting_place(user)
    world.partner.serve(path, "." * LARGE_DOCUMENT, ONE_READING)
    run = world.running(user, agents.PROBE, input=agents.reading_on(path))
    world.eventually(lambda: len(world.partner.calls(path)), lambda seen: seen > 1, "run starts", "the tool at work")
    return run


def usages(world: World, customer: User) -> list[dict[str, float]]:
    """What each of the customer's runs reports to have used, oldest first."""
    return [world.ended(run)["usage"] for run in world.runs if run.user is customer]


def unready(world: World) -> list[str]:
    """The services of the platform that do not say of themselves that they are ready, asked one by one.

    What the platform depends on is not asked: how quick the simulated cloud is says nothing of the platform.
    """
    found = []
    for name in INSTANCES:
        try:
            world.stack.wait_ready(name, _ONE_LOOK)
        except StackError as error:
            found.append(str(error))
    return found


def worker_of(world: World, run: RunHandle) -> str:
    """The service that carries the run out, as the operator sees it.

    :raises NotShown: no worker has the run.
    """
    worker = seen_by_operator(world, run)["worker"]
    if worker is None:
        raise NotShown(f"no worker has the run {run.run_id}")
    return str(worker)


def seen_by_operator(world: World, run: RunHandle) -> dict[str, Any]:
    """The run as the operator sees it.

    :raises AssertionError: the operator does not see it.
    """
    for seen in operators_view(world, run.user):
        if seen["id"] == run.run_id:
            return seen
    raise AssertionError(f"the operator does not see the run {run.run_id}")


def operators_view(world: World, customer: User) -> list[dict[str, Any]]:
    """A tenant's runs as the operator sees them, newest first."""
    seen = world.platform.operator_runs(world.users.operator, tenant_id=customer.tenant.id, limit=200)
    items: list[dict[str, Any]] = seen.require()["items"]
    return items
