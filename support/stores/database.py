"""The platform's database, opened past the platform in one of three roles."""

from collections.abc import Sequence
from typing import Any

import psycopg

from support.scenario.world import World

# Who hangs here longer holds up a scenario whose database is the thing that hangs.
_CONNECT_SECONDS = 5

Connection = psycopg.Connection[tuple[Any, ...]]


def as_observer(world: World, **options: Any) -> Connection:
    """In the observer's role: it reads everything, no policy hides a row from it, and changes nothing."""
    return _open(world.addresses.postgres_observer_url, **options)


def as_platform(world: World, **options: Any) -> Connection:
    """In the role with which the platform serves customers: row-level security shows one tenant at a time."""
    return _open(world.addresses.postgres_application_url, **options)


def as_owner(world: World, **options: Any) -> Connection:
    """In the role of the schema's owner, for what nobody else may do."""
    return _open(world.addresses.postgres_owner_url, **options)


def rows(world: World, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """What a query finds in the observer's role."""
    with as_observer(world) as connection:
        return connection.execute(query, parameters).fetchall()


def _open(url: str, **options: Any) -> Connection:
    return psycopg.connect(url, connect_timeout=_CONNECT_SECONDS, **options)
