"""What agents must answer, by what was planted, and all that shows what they answered."""

from typing import Any

from hamcrest import all_of, equal_to, has_entries
from hamcrest.core.matcher import Matcher

from support.cloud.savings import Inventory
from support.matchers.answers import equals_advice, equals_plan, equals_savings, equals_usage
from support.scenario.planting import SMALLER
from support.scenario.users import User
from support.scenario.verdict import NotShown
from support.scenario.world import RunHandle, World


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


def expected_before_and_after(world: World) -> tuple[Matcher[Any], Matcher[Any]]:
    """What a run and its follow-up must answer, computed from what was planted before the one and before the other.

    The follow-up also says of the run before it which one it was, its savings, and the difference.

    :raises NotShown: nothing was planted in between.
    """
    earlier, later = world.runs[-2:]
    before = world.recall(SMALLER, Inventory).expected(world.prices())
    grown = later.user.tenant.inventory
    if grown is None:
        raise NotShown(f"{later.user.tenant.alias} has no servers")
    after = grown.expected(world.prices())
    previous = {"run_id": earlier.run_id, "monthly_savings": str(before.monthly_savings)}
    change = f"{after.monthly_savings - before.monthly_savings:+.2f}"
    told = has_entries(previous=equal_to(previous), change=equal_to(change))
    return equals_savings(before), all_of(equals_savings(after), told)


def everything_shown_to(world: World, customer: User) -> list[Any]:
    """The answer of the customer's run, what came over its connection, and its stored runs as text."""
    run = world.run_of(customer)
    customer.watching.wait_for_end(run, within=world.budgets.limit("run ends"))
    return [world.stored(run)["answer"], customer.watching, world.platform.runs(customer)]
