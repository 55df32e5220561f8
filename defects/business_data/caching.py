"""Seeded defects of the cache (DBL-05)."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any

from redis.exceptions import RedisError
from sqlalchemy import Connection, Row

from apex.backend import allowance
from apex.backend import threads as conversations
from apex.http.identity import Identity
from apex.http.problems import unavailable
from apex.storage import cache as caching
from apex.storage.cache import Cache
from defects import Scenario
from defects._patching import around, replace

next_read = Scenario("Every member's next read shows a change", service="backend")
two_backends = Scenario("Two backends return the same allowance after each change", service="backend")
two_titles = Scenario("Two backends return the same conversation after each change", service="backend")
failing = Scenario("Reads are correct while the cache fails", service="backend")
recovered = Scenario("A change that the cache missed is cached after recovery", service="backend")
own_data = Scenario("The cache returns each customer's own data", service="backend")


def _cached_for_the_month() -> None:
    """Have a cached allowance served until the month ends, however often it changes."""
    replace(allowance, "cached_version", lambda month, version: str(month))


@next_read.defect(
    "DBL-05a",
    "a cached allowance is served until the month ends, whatever changes",
    step="Acme reads the organisation's current allowance",
)
def _() -> None:
    _cached_for_the_month()


@two_backends.defect(
    "DBL-05b",
    "each backend keeps a copy of its own, and drops it only for changes made through itself",
    step="both backends return the current allowance after each change",
)
def _() -> None:
    own: dict[str, dict[str, Any]] = {}

    @around(allowance, "statement")
    def statement(original: Any, connection: Connection, cache: Cache, tenant_id: str) -> dict[str, Any]:
        return own.setdefault(tenant_id, original(connection, cache, tenant_id))

    def dropping(name: str) -> None:
        def change(connection: Connection, whose: Identity | str, *others: Any) -> Any:
            own.pop(whose.tenant_id if isinstance(whose, Identity) else whose, None)
            return changing(connection, whose, *others)

        changing = replace(allowance, name, change)

    for name in ("count_spent", "set_allowance", "lock_allowance"):
        dropping(name)


@recovered.defect(
    "DBL-05c",
    "a change deletes what is cached; a deletion that fails during an outage is lost",
    step="Acme reads the organisation's current allowance from the cache",
)
def _() -> None:
    caches: list[Cache] = []

    @around(Cache, "__init__")
    def init(original: Any, self: Cache, url: str) -> None:
        original(self, url)
        caches.append(self)

    @around(allowance, "count_spent")
    def count_spent(counting: Any, connection: Connection, identity: Identity, amount: Decimal) -> date:
        month: date = counting(connection, identity, amount)
        for cache in caches:
            with suppress(RedisError):
                cache._redis.delete(f"cache:{identity.tenant_id}:allowance:{month}")
        return month

    _cached_for_the_month()


@failing.defect(
    "DBL-05d", "nothing can be read without the cache", step="Acme reads the organisation's current allowance"
)
def _() -> None:
    def leave_alone(self: Cache, error: RedisError) -> None:
        raise unavailable()

    replace(Cache, "_leave_alone", leave_alone)


@own_data.defect(
    "DBL-05e",
    "all customers share one cache entry",
    step="Borealis reads the organisation's current allowance from the cache",
)
def _() -> None:
    replace(caching, "_key", lambda tenant_id, kind, version: f"cache:{kind}")


@two_titles.defect(
    "DBL-05f",
    "a backend shows conversations as it has read them first",
    step="both backends return the current title of the conversation after each change",
)
def _() -> None:
    read: dict[tuple[str, str], Row[Any]] = {}

    @around(conversations, "own_thread")
    def _(original: Any, connection: Connection, identity: Identity, thread_id: str, *lock: Any) -> Any:
        if lock:
            return original(connection, identity, thread_id, *lock)
        key = (str(identity.user_id), thread_id)
        if key not in read:
            read[key] = original(connection, identity, thread_id)
        return read[key]
