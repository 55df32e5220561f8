"""How far the database had come when something was last written for a tenant: what its readers must not fall behind.

Kept in Redis, for all processes: ``written:{tenant_id}``, a position in PostgreSQL's log as a number of bytes.
"""

from __future__ import annotations

import threading
from typing import cast

from redis.exceptions import RedisError

from apex.storage.impatient_redis import ImpatientRedis
from apex.storage.redis_address import RedisAddress

_KEPT_SECONDS = 24 * 3600
# Two who write at the same time may tell it in any order.
_RAISE = """
if tonumber(redis.call('GET', KEYS[1]) or '0') < tonumber(ARGV[1]) then
  redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
end
"""


class Marks(ImpatientRedis):
    """What cannot be told to the others now is told with the next mark that can be."""

    def __init__(self, address: RedisAddress) -> None:
        super().__init__(address)
        self._raise = self._redis.register_script(_RAISE)
        self._untold: dict[str, int] = {}
        self._lock = threading.Lock()

    def of(self, tenant_id: str) -> int | None:
        """The position that a reader of the tenant's rows needs; None where nobody knows it."""
        if self._untold or self._is_away:
            return None
        try:
            found = cast("bytes | None", self._redis.get(_key(tenant_id)))
        except RedisError as error:
            self._leave_alone(error)
            return None
        return int(found) if found is not None and found.isdigit() else None

    def raise_to(self, position: int, tenant_id: str) -> None:
        """Something was written for the tenant up to this position."""
        with self._lock:
            self._untold[tenant_id] = max(position, self._untold.get(tenant_id, 0))
            telling = dict(self._untold)
        if self._is_away:
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


def _key(tenant_id: str) -> str:
    return f"written:{tenant_id}"
