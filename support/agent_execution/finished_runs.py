"""Finished runs, read again later, and the runs that build on them."""

from dataclasses import dataclass
from typing import Any

from hamcrest import all_of, equal_to, has_entries
from hamcrest.core.matcher import Matcher

from support.cloud.savings import Inventory, idle
from support.matchers.answers import equals_savings
from support.platform.runs import Run
from support.scenario import agents, planting
from support.scenario.agents import Agent
from support.scenario.partner import own_path
from support.scenario.users import User
from support.scenario.verdict import NotShown
from support.scenario.world import RunHandle, World


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A finished run as its owner read it before the backend crashed, or in the session before."""

    run: Run


@dataclass(frozen=True, slots=True)
class SmallerInventory:
    """A customer's servers before there was one more."""

    inventory: Inventory


def one_more_idle_server(world: World, user: User) -> None:
    """Add a server that nobody uses.

    :raises NotShown: the customer has no servers yet.
    """
    if user.tenant.inventory is None:
        raise NotShown(f"{user} has no servers that one could be added to")
    world.keep(SmallerInventory(user.tenant.inventory))
    planting.more_servers(world, user.tenant, [idle(1)])


def sixty_more_messages(world: World, user: User) -> None:
    """The user writes more into the thread of their last run than an agent is given to read (the newest fifty)."""
    for number in range(60):
        world.platform.post_message(user, str(world.run_of(user).thread_id), f"Note {number}").require()


def follow_up(world: World, user: User) -> RunHandle | None:
    """A cost analysis in the thread of the user's last run."""
    return world.start_run(user, Agent.COST_ANALYSIS.wire, thread_id=world.run_of(user).thread_id)


def reports_in_same_conversation(world: World, user: User) -> RunHandle:
    """As many usage reports as the platform carries out at once, in the thread of the user's last run."""
    return _everywhere(world, user, Agent.USAGE_REPORT.wire)


def questions_in_same_conversation(world: World, user: User) -> RunHandle:
    """As many runs with a tool call as the platform carries out at once, in the thread of the user's last run."""
    path = f"{own_path(user)}-later"
    world.partner.serve(path, {"answer": "nothing new"})
    return _everywhere(world, user, agents.PROBE, input=agents.script({"fetch": path}))


def _everywhere(world: World, user: User, agent: str, **request: Any) -> RunHandle:
    thread, count = world.run_of(user).thread_id, world.target.limits["runs_at_once"]
    return [world.running(user, agent, thread_id=thread, **request) for _ in range(count)][-1]


def expected_before_and_after(world: World, later: RunHandle, earlier: RunHandle) -> tuple[Matcher[Any], Matcher[Any]]:
    """What a run and its follow-up must answer, computed from the servers of the one and of the other.

    The follow-up also names the run before it, its savings, and the difference.

    :raises NotShown: no server was added in between.
    """
    before = world.kept(SmallerInventory).inventory.expected(world.prices())
    grown = later.user.tenant.inventory
    if grown is None:
        raise NotShown(f"{later.user} has no servers")
    after = grown.expected(world.prices())
    previous = {"run_id": earlier.run_id, "monthly_savings": str(before.monthly_savings)}
    change = f"{after.monthly_savings - before.monthly_savings:+.2f}"
    comparison = has_entries(previous=equal_to(previous), change=equal_to(change))
    return equals_savings(before), all_of(equals_savings(after), comparison)
