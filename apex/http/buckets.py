"""Buckets: how often something may be done, counted together by all instances of all services.

A bucket holds ``burst`` and is refilled with ``per_second``. It is kept in Redis. Where Redis cannot be reached, each
process counts for itself until Redis is back. It counts all the time, so that a change from one to the other gives
nobody a full bucket.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import redis.asyncio
import structlog

from apex.settings import Rate
from apex.storage.redis_address import RedisAddress, connecting
from apex.storage.stream import LINE_ERRORS, over_broken_lines

log = structlog.get_logger()

# The generic cell rate algorithm: all that is kept of a bucket is the moment at which it will be full again. One that
# has become smaller is at most empty: nobody waits for what a larger one had granted.
# For each key its interval and burst. Returns the seconds until there is room in all, 0 when all were taken from.
_TAKE = """
local now = redis.call('TIME')
now = tonumber(now[1]) + tonumber(now[2]) / 1000000
local full, wait = {}, 0
for i, key in ipairs(KEYS) do
    local interval, burst = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
    local empty = now + burst * interval
    full[i] = math.min(math.max(tonumber(redis.call('GET', key) or now), now), empty) + interval
    wait = math.max(wait, full[i] - empty)
end
if wait > 0 then return string.format('%.6f', wait) end
for i, key in ipairs(KEYS) do
    redis.call('SET', key, string.format('%.6f', full[i]), 'PX', math.ceil((full[i] - now) * 1000))
end
return '0'
"""
_GIVE_BACK = """
local now = redis.call('TIME')
now = tonumber(now[1]) + tonumber(now[2]) / 1000000
for i, key in ipairs(KEYS) do
    local full = tonumber(redis.call('GET', key) or now) - tonumber(ARGV[2 * i - 1])
    if full > now then
        redis.call('SET', key, string.format('%.6f', full), 'PX', math.ceil((full - now) * 1000))
    else
        redis.call('DEL', key)
    end
end
return '0'
"""
_PATIENCE_SECONDS = 0.5
_CONNECTIONS = 16
# After a failure Redis is left alone for so long: nobody's request waits for it meanwhile.
_AWAY_SECONDS = 1.0
_SWEEP_SECONDS = 1.0


@dataclass(frozen=True)
class Bucket:
    """``name`` tells it from all others."""

    name: str
    rate: Rate


class Buckets:
    """All buckets; belongs to an event loop."""

    def __init__(self, address: RedisAddress) -> None:
        pool = redis.asyncio.BlockingConnectionPool.from_url(
            **connecting(address),
            max_connections=_CONNECTIONS,
            timeout=_PATIENCE_SECONDS,
            decode_responses=True,
            # One line that was reset is no reason to count apart from the others: whoever asks would get twice as much.
            retry=over_broken_lines(1),
            socket_timeout=_PATIENCE_SECONDS,
            socket_connect_timeout=_PATIENCE_SECONDS,
        )
        client = redis.asyncio.Redis(connection_pool=pool)
        self._take, self._give_back = client.register_script(_TAKE), client.register_script(_GIVE_BACK)
        self._away_until = 0.0
        self._own = OwnBuckets()

    async def take(self, buckets: Sequence[Bucket]) -> float:
        """Take one out of each; 0, or the seconds until there is room in all, and then nothing is taken."""
        # What this process alone has granted cannot be more than all have. It dates it before Redis does, and so is
        # never the stricter one.
        now = time.monotonic()
        own = self._own.wait(buckets, now)
        if own > 0:
            return own
        shared = await self._shared(self._take, buckets)
        if shared is None:
            return self._own.take(buckets, now)
        if shared == 0:
            self._own.charge(buckets, now)
        return shared

    async def give_back(self, buckets: Sequence[Bucket]) -> None:
        """Put back what was taken."""
        self._own.give_back(buckets)
        await self._shared(self._give_back, buckets)

    async def _shared(self, script: redis.commands.core.AsyncScript, buckets: Sequence[Bucket]) -> float | None:
        """What Redis says; None where that is not known."""
        if time.monotonic() < self._away_until:
            return None
        names = [bucket.name for bucket in buckets]
        numbers = [number for each in buckets for number in (1 / each.rate.per_second, each.rate.burst)]
        try:
            return float(await script(keys=names, args=numbers))
        except LINE_ERRORS as error:
            log.warning("what is allowed is counted by this process alone", reason=type(error).__name__)
            self._away_until = time.monotonic() + _AWAY_SECONDS
            return None


class OwnBuckets:
    """The buckets as this process knows them; those that are full again are forgotten."""

    def __init__(self) -> None:
        self._full_at: dict[str, float] = {}
        self._swept_at = 0.0

    def wait(self, buckets: Sequence[Bucket], now: float) -> float:
        """Seconds until there is room in all; 0 when there is."""
        return max(0.0, *(self._after_one_more(b, now) - _empty(b, now) for b in buckets))

    def charge(self, buckets: Sequence[Bucket], now: float) -> None:
        """Take one out of each."""
        self._full_at.update({bucket.name: self._after_one_more(bucket, now) for bucket in buckets})
        if now >= self._swept_at + _SWEEP_SECONDS:
            self._full_at = {name: at for name, at in self._full_at.items() if at > now}
            self._swept_at = now

    def take(self, buckets: Sequence[Bucket], now: float) -> float:
        """Seconds until there is room in all; 0 when one was taken out of each."""
        wait = self.wait(buckets, now)
        if wait == 0:
            self.charge(buckets, now)
        return wait

    def give_back(self, buckets: Sequence[Bucket]) -> None:
        """Put back what was taken."""
        for bucket in buckets:
            if bucket.name in self._full_at:
                self._full_at[bucket.name] -= 1 / bucket.rate.per_second

    def _after_one_more(self, bucket: Bucket, now: float) -> float:
        full_at = max(self._full_at.get(bucket.name, now), now)
        return min(full_at, _empty(bucket, now)) + 1 / bucket.rate.per_second


def _empty(bucket: Bucket, now: float) -> float:
    """When it is full again if it is empty now."""
    return now + bucket.rate.burst / bucket.rate.per_second
