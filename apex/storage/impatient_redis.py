"""Redis for what can be done without: asked with little patience, and left alone for a while when it did not answer."""

from __future__ import annotations

import time

import redis
import structlog
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from apex.storage.redis_address import RedisAddress, connecting

log = structlog.get_logger()

_PATIENCE_SECONDS = 0.25
_PAUSE_SECONDS = 1.0


class ImpatientRedis:
    """What the cache and the marks have in common. Safe to share between threads."""

    def __init__(self, address: RedisAddress) -> None:
        self._redis = redis.Redis.from_url(
            **connecting(address),
            retry=Retry(NoBackoff(), 0),
            socket_timeout=_PATIENCE_SECONDS,
            socket_connect_timeout=_PATIENCE_SECONDS,
        )
        self._away_until = 0.0

    @property
    def _is_away(self) -> bool:
        return time.monotonic() < self._away_until

    def _leave_alone(self, error: RedisError) -> None:
        self._away_until = time.monotonic() + _PAUSE_SECONDS
        log.warning("redis left alone", by=type(self).__name__, reason=type(error).__name__)
