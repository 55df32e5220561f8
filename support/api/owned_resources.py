"""The resources of customers: one of each, made through the API, and all of them as the database holds them."""

from collections.abc import Mapping
from dataclasses import dataclass

from psycopg import sql

from support.platform.capabilities import Capability
from support.scenario import planting
from support.scenario.users import Role, Tenant, User
from support.scenario.world import RunHandle, World
from support.stores import opened, postgres

_ALLOWANCE = "1000.00"
# Named in a path, and owned by nobody.
_TOOL = "read_prices"
_PASSES_ON = "outbox"
_DIGEST = "select {name}, count(*)::text || ' ' || coalesce(md5(string_agg(t::text, '|' order by t::text)), '')"


@dataclass(frozen=True, slots=True)
class OwnedResources:
    """One of each resource that a customer can own; ``ids`` by the name of the path parameter.

    What is named by an ``unlisted`` one stands in no list.
    """

    owner: User
    ids: dict[str, str]
    run: RunHandle | None = None
    unlisted: frozenset[str] = frozenset()
    has_allowance: bool = True

    @property
    def run_id(self) -> str:
        """The id of the run."""
        return self.run.run_id if self.run else ""

    @property
    def signs(self) -> frozenset[str]:
        """Text that responses show for these resources, and for nobody else's."""
        theirs = frozenset(id for name, id in self.ids.items() if name not in self.unlisted)
        tenant = self.owner.tenant
        allowance = {_ALLOWANCE} if self.has_allowance else set()
        return theirs | allowance | {self.owner.id, tenant.id, tenant.marker, tenant.account_id}


@dataclass(frozen=True, slots=True)
class StoredData:
    """The number and digest of a customer's rows, by table, before something was tried."""

    digests: Mapping[str, str]


def one_of_each(world: World, owner: User) -> None:
    """Give the customer threads with a message, a run that has ended, usage, and what else the platform has of a cloud
    account, an allowance with a budget and an expense, and a colleague; kept as :class:`OwnedResources`.

    :raises NotShown: the platform refused one of them.
    """
    planting.usage(world, owner.tenant)
    tenant, platform, can = owner.tenant, world.platform, world.target.capabilities
    if Capability.CLOUD_ACCOUNTS in can:
        planting.cloud_account(world, owner)
    thread = platform.create_thread(owner, f"Plans of {tenant.marker}").require().id
    if Capability.MESSAGES in can:
        platform.post_message(owner, thread, f"How much for {tenant.marker}?").require()
    run = world.running(owner, "usage_report", thread_id=thread)
    ids = {"thread": thread, "run": run.run_id, "tool": _TOOL}
    ids["other_thread"] = platform.create_thread(owner, f"More plans of {tenant.marker}").require().id
    if Capability.ALLOWANCES in can:
        platform.set_allowance(owner, _ALLOWANCE).require()
        platform.book_expense(owner, "12.50", f"Training for {tenant.marker}").require()
        ids["budget"] = platform.allot(owner, f"Team of {tenant.marker}", "100.00").require().id
    if Capability.COLLEAGUES in can:
        ids["member"] = world.users.settle(world.users[f"Cleo of {owner.alias}"], role=Role.VIEWER).id
    # It was running all the while.
    world.ended(run)
    if Capability.ENDPOINT_RULES in can:
        ids |= platform.further_resources(owner, thread, f"Notes of {tenant.marker}")
    unlisted = world.target.endpoints.groups["unlisted"]
    world.keep(OwnedResources(owner, named(world, **ids), run, unlisted, Capability.ALLOWANCES in can))


def of_person(world: World, person: User, removable: User) -> OwnedResources:
    """Give somebody threads, a budget of their organisation and, where their role allows it, a run that has ended.

    :param removable: the colleague whom the person can try to remove.
    :raises NotShown: the platform refused one of them.
    """
    ids = {"member": removable.id, "tool": _TOOL}
    for name, title in (("thread", "Thoughts"), ("other_thread", "More thoughts")):
        ids[name] = world.platform.create_thread(person, f"{title} of {person.tenant.marker}").require().id
    owner = world.users[person.tenant.alias]
    world.platform.set_allowance(owner, _ALLOWANCE).require()
    ids["budget"] = world.platform.allot(owner, f"Team of {person.tenant.marker}", "10.00").require().id
    if person.role != Role.VIEWER.value:
        run = world.running(person, "usage_report", thread_id=ids["thread"])
        world.ended(run)
        ids["run"] = run.run_id
    return OwnedResources(person, named(world, **ids))


def named(world: World, **ids: str) -> dict[str, str]:
    """The ids of resources by the parameters of the API that name them, of those that it has."""
    parameters = world.target.endpoints.resources
    return {parameters[resource]: id for resource, id in ids.items() if resource in parameters}


def remember_stored(world: World, tenant: Tenant) -> None:
    """Keep what is stored of the tenant, to compare it later."""
    world.keep(StoredData(stored_of(world, tenant)))


def stored_of(world: World, tenant: Tenant) -> dict[str, str]:
    """Number and digest of the tenant's rows, by table; without the outbox, which only passes them on."""
    ownership = world.target.ownership
    assert ownership is not None, "whoever can look into the database knows whose its rows are"
    with opened.as_observer(world) as connection:
        parts = [
            sql.SQL(_DIGEST + " from {table} t where {owner}::text = {tenant}").format(
                name=sql.Literal(each.name), table=each.table, owner=each.owner, tenant=sql.Literal(tenant.id)
            )
            for each in postgres.tables(connection, ownership)
            if each.owner is not None and each.name != _PASSES_ON
        ]
        return dict(connection.execute(sql.SQL(" union all ").join(parts)).fetchall())
