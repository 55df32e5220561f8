"""The database as the platform's own account sees it: which rows it reaches, on behalf of which customer."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import psycopg
from hamcrest.core.base_matcher import BaseMatcher
from parse import with_pattern
from psycopg import sql

from support.api import owned_resources, tokens
from support.business_data.allowances import owners
from support.matchers.faultless import faultless
from support.platform.components import Component
from support.platform.driver import Anyone
from support.scenario import agents, planting
from support.scenario.assets import Asset
from support.scenario.partner import own_path
from support.scenario.sessions import new_token
from support.scenario.users import PEOPLE, USER_PATTERN, Named, User
from support.scenario.verdict import NotShown
from support.scenario.words import Type
from support.scenario.world import World
from support.stores import opened

EVERY_TABLE = (
    "tenants", "users", "sessions", "invitations", "threads", "messages", "runs", "usage_records", "tool_calls",
    "outbox", "notices", "allowances", "allowance_shares", "expenses", "budgets", "spent_refresh_tokens",
    "registered_tools", "idempotency_keys",
)  # fmt: skip
"""The tables in which each customer of the scenario has rows, some of them only while they are looked at."""

_TABLES = """
select c.relname, (array_agg(a.attname order by a.attnum))[1]
from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and a.attgenerated = ''
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm') and c.relname <> 'alembic_version'
group by 1 order by 1
"""
_GUARDED = "select relname from pg_class where relnamespace = 'public'::regnamespace and relrowsecurity order by 1"
_LARGE_OBJECTS = "select count(*) from pg_largeobject_metadata"
_ACT = "select set_config('app.tenant_id', %s, true)"
# What customers have for moments only, or the operator alone: inserted for the look, and rolled back after it.
_PASSING = {
    "outbox": "insert into outbox (tenant_id, topic, payload) values (%(tenant)s, 'events', '{}')",
    "notices": """
insert into notices (id, tenant_id, user_id, title, body)
values (gen_random_uuid(), %(tenant)s, %(user)s, 'A look', 'Rolled back after it.')
""",
    "idempotency_keys": """
insert into idempotency_keys (tenant_id, user_id, key, fingerprint)
values (%(tenant)s, %(user)s, gen_random_uuid()::text, 'Rolled back after it.')
""",
    "registered_tools": """
insert into registered_tools (id, tenant_id, name, description, permission, parameters, partner, path, withdrawn_at)
values (gen_random_uuid(), %(tenant)s, 'a_look', 'Rolled back after it.', 'partners:read', '{}', 'none', '/', now())
""",
}


def _data_in_every_table(world: World, customer: User) -> None:
    """A colleague, usage, an allowance with a budget and an expense, a renewed session and one that has ended, and a
    run that called a tool.

    :raises NotShown: the platform refused something, or there is a table without a row of the customer.
    """
    world.users.settle(world.users[f"{PEOPLE[0]} of {customer.alias}"])
    planting.usage(world, customer.tenant)
    world.platform.set_allowance(customer, "100.00").require()
    world.platform.allot(customer, "Research", "10.00").require()
    world.platform.book_expense(customer, "1.00", "Books").require()
    path = own_path(customer)
    world.partner.delay(path, 0.0)
    world.ended(world.running(customer, agents.PROBE, input=agents.fetching(path)))
    tokens.renew(world, customer).require()
    # A session that has ended is as private as one that lasts.
    world.platform.log_out(Anyone(new_token(world, customer))).require()
    deleted = world.platform.create_thread(customer, "Soon deleted").require()
    world.platform.post_message(customer, deleted.id, "Nothing of this stays.").require()
    world.platform.delete_thread(customer, deleted.id).require()
    stored = owned_resources.stored_of(world, customer.tenant)
    if empty := [table for table, rows in stored.items() if rows.startswith("0 ") and table not in _PASSING]:
        raise NotShown(f"{customer} has no row in {', '.join(empty)}, so that isolation cannot be seen there")


ASSETS: dict[str, Asset] = {"data in every table": _data_in_every_table}


# -- the roles that services work with ---------------------------------------------------------------------------------

_ROLES = """
select distinct a.application_name, r.rolname,
       r.rolsuper or r.rolbypassrls or exists (
         select 1 from pg_class c
         where c.relowner = r.oid and c.relnamespace = 'public'::regnamespace and not c.relforcerowsecurity
       )
from pg_stat_activity a join pg_roles r on r.rolname = a.usename
where a.backend_type = 'client backend'
"""


@dataclass(frozen=True, slots=True)
class Roles:
    """Of each connection the service, the role, and whether the role is exempt from the isolation."""

    found: Sequence[tuple[str, str, bool]]


def roles_at_work(world: World) -> Roles:
    """The roles of all connections there are, once every service has asked the database."""
    run = world.last_run
    world.platform.jobs(run.user, run.run_id).require()
    with opened.as_observer(world) as connection:
        return Roles([(str(name), str(role), bool(exempt)) for name, role, exempt in connection.execute(_ROLES)])


def are_bound(services: Collection[str]) -> BaseMatcher[Roles]:
    """Each of the services is connected, and none with a role that is exempt."""

    def faults(roles: Roles) -> list[str]:
        own = [(name.partition(" ")[0], role, exempt) for name, role, exempt in roles.found]
        missing = sorted(set(services) - {name for name, _, _ in own})
        wrong = [
            f"{name} works as {role}, which is exempt" for name, role, exempt in own if exempt and name in services
        ]
        return [*wrong, *(f"{name} is not connected" for name in missing)]

    return faultless("every service connected with a role to which isolation applies", faults)


# -- what the platform's account reaches ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reached:
    """Of each table: how many rows of each tenant (by its id) were reached."""

    rows: Mapping[str, Mapping[str, int]]


def read_on_behalf_of(world: World, customer: User | None) -> Reached:
    """The rows that the platform's account can read in each table, on behalf of a customer or of none."""
    with _with_passing_rows(world) as (connection, tables):
        connection.execute(_ACT, [customer.tenant.id if customer else ""])
        (objects,) = connection.execute(_LARGE_OBJECTS).fetchone() or (0,)
        others = {"large objects, which no policy protects": {"anybody": int(objects)}} if objects else {}
        return Reached({table: _counted(connection, table) for table in tables} | others)


