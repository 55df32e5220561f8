"""A customer's servers as their own cloud account shows them, past the platform."""

from typing import TypedDict

from support.scenario.users import Tenant
from support.scenario.world import World


class CloudServer(TypedDict):
    """One server; ``state`` and ``type`` in the cloud's words."""

    id: str
    state: str
    type: str
    tags: dict[str, str]


Account = dict[str, CloudServer]
"""The servers of one account by id, in the order of their ids."""


def servers_of(world: World, tenant: Tenant) -> Account:
    """The tenant's servers, read in their cloud account."""
    with world.cloud.inside(tenant.role_arn) as account:
        reservations = account.ec2.describe_instances()["Reservations"]
    instances = [instance for reservation in reservations for instance in reservation["Instances"]]
    return {
        each["InstanceId"]: {
            "id": each["InstanceId"],
            "state": each["State"]["Name"],
            "type": each["InstanceType"],
            "tags": {tag["Key"]: tag["Value"] for tag in each.get("Tags", [])},
        }
        for each in sorted(instances, key=lambda instance: str(instance["InstanceId"]))
    }


def accounts(world: World) -> dict[str, Account]:
    """Every customer's servers, by the alias of the organisation."""
    return {tenant.alias: servers_of(world, tenant) for tenant in world.users.tenants}
