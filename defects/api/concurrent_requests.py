"""Seeded defects of concurrent requests and rate limits (API-08)."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import count
from types import SimpleNamespace
from typing import Any

from apex.agents.registry import AgentRegistry
from apex.http import fair_use, identity
from apex.http.buckets import Bucket, Buckets
from apex.http.fair_use import FairUse
from apex.http.identity import Identity
from apex.http.problems import Problem
from apex.runtime import service
from apex.settings import Rate, RateLimits
from defects import Scenario
from defects._patching import replace

fifty = Scenario("Fifty concurrent users receive correct responses in time", service="backend")
limited = Scenario("The rate limit refuses only the customer who exceeds it", service="backend")
waited = Scenario("A customer who waits as long as Retry-After says is served", service="backend")
changed = Scenario("A larger plan's rate limit holds from the next log-in", service="backend")
uncounted = Scenario("Rate limiting refuses nobody while Redis is unreachable", service="backend")

_CORRECT = "every response is correct and shows only the customer's own data"
_SERVED = "Acme is served up to the limit of the plan, and every refusal has a Retry-After"
_OTHERS_SERVED = "every request of Borealis and Cumulus succeeds"


@fifty.defect("API-08a", "the caller is cached for a moment, for every request of that moment", step=_CORRECT)
def _() -> None:
    def verify(settings: Any, token: str) -> Identity:
        if not known or time.monotonic() - known[-1][0] > 0.01:
            known.append((time.monotonic(), original(settings, token)))
        return known[-1][1]

    known: list[tuple[float, Identity]] = []
    original = replace(identity, "verify", verify)


@fifty.defect(
    "API-08b",
    "the request ID is the second in which the request comes",
    step="every response and every new resource has a unique ID",
)
def _() -> None:
    replace(service, "uuid", SimpleNamespace(uuid4=lambda: int(time.time())))


@fifty.defect(
    "API-08c",
    "requests are admitted one after the other, and each takes its time",
    step="at least 95 % of all responses arrive within the target time for mixed requests",
)
def _() -> None:
    async def admit(self: FairUse, tenant_id: str, plan: str) -> None:
        async with lock:
            await asyncio.sleep(0.2)

    lock = asyncio.Lock()
    replace(FairUse, "admit", admit)


@fifty.defect("API-08k", "an agent is missing in the list of agents", step=_CORRECT)
def _() -> None:
    original: Any = replace(
        AgentRegistry, "__iter__", lambda self: (agent for agent in original(self) if agent.name != "advisor")
    )


def _admitting(as_whom: Callable[[str, str], tuple[str, str]]) -> None:
    """Requests are counted for another tenant, or by another plan."""
    original: Any = replace(FairUse, "admit", lambda self, tenant_id, plan: original(self, *as_whom(tenant_id, plan)))


@limited.defect("API-08d", "all tenants of a plan share one rate limit", step=_OTHERS_SERVED)
def _() -> None:
    _admitting(lambda tenant_id, plan: (plan, plan))


@limited.defect("API-08e", "every plan has the rate limit of the Free plan", step=_OTHERS_SERVED)
def _() -> None:
    _admitting(lambda tenant_id, plan: (tenant_id, "free"))


@limited.defect("API-08f", "no plan has a rate limit", step=_SERVED)
def _() -> None:
    _admitting(lambda tenant_id, plan: (tenant_id, "platform"))


@limited.defect("API-08h", "each connection of a tenant has a rate limit of its own", step=_SERVED)
def _() -> None:
    numbers = count()
    _admitting(lambda tenant_id, plan: (f"{tenant_id}:{next(numbers) % 8}", plan))


@limited.defect("API-08g", "refusals have no Retry-After", step=_SERVED)
def _() -> None:
    def rate_limited(*limit: Any) -> Problem:
        problem: Problem = original(*limit)
        problem.headers.clear()
        return problem

    original = replace(fair_use, "rate_limited", rate_limited)


@limited.defect("API-08l", "the Free plan allows more than is agreed, and says so", step=_SERVED)
def _() -> None:
    def created(self: FairUse, limits: RateLimits, buckets: Buckets) -> None:
        original(self, limits.model_copy(update={"free": Rate(burst=240, per_second=5)}), buckets)

    original = replace(FairUse, "__init__", created)


@waited.defect("API-08i", "refused requests count towards the rate limit", step="the response is a success")
def _() -> None:
    async def take(self: Buckets, buckets: Sequence[Bucket]) -> float:
        seconds: float = await original(self, buckets)
        [bucket] = buckets
        requests[bucket.name] += 1
        return seconds or float(requests[bucket.name] > bucket.rate.burst)

    requests: Counter[str] = Counter()
    original = replace(Buckets, "take", take)


@changed.defect(
    "API-08m", "what the smaller plan has used counts against the larger one", step="every response is a success"
)
def _() -> None:
    async def take(self: Buckets, buckets: Sequence[Bucket]) -> float:
        shared = [Bucket(bucket.name.rpartition(":")[0], bucket.rate) for bucket in buckets]
        seconds: float = await original(self, shared)
        return seconds

    original = replace(Buckets, "take", take)


@uncounted.defect("API-08j", "requests that cannot be counted are refused", step="every response is a success")
def _() -> None:
    async def shared(self: Buckets, *of: Any) -> float:
        seconds: float | None = await original(self, *of)
        return 1.0 if seconds is None else seconds

    original = replace(Buckets, "_shared", shared)
