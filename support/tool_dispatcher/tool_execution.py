"""Agents that act on servers or read a price: what was requested, what is observed, what is expected."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from support.cloud import servers
from support.scenario import agents, planting
from support.scenario.assets import Asset
from support.scenario.users import User
from support.scenario.verdict import NotShown
from support.scenario.work import Work, probe
from support.scenario.world import RunHandle, World
from support.tool_dispatcher.server_tasks import LARGER_TYPE, ServerTask, TaskRequest, TaskRequests
from support.tool_dispatcher.tool_calls import results

_OTHER_REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class ServerWork:
    """An agent's work with ``count`` of its customer's servers; None: all of them."""

    task: ServerTask
    count: int | None = None

    def __call__(self, world: World, customer: User) -> RunHandle | None:
        return start(world, self.requested(world, customer))

    def requested(self, world: World, customer: User) -> TaskRequest:
        """The request to the customer's agent, kept for the steps that judge its result.

        :raises NotShown: the customer has too few servers.
        """
        requests = requests_so_far(world)
        own = list(requests.before[customer.tenant.alias])
        if len(own) < (self.count or 1):
            raise NotShown(f"{customer} has {len(own)} servers, {self.count or 1} are needed")
        request = TaskRequest(customer, self.task, tuple(own[: self.count]))
        world.keep(TaskRequests(requests.before, (*requests.made, request)))
        return request


def start(world: World, request: TaskRequest) -> RunHandle | None:
    """Start an agent that carries a request out."""
    return world.start_run(request.customer, agents.PROBE, input=agents.calling(*request.calls()))


def requests_so_far(world: World) -> TaskRequests:
    """The requests that the scenario has made; before the first, just every customer's servers."""
    return world.kept_or(TaskRequests, lambda: TaskRequests(servers.accounts(world)))


def reported(world: World) -> dict[str, list[Any]]:
    """The results of the requested calls, by the customer's alias; servers in the order of their ids."""
    made = world.kept(TaskRequests).made
    return {each.customer.alias: in_order(results(world, each.customer, each.task.tool)) for each in made}


def expected_reports(world: World) -> dict[str, list[Any]]:
    """What ``reported`` must be: the requested servers as each customer's own cloud account shows them now.

    :raises NotShown: no agent was asked for anything.
    """
    made = world.kept(TaskRequests).made
    if not made:
        raise NotShown("no agent was asked to do anything with servers")
    return {each.customer.alias: each.results(servers.servers_of(world, each.customer.tenant)) for each in made}


def in_order(found: Sequence[Any]) -> list[Any]:
    """Results with their servers in the order of the ids: tools promise no order."""
    return [
        {**each, "instances": sorted(each["instances"], key=lambda server: str(server["resource_id"]))}
        if isinstance(each, Mapping) and "instances" in each
        else each
        for each in found
    ]


def expected_price(world: World, customer: User) -> dict[str, Any]:
    """The result of reading the price of a larger server: that of the partner's list for the customer's region."""
    prices = world.prices(customer.tenant.region).prices
    return {"currency": "USD", "prices": {LARGER_TYPE: str(prices[LARGER_TYPE])}}


def _account_in_another_region(world: World, owner: User) -> None:
    owner.tenant.region = _OTHER_REGION
    planting.cloud_account(world, owner)


ASSETS: dict[str, Asset] = {"a cloud account in another region": _account_in_another_region}


SERVER_WORK: dict[str, ServerWork] = {
    "an agent that lists servers": ServerWork(ServerTask.LIST),
    "an agent that labels two servers": ServerWork(ServerTask.LABEL, 2),
    "an agent that labels two servers without a value": ServerWork(ServerTask.MARK, 2),
    "an agent that labels every server": ServerWork(ServerTask.LABEL),
    "an agent that stops two servers": ServerWork(ServerTask.STOP, 2),
    "an agent that stops every server": ServerWork(ServerTask.STOP),
    "an agent that resizes a server": ServerWork(ServerTask.RESIZE, 1),
}
WORK: dict[str, Work] = {
    **SERVER_WORK,
    "an agent that reads the price of a larger server": probe(
        agents.calling(agents.call("read_prices", instance_types=[LARGER_TYPE]))
    ),
}
