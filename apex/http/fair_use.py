"""Fair use: how often the people of a tenant may ask, by the tenant's plan."""

from __future__ import annotations

import math

from apex.http.buckets import Bucket, Buckets
from apex.http.problems import rate_limited
from apex.settings import Rate, RateLimits


class FairUse:
    """The tenants' buckets of requests. Nobody is refused because Redis, which keeps them, cannot be reached."""

    def __init__(self, limits: RateLimits, buckets: Buckets) -> None:
        self._limits, self._buckets = limits, buckets

    async def admit(self, tenant_id: str, plan: str) -> None:
        """Take a request out of the tenant's bucket.

        Raises:
            Problem: 429, saying when there will be room again.
        """
        rate: Rate | None = getattr(self._limits, plan, self._limits.free)
        if rate is None:
            return
        # Of each plan another one: what a slower rate has left behind would empty the bucket of a faster one for long.
        wait = await self._buckets.take([Bucket(f"fair_use:{tenant_id}:{plan}", rate)])
        if wait > 0:
            raise rate_limited(math.ceil(wait), rate.burst, rate.per_second)
