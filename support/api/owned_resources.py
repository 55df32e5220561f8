"""What customers own: one of everything through the platform, and all of it as the database holds it."""

from dataclasses import dataclass

import psycopg
from psycopg import sql

from support.scenario import planting
from support.scenario.users import Role, Tenant, User
from support.scenario.world import World

_TABLES = """
select table_name from information_schema.columns
where table_schema = 'public' and column_name = 'tenant_id' and table_name <> 'outbox' order by 1
"""
_ALLOWANCE = "1000.00"
_TOOL = "read_prices"
"""Everybody's: a path speaks of it, and nobody owns it."""
_DIGEST = "select {name}, count(*)::text || ' ' || coalesce(md5(string_agg(t::text, '|' order by t::text)), '')"


@dataclass(frozen=True, slots=True)
class Belongings:
    """One of everything that a customer can own; ``ids`` by the name under which a path speaks of it."""

    owner: User
    ids: dict[str, str]

    @property
    def signs(self) -> frozenset[str]:
        """Text by which what is theirs can be told from anybody else's, wherever it is shown."""
        theirs = frozenset(self.ids.values()) - {_TOOL}
        tenant = self.owner.tenant
        return theirs | {self.owner.id, tenant.id, tenant.marker, tenant.account_id, _ALLOWANCE}


def one_of_everything(world: World, owner: User) -> Belongings:
    """Give the customer threads with a message, a run that has ended, a cloud account, usage, an allowance with a
    budget and an expense, and a colleague.

    :raises NotShown: the platform refused one of them.
    """
    world.users.settle(owner)
    planting.usage(world, owner.tenant)
    tenant, platform = owner.tenant, world.platform
    planting.cloud_account(world, owner)
    thread = platform.create_thread(owner, f"Plans of {tenant.marker}").require()["id"]
    platform.post_message(owner, thread, f"How much for {tenant.marker}?").require()
    run = world.running(owner, "usage_report", thread_id=thread)
    elsewhere = platform.create_thread(owner, f"More plans of {tenant.marker}").require()["id"]
    platform.set_allowance(owner, _ALLOWANCE).require()
    platform.book_expense(owner, "12.50", f"Training for {tenant.marker}").require()
    budget = platform.allot(owner, f"Team of {tenant.marker}", "100.00").require()["id"]
    colleague = world.users.settle(world.users[f"Cleo of {owner.alias}"], role=Role.VIEWER)
    # It has been at work all the while.
    world.ended(run)
    ids = {"thread_id": thread, "to_thread_id": elsewhere, "run_id": run.run_id, "user_id": colleague.id}
    return Belongings(owner, {**ids, "budget_id": budget, "name": _TOOL})


def things_of_ones_own(world: World, person: User, removable: User) -> Belongings:
    """Give somebody threads, a budget of their organisation and, where their role allows it, a run that has ended.

    :param removable: the colleague whom the person can try to remove.
    :raises NotShown: the platform refused one of them.
    """
    ids = {"user_id": removable.id, "name": _TOOL}
    for name, title in (("thread_id", "Thoughts"), ("to_thread_id", "More thoughts")):
        ids[name] = world.platform.create_thread(person, f"{title} of {person.tenant.marker}").require()["id"]
    owner = world.users[person.tenant.alias]
    world.platform.set_allowance(owner, _ALLOWANCE).require()
    ids["budget_id"] = world.platform.allot(owner, f"Team of {person.tenant.marker}", "10.00").require()["id"]
    if person.role != Role.VIEWER.value:
        run = world.running(person, "usage_report", thread_id=ids["thread_id"])
        world.ended(run)
        ids["run_id"] = run.run_id
    return Belongings(person, ids)


def stored_of(world: World, tenant: Tenant) -> dict[str, str]:
    """Number and digest of the tenant's rows, by table; what is only on its way out (the outbox) is left out."""
    with psycopg.connect(world.addresses.postgres_observer_url, connect_timeout=5) as connection:
        parts = [
            sql.SQL(_DIGEST + " from {table} t where tenant_id = {tenant}").format(
                name=sql.Literal(name), table=sql.Identifier(name), tenant=sql.Literal(tenant.id)
            )
            for (name,) in connection.execute(_TABLES)
        ]
        return dict(connection.execute(sql.SQL(" union all ").join(parts)).fetchall())
