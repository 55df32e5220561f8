"""How far the database had come when something was last written for a tenant: what its readers must not fall behind.

Kept in Redis, for all processes: ``written:{tenant_id}``, a position in PostgreSQL's log as a number of bytes.
"""

from __future__ import annotations

import threading
import time
from typing import Any, cast

import redis
import structlog
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from apex.storage.redis_address import RedisAddress, connecting

log = structlog.get_logger()

_KEPT_SECONDS = 24 * 3600
# Like the cache: what answers later is no help, and what did not answer is left alone for a while.
_PATIENCE_SECONDS, _PAUSE_SECONDS = 0.25, 1.0
# Two who write at the same time may tell it in any order.
_RAISE = """
if tonumber(redis.call('GET', KEYS[1]) or '0') < tonumber(ARGV[1]) then
  redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
end
"""


class Marks:
    """Safe to share between threads. What cannot be told to the others now is told with the next mark that can be."""

    def __init__(self, address: RedisAddress) -> None:
        self._redis = redis.Redis.from_url(
            **connecting(address),
            retry=Retry(NoBackoff(), 0),
            socket_timeout=_PATIENCE_SECONDS,
            socket_connect_timeout=_PATIENCE_SECONDS,
        )
        self._raise = self._redis.register_script(_RAISE)
        self._untold: dict[str, int] = {}
        self._lock = threading.Lock()
        self._away_until = 0.0

    def of(self, tenant_id: str) -> int | None:
        """The position that a reader of the tenant's rows needs; None where nobody knows it."""
        if self._untold or time.monotonic() < self._away_until:
            return None
        try:
            found = cast("Any", self._redis.get(_key(tenant_id)))
            return None if found is None else int(found)
        except (RedisError, ValueError) as error:
            self._leave_alone(error)
            return None

    def raise_to(self, position: int, tenant_id: str) -> None:
        """Something was written for the tenant up to this position."""
        with self._lock:
            self._untold[tenant_id] = max(position, self._untold.get(tenant_id, 0))
            telling = dict(self._untold)
        if time.monotonic() < self._away_until:
            return
        try:
            for tenant_id, at in telling.items():
                self._raise(keys=[_key(tenant_id)], args=[at, _KEPT_SECONDS])
        except RedisError as error:
            self._leave_alone(error)
            return
        with self._lock:
            for tenant_id, at in telling.items():
                if self._untold.get(tenant_id) == at:
                    del self._untold[tenant_id]

    def forget(self, tenant_id: str) -> None:
        """Something was written, up to nobody knows where."""
        try:
            self._redis.delete(_key(tenant_id))
        except RedisError as error:
            self._leave_alone(error)

    def _leave_alone(self, error: Exception) -> None:
        self._away_until = time.monotonic() + _PAUSE_SECONDS
        log.warning("marks away: reading from the primary", reason=type(error).__name__)


def _key(tenant_id: str) -> str:
    return f"written:{tenant_id}"
