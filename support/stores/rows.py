"""Rows of the platform's database, seen in the observer's role, from which no policy hides anything."""

from collections.abc import Iterable
from typing import Any

from support.scenario.users import User
from support.scenario.world import World
from support.stores import opened

_ACCOUNTS = "select id::text, tenant_id::text from users where lower(btrim(email)) = lower(%s)"
_ORGANISATIONS = "select count(*) from tenants where name = %s"
_CONVERSATION = """
select (select count(*) from threads where id = %(id)s::uuid),
       (select count(*) from messages where thread_id = %(id)s::uuid)
"""
_CUSTOMERS = """
select (select count(*) from tenants where name = any (%(names)s)),
       (select count(*) from users where lower(btrim(email)) = any (%(names)s))
"""
_LISTENING = "select count(*) from pg_stat_activity where application_name like '% listener'"
_WAITING = "select count(*) from outbox where topic = 'events'"


def accounts(world: World, user: User) -> list[tuple[str, str]]:
    """User id and tenant id of every account under the user's address, in whatever letters."""
    return [(str(row[0]), str(row[1])) for row in _rows(world, _ACCOUNTS, [user.email])]


def organisations(world: World, user: User) -> int:
    """How many organisations have the name of the user's."""
    return int(_rows(world, _ORGANISATIONS, [user.tenant.name])[0][0])


def of_conversation(world: World, thread_id: str) -> tuple[int, int]:
    """How many rows hold the conversation, and how many its messages."""
    threads, messages = _rows(world, _CONVERSATION, {"id": thread_id})[0]
    return int(threads), int(messages)


def customers(world: World, names: Iterable[str]) -> tuple[int, int]:
    """How many organisations have one of the names, and how many people one of them as their address."""
    organisations, people = _rows(world, _CUSTOMERS, {"names": list(names)})[0]
    return int(organisations), int(people)


def listening(world: World) -> int:
    """How many connections of the platform's services wait for notifications."""
    return int(_rows(world, _LISTENING, None)[0][0])


def waiting_to_be_told(world: World) -> int:
    """How much is still on its way to those who listen."""
    return int(_rows(world, _WAITING, [])[0][0])


def _rows(world: World, query: str, parameters: Any) -> list[tuple[Any, ...]]:
    with opened.as_observer(world) as connection:
        return connection.execute(query.encode(), parameters).fetchall()
