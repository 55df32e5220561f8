"""The platform's stores, opened past the platform: the only place where a scenario gets at them."""

from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

import clickhouse_connect
import psycopg
import redis
from clickhouse_connect.driver.client import Client

from support.stack.client import Addresses

if TYPE_CHECKING:
    from support.scenario.world import World  # whose faults open a store themselves

# Who hangs here longer holds up a scenario whose database is the thing that hangs.
_CONNECT_SECONDS = 5

Connection = psycopg.Connection[tuple[Any, ...]]


def as_observer(world: "World", **options: Any) -> Connection:
    """The database in the observer's role: it reads everything, no policy hides a row from it, and changes nothing."""
    return _database(world.addresses.postgres_observer_url, **options)


def as_platform(world: "World", **options: Any) -> Connection:
    """The database in the role with which the platform serves customers: policies show one tenant at a time."""
    world.books.close()
    return _database(world.addresses.postgres_application_url, **options)


def as_owner(world: "World", **options: Any) -> Connection:
    """The database in the role of the schema's owner, for what nobody else may do."""
    world.books.close()
    return _database(world.addresses.postgres_owner_url, **options)


def rows(world: "World", query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """What a query of the database finds in the observer's role."""
    with as_observer(world) as connection:
        return connection.execute(query.encode(), parameters).fetchall()


def cache(addresses: Addresses) -> "closing[Any]":
    """Redis: the cache and the event stream; texts are decoded."""
    return closing(redis.Redis.from_url(addresses.redis_url, decode_responses=True))


def analytics(world: "World") -> "closing[Client]":
    """The analytics store."""
    return closing(clickhouse_connect.get_client(dsn=world.addresses.clickhouse_url))


def _database(url: str, **options: Any) -> Connection:
    return psycopg.connect(url, connect_timeout=_CONNECT_SECONDS, **options)
