"""What takes work to put together, kept in Redis for the next reader.

A value is kept under its tenant and under the version of what it was made of, so a change needs nobody's word to the
cache: whoever reads after it asks for another version. A value that was put there late, or kept through an outage,
is one that nobody asks for any more; it goes with its time.
"""

from __future__ import annotations

import json
import time
from typing import Any, cast

import redis
import structlog
from prometheus_client import Counter
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from apex.storage.redis_address import RedisAddress, connecting

log = structlog.get_logger()

LOOKUPS = Counter("apex_cache_lookups", "Questions to the cache", ["kind", "outcome"])
_KEPT_SECONDS = 600
# A cache that answers later than this is no help, and one that did not answer is left alone for a while.
_PATIENCE_SECONDS = 0.25
_PAUSE_SECONDS = 1.0


class Cache:
    """Never needed: while Redis is away there is nothing in it. Safe to share between threads."""

    def __init__(self, address: RedisAddress) -> None:
        self._redis = redis.Redis.from_url(
            **connecting(address),
            retry=Retry(NoBackoff(), 0),
            socket_timeout=_PATIENCE_SECONDS,
            socket_connect_timeout=_PATIENCE_SECONDS,
        )
        self._away_until = 0.0

    def get(self, tenant_id: str, kind: str, version: str) -> dict[str, Any] | None:
        """What was kept of this version, or None."""
        found, outcome = None, "away"
        if time.monotonic() >= self._away_until:
            try:
                found = _read(cast("bytes | None", self._redis.get(_key(tenant_id, kind, version))))
                outcome = "miss" if found is None else "hit"
            except RedisError as error:
                self._leave_alone(error)
        LOOKUPS.labels(kind, outcome).inc()
        return found

    def put(self, tenant_id: str, kind: str, version: str, value: dict[str, Any]) -> None:
        """Keep a value for the next reader of this version."""
        if time.monotonic() < self._away_until:
            return
        try:
            self._redis.set(_key(tenant_id, kind, version), json.dumps(value), ex=_KEPT_SECONDS)
        except RedisError as error:
            self._leave_alone(error)

    def _leave_alone(self, error: RedisError) -> None:
        self._away_until = time.monotonic() + _PAUSE_SECONDS
        log.warning("cache away", reason=type(error).__name__)


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
