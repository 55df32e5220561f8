"""What a customer has before a scenario begins: servers in the cloud, and stored usage."""

from support.cloud.savings import Group, Inventory, UsageRecords, varied
from support.scenario.users import Tenant, User
from support.scenario.verdict import NotShown
from support.scenario.world import World


def own_cloud(world: World, tenant: Tenant, groups: list[Group] | None = None) -> None:
    """Give a tenant a cloud inventory (a varied one unless told) and make the account known to the platform.

    :raises NotShown: the platform refused the account.
    """
    owner = world.users.settle(world.users[tenant.alias])
    tenant.inventory = world.cloud.plant(tenant.role_arn, tenant.marker, varied() if groups is None else groups)
    cloud_account(world, owner)
    world.evidence.note("cloud inventory planted", tenant=tenant.name, instances=len(tenant.inventory.instances))


def cloud_account(world: World, owner: User) -> None:
    """Make the cloud account of a tenant known to the platform.

    :raises NotShown: the platform refused it.
    """
    tenant = owner.tenant
    world.cloud.admit(tenant.role_arn, tenant.id)
    world.platform.set_cloud_account(
        owner, account_id=tenant.account_id, role_arn=tenant.role_arn, region=tenant.region
    ).require()


def more_servers(world: World, tenant: Tenant, groups: list[Group]) -> None:
    """Add servers to a tenant's cloud inventory.

    :raises NotShown: the tenant has none yet.
    """
    if tenant.inventory is None:
        raise NotShown(f"{tenant.alias} has no servers that more could be added to")
    more = world.cloud.plant(tenant.role_arn, tenant.marker, groups)
    tenant.inventory = Inventory(tenant.inventory.instances + more.instances)


def more_usage(world: World, user: User) -> None:
    """Have anybody of a tenant store records beside those that are stored, of the same services and days.

    :raises NotShown: the platform refused them, or there are none yet.
    """
    if user.tenant.usage is None:
        raise NotShown(f"{user.tenant.alias} has no usage that more could be added to")
    more = UsageRecords.varied(user.tenant.marker)
    world.platform.store_usage(user, [record.wire() for record in more.records]).require()
    user.tenant.usage = UsageRecords(user.tenant.usage.records + more.records)


def usage(world: World, tenant: Tenant, records: UsageRecords | None = None) -> None:
    """Store usage records of a tenant (varied ones unless told).

    :raises NotShown: the platform refused them.
    """
    owner = world.users.settle(world.users[tenant.alias])
    tenant.usage = records or UsageRecords.varied(tenant.marker)
    world.platform.store_usage(owner, [record.wire() for record in tenant.usage.records]).require()
    world.shown_markers.add(tenant.marker)
    world.evidence.note("usage stored", tenant=tenant.name, records=len(tenant.usage.records))
