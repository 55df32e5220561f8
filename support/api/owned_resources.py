"""The resources of customers: one of each, made through the API, and all of them as the database holds them."""

from collections.abc import Mapping
from dataclasses import dataclass

from psycopg import sql

from support.scenario import planting
from support.scenario.users import Role, Tenant, User
from support.scenario.world import RunHandle, World
from support.stores import opened

_TABLES = """
select table_name from information_schema.columns
where table_schema = 'public' and column_name = 'tenant_id' and table_name <> 'outbox' order by 1
"""
_ALLOWANCE = "1000.00"
# Named in a path, and owned by nobody.
_TOOL = "read_prices"
_DIGEST = "select {name}, count(*)::text || ' ' || coalesce(md5(string_agg(t::text, '|' order by t::text)), '')"


@dataclass(frozen=True, slots=True)
class OwnedResources:
    """One of each resource that a customer can own; ``ids`` by the name of the path parameter."""

    owner: User
    ids: dict[str, str]
    run: RunHandle | None = None

    @property
    def run_id(self) -> str:
        """The id of the run."""
        return self.run.run_id if self.run else ""

    @property
    def signs(self) -> frozenset[str]:
        """Text that responses show for these resources, and for nobody else's."""
        theirs = frozenset(self.ids.values()) - {_TOOL}
        tenant = self.owner.tenant
        return theirs | {self.owner.id, tenant.id, tenant.marker, tenant.account_id, _ALLOWANCE}


@dataclass(frozen=True, slots=True)
class StoredData:
    """The number and digest of a customer's rows, by table, before something was tried."""

    digests: Mapping[str, str]


def one_of_each(world: World, owner: User) -> None:
    """Give the customer threads with a message, a run that has ended, a cloud account, usage, an allowance with a
    budget and an expense, and a colleague; kept as :class:`OwnedResources`.

    :raises NotShown: the platform refused one of them.
    """
    planting.usage(world, owner.tenant)
    tenant, platform = owner.tenant, world.platform
    planting.cloud_account(world, owner)
    thread = platform.create_thread(owner, f"Plans of {tenant.marker}").require().id
    platform.post_message(owner, thread, f"How much for {tenant.marker}?").require()
    run = world.running(owner, "usage_report", thread_id=thread)
    other_thread = platform.create_thread(owner, f"More plans of {tenant.marker}").require().id
    platform.set_allowance(owner, _ALLOWANCE).require()
    platform.book_expense(owner, "12.50", f"Training for {tenant.marker}").require()
    budget = platform.allot(owner, f"Team of {tenant.marker}", "100.00").require().id
    colleague = world.users.settle(world.users[f"Cleo of {owner.alias}"], role=Role.VIEWER)
    # It was running all the while.
    world.ended(run)
    ids = named(
        world,
        thread=thread,
        other_thread=other_thread,
        run=run.run_id,
        member=colleague.id,
        budget=budget,
        tool=_TOOL,
    )
    world.keep(OwnedResources(owner, ids, run))


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
    """The ids of resources by the parameters of the API that name them."""
    return {world.target.endpoints.resources[resource]: id for resource, id in ids.items()}


def remember_stored(world: World, tenant: Tenant) -> None:
    """Keep what is stored of the tenant, to compare it later."""
    world.keep(StoredData(stored_of(world, tenant)))


def stored_of(world: World, tenant: Tenant) -> dict[str, str]:
    """Number and digest of the tenant's rows, by table; without the outbox, which only passes them on."""
    with opened.as_observer(world) as connection:
        parts = [
            sql.SQL(_DIGEST + " from {table} t where tenant_id = {tenant}").format(
                name=sql.Literal(name), table=sql.Identifier(name), tenant=sql.Literal(tenant.id)
            )
            for (name,) in connection.execute(_TABLES)
        ]
        return dict(connection.execute(sql.SQL(" union all ").join(parts)).fetchall())
