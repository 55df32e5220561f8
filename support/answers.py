"""What agents must answer, by what was planted, and all that shows what they answered."""

from decimal import Decimal
from typing import Any

from hamcrest import equal_to, has_entries
from hamcrest.core.matcher import Matcher

from support.checks.answers import equals_advice, equals_plan, equals_savings, equals_usage
from support.users import User
from support.verdict import NotShown
from support.world import RunHandle, World


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
    earlier, later = (world.stored(run) for run in world.runs[-2:])
    before, after = (Decimal(run["answer"]["monthly_savings"]) for run in (earlier, later))
    previous = {"run_id": earlier["id"], "monthly_savings": str(before)}
    return has_entries(previous=equal_to(previous), change=equal_to(f"{after - before:+.2f}"))


def everything_shown_to(world: World, customer: User) -> list[Any]:
    """The answer of the customer's run, what came over its connection, and its stored runs as text."""
    run = world.run_of(customer)
    customer.watching.wait_for_end(run, within=world.budgets.limit("run ends"))
    return [world.stored(run)["answer"], customer.watching, world.platform.runs(customer)]
