"""Work that customers' agents do with tools, alone and at once, and what must have come of it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from support.cloud import servers
from support.cloud.servers import Assignment, Server, Task
from support.scenario import agents
from support.scenario.agents import Script
from support.scenario.users import User
from support.scenario.verdict import NotShown
from support.scenario.world import World
from support.tool_dispatcher.tool_calls import events_of_last_run, results

ASSIGNMENTS = "what was to be done"


def has_done(world: World, customer: User, task: Task, count: int) -> None:
    """An agent of the customer does something to so many of their servers."""
    assignment = servers.assign(world, customer, task, count)
    world.facts[ASSIGNMENTS] = {customer.alias: assignment}
    calls = task.calls(customer.tenant, assignment.chosen)
    world.ended(world.running(customer, agents.PROBE, input=agents.calling(*calls)))


def have_done_at_once(world: World, customers: Sequence[User], task: Task, count: int) -> None:
    """Agents of all the customers do something to so many of their servers, at the same moment."""
    assignments = {each.alias: servers.assign(world, each, task, count) for each in customers}
    world.facts[ASSIGNMENTS] = assignments
    at_once(world, customers, lambda each: task.calls(each.tenant, assignments[each.alias].chosen))


def have_listed_at_once(world: World, customers: Sequence[User]) -> None:
    """Agents of all the customers list their servers, at the same moment."""
    at_once(world, customers, lambda each: [agents.call("list_instances")])


def at_once(world: World, customers: Sequence[User], calls: Callable[[User], Sequence[Script]]) -> None:
    """Agents of all the customers make their calls; the cloud answers none of them before each has asked it.

    :raises NotShown: they were not at work at the same time.
    """
    world.faults.silence("cloud")
    # Now whoever has a connection to the cloud waits for its answer.
    world.faults.reset_connections("cloud")
    runs = [world.running(customer, agents.PROBE, input=agents.calling(*calls(customer))) for customer in customers]
    world.try_to_see(
        lambda: world.faults.open_connections("cloud") >= len(customers), "run starts", "the calls at the cloud"
    )
    world.faults.heal("cloud")
    for run in runs:
        world.ended(run)
    times = [_at_work(world, customer) for customer in customers]
    if max(begun for begun, _ in times) >= min(ended for _, ended in times):
        raise NotShown(f"one call had ended before another began: {times}")


def _at_work(world: World, customer: User) -> tuple[float, float]:
    """When the calls of the customer's last run began, and when they had ended (Unix seconds), as shown to them."""
    events = events_of_last_run(world, customer)
    moments = [event.happened_at.timestamp() for event in events if event.call_id and event.happened_at]
    if len(moments) < 2:
        raise NotShown(f"{customer} was not shown a call from its beginning to its end")
    return min(moments), max(moments)


def reach_out(world: World, customer: User, other: User) -> None:
    """An agent tries to stop a server of somebody else, and then one of its own customer's."""
    theirs, own = (servers.assign(world, user, Task.STOP, 1) for user in (other, customer))
    world.facts[ASSIGNMENTS] = {other.alias: theirs, customer.alias: own}
    calls = [agents.call("stop_instances", resource_ids=list(each.chosen)) for each in (theirs, own)]
    world.ended(world.running(customer, agents.PROBE, input=agents.trying(*calls)))


def read_a_price(world: World, customer: User) -> None:
    """An agent reads what one type of servers costs."""
    call = agents.call("read_prices", instance_types=[servers.OTHER_TYPE])
    world.ended(world.running(customer, agents.PROBE, input=agents.calling(call)))


def price_due(world: World) -> dict[str, Any]:
    """What it must be told: what the partner lists for that type."""
    return {"currency": "USD", "prices": {servers.OTHER_TYPE: str(world.prices().prices[servers.OTHER_TYPE])}}


def assignments(world: World) -> list[Assignment]:
    """What was to be done, for each customer."""
    return list(world.recall(ASSIGNMENTS, dict).values())


def result_due(world: World, assignment: Assignment) -> list[dict[str, Any]]:
    """What the results must tell: the chosen servers as the cloud account shows them now."""
    now = servers.servers_of(world, assignment.customer.tenant)
    return assignment.task.told_of([now[id] for id in assignment.chosen])


def in_order(told: Sequence[Any]) -> list[Any]:
    """Results with their servers in the order of the ids: no tool promises another one."""
    return [
        {**each, "instances": sorted(each["instances"], key=lambda server: str(server["resource_id"]))}
        if isinstance(each, Mapping) and "instances" in each
        else each
        for each in told
    ]


def listed(world: World, customer: User) -> list[str]:
    """The ids of the servers in the lists that the customer's last run was given."""
    lists = [each.get("instances", []) for each in results(world, customer) if isinstance(each, Mapping)]
    return sorted(server["resource_id"] for some in lists for server in some)


def owned(world: World, customer: User) -> list[str]:
    """The ids of the servers in the customer's own cloud account."""
    return sorted(servers.servers_of(world, customer.tenant))


def as_they_are(world: World, assignment: Assignment) -> dict[str, Server]:
    """The servers of an assignment's customer as their cloud account shows them now."""
    return servers.servers_of(world, assignment.customer.tenant)
