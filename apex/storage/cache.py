"""What takes work to put together, kept in Redis for the next reader.

A value is kept under its tenant and under the version of what it was made of, so a change needs nobody's word to the
cache: whoever reads after it asks for another version. A value that was put there late, or kept through an outage,
is one that nobody asks for any more; it goes with its time.
"""

from __future__ import annotations

import json
from typing import Any, cast

import structlog
from prometheus_client import Counter
from redis.exceptions import RedisError

from apex.storage.impatient_redis import ImpatientRedis

log = structlog.get_logger()

LOOKUPS = Counter("apex_cache_lookups", "Questions to the cache", ["kind", "outcome"])
_KEPT_SECONDS = 600


class Cache(ImpatientRedis):
    """Never needed: while Redis is away there is nothing in it."""

    def get(self, tenant_id: str, kind: str, version: str) -> dict[str, Any] | None:
        """What was kept of this version, or None."""
        found, outcome = None, "away"
        if not self._is_away:
            try:
                found = _read(cast("bytes | None", self._redis.get(_key(tenant_id, kind, version))))
                outcome = "miss" if found is None else "hit"
            except RedisError as error:
                self._leave_alone(error)
        LOOKUPS.labels(kind, outcome).inc()
        return found

    def put(self, tenant_id: str, kind: str, version: str, value: dict[str, Any]) -> None:
        """Keep a value for the next reader of this version."""
        if self._is_away:
            return
        try:
            self._redis.set(_key(tenant_id, kind, version), json.dumps(value), ex=_KEPT_SECONDS)
        except RedisError as error:
            self._leave_alone(error)


def _read(entry: bytes | None) -> dict[str, Any] | None:
    """A value as it was kept; None for what is damaged: it is made anew."""
    try:
        value = None if entry is None else json.loads(entry)
    except ValueError:
        log.warning("cache entry damaged")
        return None
    return value if isinstance(value, dict) else None


def _key(tenant_id: str, kind: str, version: str) -> str:
    return f"cache:{tenant_id}:{kind}:{version}"
