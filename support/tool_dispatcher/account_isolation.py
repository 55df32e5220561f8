"""Agents of several customers that work in the cloud at the same time, or reach for another customer's servers."""

import secrets
from collections.abc import Sequence
from typing import Any

from support.cloud.servers import accounts, servers_of
from support.platform.components import Component
from support.scenario import agents, planting
from support.scenario.assets import Asset, idle_servers
from support.scenario.partner import own_path
from support.scenario.users import User
from support.scenario.verdict import NotShown
from support.scenario.work import Work, probe
from support.scenario.world import RunHandle, World
from support.tool_dispatcher import tool_execution
from support.tool_dispatcher.server_tasks import ServerTask, TaskRequests
from support.tool_dispatcher.tool_calls import events_of_last_run, results
from support.tool_dispatcher.tool_execution import ServerWork


def run_at_the_same_moment(world: World, customers: Sequence[User], work: ServerWork) -> None:
    """Run an agent of each customer to its end; the cloud answers none of them before each has called it.

    :raises NotShown: the calls did not overlap.
    """
    requests = [work.requested(world, customer) for customer in customers]
    with world.faults.holding(Component.CLOUD) as waiting:
        runs = [tool_execution.start(world, request) for request in requests]
        world.try_to_see(lambda: waiting() >= len(customers), "run starts", "the calls at the cloud")
    for run in runs:
        world.ended(run)
    times = [_start_and_end(world, customer) for customer in customers]
    if max(start for start, _ in times) >= min(end for _, end in times):
        raise NotShown(f"one call had ended before another started: {times}")


def _start_and_end(world: World, customer: User) -> tuple[float, float]:
    """When the calls of the customer's last run started and had ended (Unix seconds), by the events."""
    events = events_of_last_run(world, customer)
    moments = [event.moment for event in events if event.call_id and event.moment]
    if len(moments) < 2:
        raise NotShown(f"{customer} has not received the start and the end of a call")
    return min(moments), max(moments)


def _stop_across_accounts(world: World, customer: User) -> RunHandle | None:
    """Have an agent try to stop a server of the other customer, then one of its own customer's."""
    (other,) = (user for user in world.users.customers if user is not customer)
    foreign = next(iter(servers_of(world, other.tenant)), None)
    if foreign is None:
        raise NotShown(f"{other} has no server")
    own = ServerWork(ServerTask.STOP, 1).requested(world, customer)
    calls = [*ServerTask.STOP.calls(customer.tenant, [foreign]), *own.calls()]
    return world.start_run(customer, agents.PROBE, input=agents.trying(*calls))


def outcome_across_accounts(world: World, customer: User) -> dict[str, Any]:
    """The customer's own servers, and the results of the calls: that for the other customer's server first."""
    return {
        "servers": servers_of(world, customer.tenant),
        "results": tool_execution.in_order(results(world, customer)),
    }


def expected_across_accounts(world: World, customer: User) -> dict[str, Any]:
    """What ``outcome_across_accounts`` must be: the own server stopped and reported, no result for the other's."""
    requests = world.kept(TaskRequests)
    (own,), servers = requests.made, requests.expected()[customer.tenant.alias]
    return {"servers": servers, "results": [None, *own.results(servers)]}


def _move_to_another_account(world: World, owner: User) -> None:
    """The owner names another cloud account, with servers of its own; what was asked of the one before is over."""
    tenant = owner.tenant
    tenant.account_id = f"{secrets.randbelow(10**12):012d}"
    idle_servers(4)(world, owner)
    world.keep(TaskRequests(accounts(world)))


def _account_that_admits_nobody(world: World, owner: User) -> None:
    """The owner names an account whose role does not trust the platform."""
    planting.cloud_account(world, owner)
    world.cloud.admit(owner.tenant.role_arn, secrets.token_hex(8))


def _account_of_the_other(world: World, owner: User) -> None:
    """The owner names the account of the other customer, whose role trusts the platform on that customer's behalf."""
    (other,) = (user for user in world.users.customers if user is not owner and user.known)
    account, role = other.tenant.account_id, other.tenant.role_arn
    world.platform.set_cloud_account(owner, account_id=account, role_arn=role, region=other.tenant.region).require()


def stop_beside(world: World, customer: User, other: User) -> None:
    """The customer cancels a run whose call the partner has not answered, while the same tool works for the other."""
    world.platform.cancel_run(customer, world.run_of(customer).run_id).require()
    world.ended(world.run_of(customer))
    world.partner.release(own_path(other))


ASSETS: dict[str, Asset] = {
    "another cloud account with four idle servers": _move_to_another_account,
    "a cloud account that does not admit the platform": _account_that_admits_nobody,
    "another customer's cloud account named as their own": _account_of_the_other,
}
WORK: dict[str, Work] = {
    "an agent that stops a server of the other customer and one of its own": _stop_across_accounts,
    "an agent that tries to list servers": probe(agents.trying(agents.call(ServerTask.LIST.tool))),
}
NOT_ADMITTED = [{"result": None, "error": "tool_failed"}]
"""What an agent receives that tries to list the servers of an account that does not admit it."""


def tried(world: World, customer: User) -> list[dict[str, Any]]:
    """What the calls of the customer's last run have given: a result, or the code of an error."""
    run = world.ended(world.run_of(customer))
    return [
        {"result": each.get("result"), "error": (each.get("error") or {}).get("code")}
        for each in run.part("results") or []
    ]