def update_on_behalf_of(world: World, customer: User | None) -> Reached:
    """The rows that the platform's account can update in each table, and whose it can add, on behalf of a customer."""
    reached: dict[str, Counter[str]] = {}
    with _with_passing_rows(world) as (connection, tables):
        connection.execute(_ACT, [customer.tenant.id if customer else ""])
        for owner in owners(world.users.customers):
            for table, column in tables.items():
                touch = sql.SQL("update {table} set {column} = {column} where tenant_id = %(tenant)s").format(
                    table=sql.Identifier(table), column=sql.Identifier(column)
                )
                reached.setdefault(table, Counter())[owner.tenant.id] += _tried(connection, touch, owner)
            for table, statement in _PASSING.items():
                reached[table][owner.tenant.id] += _tried(connection, sql.SQL(statement), owner)
    return Reached({table: +rows for table, rows in reached.items()})


ACCESS: dict[str, Callable[[World, User | None], Reached]] = {
    "reads": read_on_behalf_of,
    "tries to update": update_on_behalf_of,
}


def _customer_or_none(text: str) -> Named | None:
    return None if text == "no customer" else Named(text)


CUSTOMER_OR_NONE: Type = with_pattern(f"{USER_PATTERN}|no customer")(_customer_or_none)
"""The customer that a sentence names; None for "no customer"."""


def _tried(connection: opened.Connection, statement: sql.SQL | sql.Composed, customer: User) -> int:
    try:
        with connection.transaction():
            return connection.execute(statement, {"tenant": customer.tenant.id, "user": customer.id}).rowcount
    except psycopg.errors.InsufficientPrivilege:  # also what violates a policy
        return 0


def _counted(connection: opened.Connection, table: str) -> dict[str, int]:
    count = sql.SQL("select tenant_id::text, count(*) from {table} group by 1").format(table=sql.Identifier(table))
    return {str(tenant): int(rows) for tenant, rows in connection.execute(count)}


@contextmanager
def _with_passing_rows(world: World) -> Iterator[tuple[opened.Connection, dict[str, str]]]:
    """A transaction that is rolled back; in it every customer has rows in the tables that are otherwise empty.

    Gives the connection, and of every table a column that can be updated.
    """
    with opened.as_platform(world) as connection:
        tables = {str(table): str(column) for table, column in connection.execute(_TABLES)}
        for customer in owners(world.users.customers):
            connection.execute(_ACT, [customer.tenant.id])
            for statement in _PASSING.values():
                connection.execute(sql.SQL(statement), {"tenant": customer.tenant.id, "user": customer.id})
        yield connection, tables
        connection.rollback()


def restart_without_isolation(world: World) -> None:
    """The isolation of every table is switched off in the database, and the backend restarts.

    :raises NotShown: the platform's account still reaches no other customer's rows.
    """
    guarded = [str(table) for (table,) in opened.rows(world, _GUARDED)]
    world.undo.register("switch isolation on", partial(_switch_isolation, world, guarded, "enable"))
    _switch_isolation(world, guarded, "disable")
    customer, *_ = world.users.customers
    if reaches_only_rows_of(customer.tenant.id).matches(read_on_behalf_of(world, customer)):
        raise NotShown("what is switched off does not isolate")
    world.faults.restart(Component.API)


def _switch_isolation(world: World, tables: Sequence[str], verb: str) -> None:
    for table in tables:
        statement = sql.SQL("alter table {} {} row level security").format(sql.Identifier(table), sql.SQL(verb))
        opened.execute_as_owner(world, statement)


# -- is it one customer's alone? --------------------------------------------------------------------------------------


def reaches_only_rows_of(tenant_id: str | None, needed: Collection[str] = EVERY_TABLE) -> BaseMatcher[Reached]:
    """Rows of the tenant in each needed table (the control), and of no other tenant in any table.

    :param tenant_id: None: no row in any table, where at least the needed ones were looked at.
    """

    def faults(reached: Reached) -> list[str]:
        foreign = [
            f"{table}: rows of {tenant}" for table, rows in reached.rows.items() for tenant in {*rows} - {tenant_id}
        ]
        unseen = [f"{table}: not looked at" for table in sorted(needed) if table not in reached.rows]
        missing = [
            f"{table}: none of {tenant_id}'s rows, which proves nothing"
            for table, rows in reached.rows.items()
            if tenant_id and table in needed and not rows.get(tenant_id)
        ]
        return foreign + missing + unseen

    return faultless(f"rows of {tenant_id or 'no tenant'} alone, looked for in {', '.join(needed)}", faults)
