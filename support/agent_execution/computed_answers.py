"""What agents must answer, computed from what was planted for their customers."""

from typing import Any

from hamcrest.core.matcher import Matcher

from support.matchers.answers import equals_advice, equals_plan, equals_savings, equals_usage
from support.scenario import work
from support.scenario.agents import Agent
from support.scenario.partner import PRICES
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


def every_agent(world: World, user: User) -> RunHandle:
    """A run of each of the platform's own agents, one after the other; gives the last."""
    for agent in Agent:
        work.done(world, user, work.of(agent.wire))
    return world.last_run


def waiting_for_prices(world: World, user: User) -> RunHandle | None:
    """A cost analysis that has to wait for the partner's price list, until the scenario ends."""
    world.partner.hold(PRICES)
    return world.start_run(user, Agent.COST_ANALYSIS.wire)
