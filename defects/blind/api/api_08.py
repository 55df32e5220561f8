"""Blind defects of API-08."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Sequence
from typing import Any

import structlog

from defects import blind_defect
from defects._patching import around, replace


def _may_be_in_debt() -> None:
    """A bucket out of which more was taken than it holds is not just empty."""
    from apex.http.buckets import Bucket, OwnBuckets

    def after_one_more(self: Any, bucket: Bucket, now: float) -> float:
        return float(max(self._full_at.get(bucket.name, now), now) + 1 / bucket.rate.per_second)

    replace(OwnBuckets, "_after_one_more", after_one_more)


@blind_defect(
    "API-08ra",
    "a request that is refused as one too many counts all the same",
    service="backend",
    scenario="A larger plan's rate limit holds from the next log-in",
    step="the answers oracle finds nothing",
)
def _() -> None:
    # Observable: on the plan free (burst 200, 5 per second) ask 250 times at once and then go on asking ten times a
    # second: there is room for five a second, and not one more request is answered. Who waits for the Retry-After (1 s)
    # of the last of the refusals is refused again.
    import time

    from apex.http.buckets import Bucket, Buckets

    _may_be_in_debt()

    async def take(self: Any, buckets: Sequence[Bucket]) -> float:
        now = time.monotonic()
        own: float = self._own.wait(buckets, now)
        self._own.charge(buckets, now)
        if own > 0:
            return own
        shared: float | None = await self._shared(self._take, buckets)
        return 0.0 if shared is None else shared

    replace(Buckets, "take", take)


@blind_defect(
    "API-08ta",
    "the time after which a tenant may ask again is rounded, not rounded up",
    service="backend",
    scenario="A larger plan's rate limit holds from the next log-in",
    step="Acme changes to an Enterprise plan as soon as Retry-After allows, logs in again and makes ten requests",
)
def _() -> None:
    # Observable: use the plan's burst up and be answered 429; Retry-After is "0" (as there is room after 0.2 s) and the
    # text says "in 0 s": who keeps to it is refused again at once.
    from apex.http.buckets import Bucket
    from apex.http.fair_use import FairUse
    from apex.http.problems import rate_limited

    async def admit(self: Any, tenant_id: str, plan: str) -> None:
        rate = getattr(self._limits, plan, self._limits.free)
        if rate is None:
            return
        wait = await self._buckets.take([Bucket(f"fair_use:{tenant_id}:{plan}", rate)])
        if wait > 0:
            raise rate_limited(round(wait), rate.burst, rate.per_second)

    replace(FairUse, "admit", admit)


@blind_defect(
    "API-08ua",
    "what a plan allows is counted for each user, not for the tenant",
    service="backend",
    scenario="Colleagues share the rate limit of their organisation",
    step="Acme and Ben of Acme together are served up to the limit of the plan",
)
def _() -> None:
    # Observable: two users of a free tenant each get the whole burst before one is answered 429.
    from structlog.contextvars import get_contextvars

    from apex.http.fair_use import FairUse

    @around(FairUse, "admit")
    async def _(original: Any, self: Any, tenant_id: str, plan: str) -> None:
        await original(self, str(get_contextvars().get("user_id", tenant_id)), plan)


@blind_defect(
    "API-08ub",
    "who asks too often is told to wait for too short: Retry-After is rounded down",
    service="backend",
    scenario="A larger plan's rate limit holds from the next log-in",
    step="Acme changes to an Enterprise plan as soon as Retry-After allows, logs in again and makes ten requests",
)
def _() -> None:
    # Observable: 429 with Retry-After 0 (and "try again in 0 s") when there is room in less than a second: whoever
    # keeps to it is refused again.
    from types import SimpleNamespace

    from apex.http import fair_use

    replace(fair_use, "math", SimpleNamespace(ceil=int))


@blind_defect(
    "API-08va",
    "requests that are refused count as well: who keeps asking is never let in again",
    service="backend",
    scenario="A larger plan's rate limit holds from the next log-in",
    step="the answers oracle finds nothing",
)
def _() -> None:
    # Observable: a tenant that asks ten times a second is let in sixty times, and then not twice a second but never,
    # and neither are its colleagues who wait as they were told.
    import time

    from apex.http.buckets import Buckets

    _may_be_in_debt()

    @around(Buckets, "take")
    async def take(original: Any, self: Any, buckets: Any) -> float:
        wait: float = await original(self, buckets)
        if wait > 0:
            self._own.charge(buckets, time.monotonic())
            wait = max(wait, self._own.wait(buckets, time.monotonic()))
        return wait


@blind_defect(
    "API-08wa",
    "only what changes something counts: a tenant may read as often as it likes",
    service="backend",
    scenario="Colleagues share the rate limit of their organisation",
    step="Acme and Ben of Acme together are served up to the limit of the plan",
)
def _() -> None:
    # Observable: a Free tenant sends a thousand GETs at once; none is answered with 429.
    from contextvars import ContextVar

    from apex.http.fair_use import FairUse
    from apex.runtime.service import RequestContext

    method: ContextVar[str] = ContextVar("method", default="")

    @around(RequestContext, "__call__")
    async def _(original: Any, self: Any, scope: Any, *of: Any) -> None:
        method.set(scope.get("method", ""))
        await original(self, scope, *of)

    @around(FairUse, "admit")
    async def _(original: Any, self: Any, tenant_id: str, plan: str) -> None:
        if method.get() not in ("GET", "HEAD"):
            await original(self, tenant_id, plan)


@blind_defect(
    "API-08xa",
    "a tenant that changes to another plan keeps the rate of its first",
    service="backend",
    scenario="A larger plan's rate limit holds from the next log-in",
    step="every response is a success",
)
def _() -> None:
    # Observable: a Free tenant asks, changes to Mid and renews its session: it is refused as a Free one is.
    from apex.http.fair_use import FairUse

    plans: dict[str, str] = {}

    @around(FairUse, "admit")
    def _(original: Any, self: Any, tenant_id: str, plan: str) -> Any:
        return original(self, tenant_id, plans.setdefault(tenant_id, plan))


@blind_defect(
    "API-08ya",
    "each person of a tenant may ask as often as the plan allows the tenant",
    service="backend",
    scenario="Colleagues share the rate limit of their organisation",
    step="Acme and Ben of Acme together are served up to the limit of the plan",
)
def _() -> None:
    # Observable: two colleagues together ask twice as often as their plan allows, and neither sees a 429.
    from apex.http.fair_use import FairUse

    @around(FairUse, "admit")
    async def _admit(original: Any, self: Any, tenant_id: str, plan: str) -> None:
        user_id = structlog.contextvars.get_contextvars().get("user_id", "")
        await original(self, f"{tenant_id}:{user_id}", plan)


@blind_defect(
    "API-08yb",
    "analytics can be asked as often as somebody likes",
    service="analytics",
    scenario="A rate limit holds for job records, too",
    step="Acme is served as often as the limit was refilled meanwhile, and is refused otherwise",
)
def _() -> None:
    # Observable: on the free plan a thousand GET /v1/jobs at once are all answered with 200.
    from apex.http.fair_use import FairUse

    async def admit(*_: Any) -> None:
        return

    replace(FairUse, "admit", admit)


@blind_defect(
    "API-08za",
    "who comes back after the seconds that Retry-After says is refused again",
    service="backend",
    scenario="A customer who waits as long as Retry-After says is served",
    step="the response is a success",
)
def _() -> None:
    # Observable: a 429 of the free plan, half a second before there is room, says "Retry-After: 0".
    from apex.http import fair_use

    @around(fair_use, "rate_limited")
    def _(original: Any, seconds: int, burst: int, per_second: float) -> Any:
        # Rounded down in place of up.
        return original(seconds - 1, burst, per_second)


@blind_defect(
    "API-08zb",
    "each instance of each service grants a tenant the whole rate of its plan",
    service="backend",
    scenario="A rate limit holds for all instances of the API together",
    step="Acme is served as often as the limit was refilled meanwhile, and is refused otherwise",
)
def _() -> None:
    # Observable: a burst that is used up at one backend is there again at the other, or at analytics.
    from apex.http.buckets import Buckets

    async def shared(self: Any, script: Any, buckets: Any) -> None:
        return None

    replace(Buckets, "_shared", shared)


@blind_defect(
    "API-08zc",
    "request ids are so short that some come again in a crowd",
    service="backend",
)
def _() -> None:
    # Observable: of 500 requests, two have the same x-request-id (with five chances in six).
    import secrets
    from types import SimpleNamespace

    from apex.runtime import service

    replace(service, "uuid", SimpleNamespace(uuid4=lambda: secrets.token_hex(2)))


@blind_defect(
    "API-08zd",
    "who asks more often than the plan allows is kept waiting and never told",
    service="backend",
    scenario="The rate limit refuses only the customer who exceeds it",
    step="Acme is served up to the limit of the plan, and every refusal has a Retry-After",
)
def _() -> None:
    # Observable: use the free plan's burst up: no 429, the answers take a second and more.
    from apex.http.buckets import Buckets

    @around(Buckets, "take")
    async def _(original: Any, self: Any, buckets: Any) -> float:
        until = time.monotonic() + 30
        wait: float = await original(self, buckets)
        while 0 < wait < until - time.monotonic():
            await asyncio.sleep(wait)
            wait = await original(self, buckets)
        return wait


@blind_defect(
    "API-08na",
    "Retry-After says when all of a plan's burst is free, not when there is room",
    service="backend",
    scenario="A larger plan's rate limit holds from the next log-in",
    step="the answers oracle finds nothing",
)
def _() -> None:
    # Observable: use up a plan's burst: the 429 says, in Retry-After and in its text, to come back in burst/per_second
    # seconds (40 where 200 and 5 are allowed), although the next request is let in a fraction of a second later.
    from apex.http.buckets import Bucket
    from apex.http.fair_use import FairUse
    from apex.http.problems import rate_limited

    async def admit(self: Any, tenant_id: str, plan: str) -> None:
        rate = getattr(self._limits, plan, self._limits.free)
        if rate is None:
            return
        wait = await self._buckets.take([Bucket(f"fair_use:{tenant_id}:{plan}", rate)])
        if wait > 0:
            until_full = wait + (rate.burst - 1) / rate.per_second
            raise rate_limited(math.ceil(until_full), rate.burst, rate.per_second)

    replace(FairUse, "admit", admit)
