"""Seeded defects of the cache (DBL-05)."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any

from redis.exceptions import RedisError
from sqlalchemy import Connection

from apex.backend import allowance
from apex.http.identity import Identity
from apex.http.problems import unavailable
from apex.storage import cache as caching
from apex.storage.cache import Cache
from defects import Scenario
from defects._patching import replace

change_seen_next = Scenario("A change is seen by the next who looks", service="backend")


@change_seen_next.defect(
    "DBL-05a",
    "the cache is kept for the month, whatever changes",
    step="Acme and Ben of Acme read the allowance as it now is",
)
def _() -> None:
    replace(allowance, "cached_version", lambda month, version: str(month))


two_backends_read = Scenario("Two backends read the same", service="backend")


@two_backends_read.defect(
    "DBL-05b",
    "each backend keeps a copy of its own, and drops it only when the change came through itself",
    step="both have read the allowance as it was after each change",
)
def _() -> None:
    own: dict[str, dict[str, Any]] = {}

    def statement(connection: Connection, cache: Cache, tenant_id: str) -> dict[str, Any]:
        fresh: dict[str, Any] = original(connection, cache, tenant_id)
        return own.setdefault(tenant_id, fresh)

    def dropping(name: str) -> None:
        def change(connection: Connection, whose: Identity | str, *others: Any) -> Any:
            own.pop(whose.tenant_id if isinstance(whose, Identity) else whose, None)
            return changing(connection, whose, *others)

        changing = replace(allowance, name, change)

    original = replace(allowance, "statement", statement)
    for name in ("count_spent", "set_allowance", "lock_allowance"):
        dropping(name)


changed_without_cache = Scenario(
    "What was changed without the cache is read from it when it is back", service="backend"
)


@changed_without_cache.defect(
    "DBL-05c",
    "the cache is told to forget what was changed; what it is told while it is away is lost",
    step="Acme reads the allowance as it now is, from the cache",
)
def _() -> None:
    caches: list[Cache] = []

    def init(self: Cache, url: str) -> None:
        original(self, url)
        caches.append(self)

    def count_spent(connection: Connection, identity: Identity, amount: Decimal) -> date:
        month: date = counting(connection, identity, amount)
        for cache in caches:
            with suppress(RedisError):
                cache._redis.delete(f"cache:{identity.tenant_id}:allowance:{month}")
        return month

    original = replace(Cache, "__init__", init)
    counting = replace(allowance, "count_spent", count_spent)
    replace(allowance, "cached_version", lambda month, version: str(month))


read_right_cache = Scenario("What is read is right while the cache is in trouble", service="backend")


@read_right_cache.defect(
    "DBL-05d", "without the cache nothing can be read", step="Acme reads the allowance as it now is"
)
def _() -> None:
    def leave_alone(self: Cache, error: RedisError) -> None:
        raise unavailable()

    replace(Cache, "_leave_alone", leave_alone)


cache_shows_each = Scenario("The cache shows each customer their own", service="backend")


@cache_shows_each.defect(
    "DBL-05e", "the cache knows one value of a kind, whoever's it is", step="each has read their own allowance"
)
def _() -> None:
    replace(caching, "_key", lambda tenant_id, kind, version: f"cache:{kind}")
