"""Seeded defects of many users at once, and of their fair share (API-08)."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count
from types import SimpleNamespace
from typing import Any

from apex.agents.agent import Agent
from apex.agents.registry import AgentRegistry
from apex.http import fair_use, identity
from apex.http.fair_use import FairUse
from apex.http.identity import Identity
from apex.http.problems import Problem
from apex.runtime import service
from apex.settings import Rate, RateLimits
from defects import Scenario
from defects._patching import replace

fifty_people_ask = Scenario("Fifty people ask for different things, side by side", service="backend")


def _many(id: str, summary: str, step: str) -> Callable[[Callable[[], None]], None]:
    return fifty_people_ask.defect(id, summary, step=step)


@_many(
    "API-08a",
    "who asks is remembered for a moment, for everybody who asks meanwhile",
    "everybody has been answered rightly, with nothing of anybody else's",
)
def _() -> None:
    def verify(settings: Any, token: str) -> Identity:
        if not known or time.monotonic() - known[-1][0] > 0.01:
            known.append((time.monotonic(), original(settings, token)))
        return known[-1][1]

    known: list[tuple[float, Identity]] = []
    original = replace(identity, "verify", verify)


@_many(
    "API-08b", "requests are numbered by the second in which they come", "no two things or answers bear the same name"
)
def _() -> None:
    replace(service, "uuid", SimpleNamespace(uuid4=lambda: int(time.time())))


@_many(
    "API-08c",
    "requests wait in line for each other, and each takes its time",
    "nearly all answers have come within the mixed requests budget",
)
def _() -> None:
    async def admit(self: FairUse, tenant_id: str, plan: str) -> None:
        async with line:
            await asyncio.sleep(0.2)

    line = asyncio.Lock()
    replace(FairUse, "admit", admit)


@_many(
    "API-08k",
    "an agent is missing where the agents are listed",
    "everybody has been answered rightly, with nothing of anybody else's",
)
def _() -> None:
    def but_one(self: AgentRegistry) -> Iterator[Agent]:
        return (agent for agent in original(self) if agent.name != "advisor")

    original = replace(AgentRegistry, "__iter__", but_one)


asks_more_than = Scenario(
    "Who asks more than the plan allows is told when to come back, and nobody else is", service="backend"
)


def _limit(id: str, summary: str, step: str) -> Callable[[Callable[[], None]], None]:
    return asks_more_than.defect(id, summary, step=step)


_OTHERS_GRANTED = "Borealis and Cumulus have been granted everything"
_AS_PLANNED = "Acme has been granted what the plan allows, and was told when to come back"


def _admitting(as_whom: Callable[[str, str], tuple[str, str]]) -> None:
    async def admit(self: FairUse, tenant_id: str, plan: str) -> None:
        await original(self, *as_whom(tenant_id, plan))

    original = replace(FairUse, "admit", admit)


@_limit("API-08d", "all tenants of a plan share one bucket", _OTHERS_GRANTED)
def _() -> None:
    _admitting(lambda tenant_id, plan: (plan, plan))


@_limit("API-08e", "every plan is limited like the free one", _OTHERS_GRANTED)
def _() -> None:
    _admitting(lambda tenant_id, plan: (tenant_id, "free"))


@_limit("API-08f", "no plan is limited", _AS_PLANNED)
def _() -> None:
    _admitting(lambda tenant_id, plan: (tenant_id, "platform"))


@_limit("API-08g", "who is refused is not told when to come back", _AS_PLANNED)
def _() -> None:
    def rate_limited(seconds: int, burst: int, per_second: float) -> Problem:
        problem: Problem = original(seconds, burst, per_second)
        problem.headers.clear()
        return problem

    original = replace(fair_use, "rate_limited", rate_limited)


@_limit("API-08h", "each line of a tenant has a bucket of its own", _AS_PLANNED)
def _() -> None:
    numbers = count()
    _admitting(lambda tenant_id, plan: (f"{tenant_id}:{next(numbers) % 8}", plan))


@_limit("API-08l", "the free plan allows more than is agreed, and says so", _AS_PLANNED)
def _() -> None:
    def created(self: FairUse, limits: RateLimits, redis_url: str) -> None:
        original(self, limits.model_copy(update={"free": Rate(burst=240, per_second=5)}), redis_url)

    original = replace(FairUse, "__init__", created)


comes_back_when = Scenario("Who comes back when they were told to is answered again", service="backend")


@comes_back_when.defect(
    "API-08i", "what was refused is taken out of the bucket all the same", step="Acme's request is granted"
)
def _() -> None:
    async def wait(self: FairUse, tenant_id: str, rate: Rate) -> float:
        seconds: float = await original(self, tenant_id, rate)
        asked[tenant_id] += 1
        return seconds or float(asked[tenant_id] > rate.burst)

    asked: Counter[str] = Counter()
    original = replace(FairUse, "_wait", wait)


where_nobody_can = Scenario("Where nobody can count, nobody is refused for it", service="backend")


@where_nobody_can.defect("API-08j", "who cannot be counted is refused", step="each of these doors was open to Acme")
def _() -> None:
    async def shared(self: FairUse, tenant_id: str, rate: Rate) -> float:
        seconds: float | None = await original(self, tenant_id, rate)
        return 1.0 if seconds is None else seconds

    original = replace(FairUse, "_shared", shared)
