"""The database seen in the role with which the platform serves customers: what it reaches on whose behalf."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

from support.api import owned_resources, tokens
from support.business_data.tenant_separation_matchers import Reached
from support.scenario import agents, planting
from support.scenario.partner import own_path
from support.scenario.users import PEOPLE, User
from support.scenario.verdict import NotShown
from support.scenario.world import World

EVERY_KIND = (
    "tenants", "users", "sessions", "invitations", "threads", "messages", "runs", "usage_records", "tool_calls",
    "outbox", "notices", "allowances", "allowance_shares", "expenses", "budgets", "spent_refresh_tokens",
    "registered_tools",
)  # fmt: skip
"""The tables in which a customer of every kind of data has rows, some of them for the time of a look only."""

_TABLES = """
select c.relname, (array_agg(a.attname order by a.attnum))[1]
from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and a.attgenerated = ''
where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relname <> 'alembic_version'
group by 1 order by 1
"""
_ACT = "select set_config('app.tenant_id', %s, true)"
# What customers have for moments only, or the operator alone: written for the look, and taken back after it.
_PASSING = {
    "outbox": "insert into outbox (tenant_id, topic, payload) values (%(tenant)s, 'events', '{}')",
    "notices": """
insert into notices (id, tenant_id, user_id, title, body)
values (gen_random_uuid(), %(tenant)s, %(user)s, 'A look', 'Taken back after it.')
""",
    "registered_tools": """
insert into registered_tools (id, tenant_id, name, description, permission, parameters, partner, path, withdrawn_at)
values (gen_random_uuid(), %(tenant)s, 'a_look', 'Taken back after it.', 'partners:read', '{}', 'none', '/', now())
""",
}


def data_of_every_kind(world: World, customer: User) -> None:
    """The customer has a colleague, usage, an allowance with a budget and an expense, a session that
    has gone on, and a run that called a tool.

    :raises NotShown: the platform refused something, or there is a table in which nothing is the customer's.
    """
    world.users.settle(customer)
    world.users.settle(world.users[f"{PEOPLE[0]} of {customer.alias}"])
    planting.usage(world, customer.tenant)
    world.platform.set_allowance(customer, "100.00").require()
    world.platform.allot(customer, "Research", "10.00").require()
    world.platform.book_expense(customer, "1.00", "Books").require()
    path = own_path(customer)
    world.partner.delay(path, 0.0)
    world.ended(world.running(customer, agents.PROBE, input=agents.fetching(path)))
    tokens.go_on(world, customer).require()
    stored = owned_resources.stored_of(world, customer.tenant)
    if empty := [table for table, rows in stored.items() if rows.startswith("0 ") and table not in _PASSING]:
        raise NotShown(f"nothing in {', '.join(empty)} is {customer}'s, so that nobody can be seen to be kept from it")


def seen_on_behalf_of(world: World, looker: User | None, customers: Sequence[User]) -> Reached:
    """The rows that the application's role sees in each table, on behalf of a customer or of nobody."""
    with _with_passing_rows(world, customers) as (connection, tables):
        connection.execute(_ACT, [looker.tenant.id if looker else ""])
        return {table: _counted(connection, table) for table in tables}


def changed_on_behalf_of(world: World, changer: User, customers: Sequence[User]) -> Reached:
    """The rows that the application's role can change in each table, and whose it can add, on behalf of a customer."""
    changed: dict[str, Counter[str]] = {}
    with _with_passing_rows(world, customers) as (connection, tables):
        connection.execute(_ACT, [changer.tenant.id])
        for customer in customers:
            for table, column in tables.items():
                touch = sql.SQL("update {table} set {column} = {column} where tenant_id = %(tenant)s").format(
                    table=sql.Identifier(table), column=sql.Identifier(column)
                )
                changed.setdefault(table, Counter())[customer.tenant.id] += _tried(connection, touch, customer)
            for table, statement in _PASSING.items():
                changed[table][customer.tenant.id] += _tried(connection, sql.SQL(statement), customer)
    return {table: +rows for table, rows in changed.items()}


def _tried(connection: psycopg.Connection[Any], statement: sql.SQL | sql.Composed, customer: User) -> int:
    try:
        with connection.transaction():
            return connection.execute(statement, {"tenant": customer.tenant.id, "user": customer.id}).rowcount
    except psycopg.errors.InsufficientPrivilege:  # also what breaks a policy
        return 0


def _counted(connection: psycopg.Connection[Any], table: str) -> dict[str, int]:
    count = sql.SQL("select tenant_id::text, count(*) from {table} group by 1").format(table=sql.Identifier(table))
    return {str(tenant): int(rows) for tenant, rows in connection.execute(count)}


@contextmanager
def _with_passing_rows(
    world: World, customers: Sequence[User]
) -> Iterator[tuple[psycopg.Connection[Any], dict[str, str]]]:
    """A transaction that is taken back; in it every customer has rows in the tables that are else empty.

    Gives the connection, and of every table a column that can be written.
    """
    with psycopg.connect(world.addresses.postgres_application_url) as connection:
        tables = {str(table): str(column) for table, column in connection.execute(_TABLES)}
        for customer in customers:
            connection.execute(_ACT, [customer.tenant.id])
            for statement in _PASSING.values():
                connection.execute(sql.SQL(statement), {"tenant": customer.tenant.id, "user": customer.id})
        yield connection, tables
        connection.rollback()
