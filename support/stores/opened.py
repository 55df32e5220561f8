"""The platform's stores, opened past the platform: the only place where a scenario gets at them."""

from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import clickhouse_connect
import psycopg
import redis
from clickhouse_connect.driver.client import Client
from psycopg.sql import Composed

from support.scenario.verdict import NotShown
from support.stack.client import Addresses
from support.stores.redis import OURS

if TYPE_CHECKING:
    from support.scenario.world import World  # whose faults open a store themselves

# Who hangs here longer holds up a scenario whose database is the thing that hangs.
_CONNECT_SECONDS = 5

Connection = psycopg.Connection[tuple[Any, ...]]


def as_observer(world: "World", **options: Any) -> Connection:
    """The database in the observer's role: it reads everything, no policy hides a row from it, and changes nothing."""
    return observing(world.addresses, **options)


def observing(addresses: Addresses, **options: Any) -> Connection:
    """The same of a stack, for whoever has no scenario."""
    return _database(addresses.postgres_observer_url, **options)


def as_platform(world: "World", **options: Any) -> Connection:
    """The database in the role with which the platform serves customers: policies show one tenant at a time."""
    world.books.close()
    return _database(world.addresses.postgres_application_url, **options)


def as_owner(world: "World", **options: Any) -> Connection:
    """The database in the role of the schema's owner, for what nobody else may do."""
    world.books.close()
    return _database(world.addresses.postgres_owner_url, **options)


def as_owner_of_replica(world: "World", **options: Any) -> Connection:
    """The database's replica in the role of the schema's owner, who can change nothing there."""
    owner, replica = (
        urlsplit(each) for each in (world.addresses.postgres_owner_url, world.addresses.replica_observer_url)
    )
    place = replica.netloc.rpartition("@")[2]
    return _database(owner._replace(netloc=f"{owner.netloc.rpartition('@')[0]}@{place}").geturl(), **options)


def on_replica(world: "World", **options: Any) -> Connection:
    """The database's replica in the observer's role."""
    return _database(world.addresses.replica_observer_url, **options)


def execute_as_owner(world: "World", statement: Composed) -> None:
    """Have the schema's owner execute one statement outside of any transaction."""
    with as_owner(world, autocommit=True) as connection:
        connection.execute(statement)


def rows(world: "World", query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """What a query of the database finds in the observer's role."""
    with as_observer(world) as connection:
        return connection.execute(query.encode(), parameters).fetchall()


def cache(addresses: Addresses, number: int = 0) -> "closing[Any]":
    """Redis: the cache and the event stream, or another of its databases; texts are decoded."""
    url = _own(addresses.redis_url)
    if number:
        url = urlsplit(url)._replace(path=f"/{number}").geturl()
    return closing(redis.Redis.from_url(url, decode_responses=True, client_name=OURS))


def analytics(world: "World") -> "closing[Client]":
    """The analytics store."""
    return closing(clickhouse_connect.get_client(dsn=_own(world.addresses.clickhouse_url)))


def _database(url: str, **options: Any) -> Connection:
    return psycopg.connect(_own(url), connect_timeout=_CONNECT_SECONDS, **options)


def _own(url: str) -> str:
    """The address of a store of this stack: clients take an empty one for that of whatever serves on this machine.

    :raises NotShown: the platform's stores are not this stack's.
    """
    if not url:
        raise NotShown("the run did not start the platform's stores and does not look into them")
    return url
