"""A customer's servers as their own cloud account shows them, and what agents are to do with them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from support.scenario import agents
from support.scenario.agents import Script
from support.scenario.users import Tenant, User
from support.scenario.verdict import NotShown
from support.scenario.world import World

LABEL = "purpose"


@dataclass(frozen=True, slots=True)
class Server:
    """One server; ``state`` and ``type`` in the cloud's words."""

    id: str
    state: str
    type: str
    tags: dict[str, str] = field(default_factory=dict)


class Task(Enum):
    """What an agent is to do with servers; the value is what a feature calls it."""

    LABEL = "label"
    STOP = "stop"
    RESIZE = "resize"

    def calls(self, tenant: Tenant, ids: Sequence[str]) -> list[Script]:
        """The calls of tools that do it."""
        match self:
            case Task.LABEL:
                return [agents.call("tag_instances", resource_ids=list(ids), key=LABEL, value=label_of(tenant))]
            case Task.STOP:
                return [agents.call("stop_instances", resource_ids=list(ids))]
            case Task.RESIZE:
                return [agents.call("resize_instance", resource_id=id, instance_type=OTHER_TYPE) for id in ids]

    def done_to(self, server: Server, tenant: Tenant) -> Server:
        """The server once it was done."""
        match self:
            case Task.LABEL:
                return replace(server, tags={**server.tags, LABEL: label_of(tenant)})
            case Task.STOP:
                return replace(server, state="stopped")
            case Task.RESIZE:
                return replace(server, type=OTHER_TYPE)

    def told_of(self, servers: Sequence[Server]) -> list[dict[str, Any]]:
        """What the results must tell of servers to which it was done."""
        match self:
            case Task.LABEL:
                return [{"instances": [{"resource_id": each.id, "tags": each.tags} for each in servers]}]
            case Task.STOP:
                return [{"instances": [{"resource_id": each.id, "state": each.state} for each in servers]}]
            case Task.RESIZE:
                return [{"resource_id": each.id, "instance_type": each.type, "state": each.state} for each in servers]


OTHER_TYPE = "t3.large"
"""A type that none of the servers has at first."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """What was to be done to which servers, and how all of the customer's servers were before."""

    customer: User
    task: Task
    chosen: tuple[str, ...]
    before: dict[str, Server]

    def after(self) -> dict[str, Server]:
        """How all of the customer's servers must be when it was done to the chosen ones and to no others."""
        tenant = self.customer.tenant
        return {
            id: self.task.done_to(server, tenant) if id in self.chosen else server for id, server in self.before.items()
        }


def label_of(tenant: Tenant) -> str:
    """The label that a tenant's agents put on servers; it carries the tenant's marker."""
    return f"batch of {tenant.marker}"


def servers_of(world: World, tenant: Tenant) -> dict[str, Server]:
    """The tenant's servers by id, asked for in their cloud account past the platform."""
    with world.cloud.inside(tenant.role_arn) as account:
        reservations = account.ec2.describe_instances()["Reservations"]
    return {
        each["InstanceId"]: Server(
            each["InstanceId"],
            each["State"]["Name"],
            each["InstanceType"],
            {tag["Key"]: tag["Value"] for tag in each.get("Tags", [])},
        )
        for reservation in reservations
        for each in reservation["Instances"]
    }


def assign(world: World, customer: User, task: Task, count: int) -> Assignment:
    """What an agent of the customer is to do to that many of their servers.

    :raises NotShown: there are not that many.
    """
    before = servers_of(world, customer.tenant)
    if len(before) < count:
        raise NotShown(f"{customer} has {len(before)} servers, {count} are needed")
    return Assignment(customer, task, tuple(sorted(before)[:count]), before)
