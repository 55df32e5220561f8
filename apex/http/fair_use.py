"""Fair use: how often the people of a tenant may ask, by the tenant's plan.

Each tenant has a bucket of requests in Redis, shared by all instances of all services: it holds ``burst`` requests
and is refilled with ``per_second``. Where Redis cannot be reached, nobody is refused for that: each process counts
for itself until Redis is back. It counts all the time, so that a change from one to the other gives nobody a full
bucket.
"""

from __future__ import annotations

import math
import time

import redis.asyncio
import structlog

from apex.http.problems import rate_limited
from apex.settings import Rate, RateLimits
from apex.storage.stream import LINE_ERRORS, over_broken_lines

log = structlog.get_logger()

# The generic cell rate algorithm: all that is kept of a bucket is the moment at which it will be full again.
# Returns the seconds until there is room, 0 when the request is taken.
_TAKE = """
local now = redis.call('TIME')
now = tonumber(now[1]) + tonumber(now[2]) / 1000000
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local full = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now) + interval
local wait = full - burst * interval - now
if wait > 0 then return string.format('%.6f', wait) end
redis.call('SET', KEYS[1], string.format('%.6f', full), 'PX', math.ceil((full - now) * 1000))
return '0'
"""
_PATIENCE_SECONDS = 0.5
_CONNECTIONS = 16
# After a failure Redis is left alone for so long: nobody's request waits for it meanwhile.
_AWAY_SECONDS = 1.0
_SWEEP_SECONDS = 1.0


class FairUse:
    """The tenants' buckets."""

    def __init__(self, limits: RateLimits, redis_url: str) -> None:
        self._limits = limits
        pool = redis.asyncio.BlockingConnectionPool.from_url(
            redis_url,
            max_connections=_CONNECTIONS,
            timeout=_PATIENCE_SECONDS,
            decode_responses=True,
            # One line that was reset is no reason to count apart from the others: whoever asks would get twice as much.
            retry=over_broken_lines(1),
            socket_timeout=_PATIENCE_SECONDS,
            socket_connect_timeout=_PATIENCE_SECONDS,
        )
        self._take = redis.asyncio.Redis(connection_pool=pool).register_script(_TAKE)
        self._away_until = 0.0
        self._own = OwnBuckets()

    async def admit(self, tenant_id: str, plan: str) -> None:
        """Take a request out of the tenant's bucket.

        Raises:
            Problem: 429, saying when there will be room again.
        """
        rate: Rate | None = getattr(self._limits, plan, self._limits.free)
        if rate is None:
            return
        wait = await self._wait(tenant_id, rate)
        if wait > 0:
            raise rate_limited(math.ceil(wait), rate.burst, rate.per_second)

    async def _wait(self, tenant_id: str, rate: Rate) -> float:
        # What this process alone has granted cannot be more than all have. It dates it before Redis does, and so is
        # never the stricter one.
        now = time.monotonic()
        own = self._own.wait(tenant_id, rate, now)
        if own > 0:
            return own
        shared = await self._shared(tenant_id, rate)
        if shared is None:
            return self._own.take(tenant_id, rate, now)
        if shared == 0:
            self._own.charge(tenant_id, rate, now)
        return shared

    async def _shared(self, tenant_id: str, rate: Rate) -> float | None:
        """Seconds until there is room, 0 when the request is taken; None where that is not known."""
        if time.monotonic() < self._away_until:
            return None
        try:
            return float(await self._take(keys=[f"fair_use:{tenant_id}"], args=[1 / rate.per_second, rate.burst]))
        except LINE_ERRORS as error:
            log.warning("fair use is counted by this process alone", reason=type(error).__name__)
            self._away_until = time.monotonic() + _AWAY_SECONDS
            return None


class OwnBuckets:
    """The buckets as this process knows them; those that are full again are forgotten."""

    def __init__(self) -> None:
        self._full_at: dict[str, float] = {}
        self._swept_at = 0.0

    def wait(self, tenant_id: str, rate: Rate, now: float) -> float:
        """Seconds until there is room; 0 when there is."""
        return max(0.0, self._after_one_more(tenant_id, rate, now) - rate.burst / rate.per_second - now)

    def charge(self, tenant_id: str, rate: Rate, now: float) -> None:
        """Take a request out."""
        self._full_at[tenant_id] = self._after_one_more(tenant_id, rate, now)
        if now >= self._swept_at + _SWEEP_SECONDS:
            self._full_at = {tenant: at for tenant, at in self._full_at.items() if at > now}
            self._swept_at = now

    def take(self, tenant_id: str, rate: Rate, now: float) -> float:
        """Seconds until there is room; 0 when the request is taken."""
        wait = self.wait(tenant_id, rate, now)
        if wait == 0:
            self.charge(tenant_id, rate, now)
        return wait

    def _after_one_more(self, tenant_id: str, rate: Rate, now: float) -> float:
        return max(self._full_at.get(tenant_id, now), now) + 1 / rate.per_second
