"""Customers who exceed the rate limit of their plan, and customers who stay within theirs meanwhile."""

import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from hamcrest.core.base_matcher import BaseMatcher

from support.api.calls import Call
from support.load.http_crowd import CrowdRequest, HttpCrowd
from support.matchers.faultless import faultless
from support.platform.dialect import Meaning
from support.platform.driver import Caller
from support.platform.http import HttpDriver
from support.platform.outcome import Outcome
from support.scenario import waiting
from support.scenario.users import Plan, User
from support.scenario.verdict import NotShown
from support.scenario.world import World

_ENDPOINT = "the list of agents"
# More than the Free plan allows, with what is refilled meanwhile; less than any other plan allows.
_MORE_THAN_FREE = 280
_CONNECTIONS = 20
_A_FEW = 10


@dataclass(frozen=True, slots=True)
class PlanLimit:
    """What a plan allows: ``burst`` requests at once, ``per_second`` in the long run."""

    burst: int
    per_second: float


LIMITS = {Plan.FREE: PlanLimit(burst=200, per_second=5)}
"""The rate limits that are agreed for the test environment; written down here, because the platform must keep them."""


@dataclass(frozen=True, slots=True)
class LimitedCalls:
    """The calls of each customer, by alias, in the order in which they were made."""

    of: Mapping[str, Sequence[Call]]


@dataclass(frozen=True, slots=True)
class LastRefusal:
    """The last response that told a customer to wait."""

    answer: Outcome


def _list_agents(platform: HttpDriver, user: User) -> Outcome:
    return platform.agents(user)


def exceed(world: World, greedy: Sequence[User], modest: User) -> None:
    """Some make far more requests than a Free plan allows, another one a few meanwhile and right afterwards."""
    plans = {
        f"{user} {connection}": [CrowdRequest(user, _list_agents)] * (_MORE_THAN_FREE // _CONNECTIONS)
        for user in greedy
        for connection in range(_CONNECTIONS)
    }
    plans["a few"] = [CrowdRequest(modest, _list_agents, after=number / 10) for number in range(_A_FEW)]
    made = [(request.who, answer) for request, answer in HttpCrowd(world, plans).answers()]
    # However slow the others were: now their limits are used up.
    made += [(modest, world.platform.agents(modest)) for _ in range(_A_FEW)]
    in_order = sorted(made, key=lambda each: each[1].sent_at)
    people = {user.alias: user for user in (*greedy, modest)}
    calls = {
        alias: [Call(_ENDPOINT, answer) for who, answer in in_order if who is user] for alias, user in people.items()
    }
    world.keep(LimitedCalls(calls))


def exhaust(world: World, user: User) -> None:
    """The user makes requests until the rate limit is reached.

    :raises NotShown: it never was.
    """
    exceed(world, [user], user)
    refused = [call.answer for call in calls_of(world, user) if call.answer.meaning is Meaning.RATE_LIMITED]
    if not refused:
        raise NotShown(f"{user} was never refused")
    world.keep(LastRefusal(refused[-1]))


def calls_of(world: World, user: User) -> Sequence[Call]:
    """The customer's calls."""
    return world.kept(LimitedCalls).of[user.alias]


def wait_as_told(world: World) -> None:
    """Wait as long as the last refusal's Retry-After said; without Retry-After not at all."""
    refusal = world.kept(LastRefusal).answer
    seconds = float(refusal.headers.get("retry-after", "0"))
    again = refusal.sent_at + refusal.seconds + seconds
    waiting.wait_for(time.monotonic, lambda now: now >= again, seconds + 1, "the end of Retry-After")


def after_waiting(world: World, user: User) -> list[Call]:
    """The user waits as long as Retry-After said, and calls again."""
    wait_as_told(world)
    return [Call(_ENDPOINT, world.platform.agents(user))]


def call_ten_times(world: World, user: User) -> list[Call]:
    """The user calls the API, one call after the other."""
    return [Call(_ENDPOINT, world.platform.agents(user)) for _ in range(10)]


def ask_for_jobs(world: World, who: Caller) -> Call:
    """Somebody asks for the job records of a run; that there is none is not the point."""
    return Call("the job records", world.platform.jobs(who, str(uuid.uuid4())))


def ask_for_allowance(world: World, user: User, instance: str) -> Call:
    """The user asks one instance of the API for the allowance; whether there is one is not the point."""
    return Call("the allowance", world.platform.allowance(user, instance=instance))


# -- matchers ---------------------------------------------------------------------------------------------------------


def have_only_what_was_refilled(limit: PlanLimit, since: float) -> BaseMatcher[Sequence[Call]]:
    """Of an exhausted limit no more was served than was refilled since a moment (monotonic seconds); the rest is
    refused with the published code.
    """

    def faults_of(calls: Sequence[Call]) -> list[str]:
        served = [call for call in calls if call.answer.meaning is not Meaning.RATE_LIMITED]
        seconds = calls[-1].answer.sent_at + calls[-1].answer.seconds - since
        refilled = int(seconds * limit.per_second) + 1
        found = [f"{len(served)} of {len(calls)} were served, {refilled} refilled"] if len(served) > refilled else []
        if refilled >= len(calls):
            raise NotShown(f"{refilled} requests were refilled in {seconds:.1f} s, {len(calls)} were made")
        codes = {call.answer.problem.code for call in calls if call not in served and call.answer.problem}
        return found if codes == {"rate_limited"} else [*found, f"the refusals have the codes {sorted(codes)}"]

    return faultless("served as often as the limit was refilled, refused otherwise", faults_of)


def keep_to(limit: PlanLimit) -> BaseMatcher[Sequence[Call]]:
    """More was requested than the limit allows; that was served, and no more than was refilled meanwhile.

    Each refusal has the published code, the limit of the plan, and in Retry-After the seconds until there is room.
    """

    def faults_of(calls: Sequence[Call]) -> list[str]:
        answers = [call.answer for call in calls]
        served = sum(answer.done for answer in answers)
        if served == len(answers):
            return [f"all of {served} requests were served"]
        wrong = [f"{fault}: {answer}" for answer in answers if not answer.done and (fault := _fault(answer, limit))]
        took = max(each.sent_at + each.seconds for each in answers) - min(each.sent_at for each in answers)
        most = limit.burst + limit.per_second * took + 1
        if not limit.burst <= served <= most:
            wrong.append(f"{served} requests were served in {took:.1f} s, expected {limit.burst} to {most:.0f}")
        return wrong

    return faultless(f"as many successes as {limit} allows, and Retry-After with every refusal", faults_of)


def _fault(answer: Outcome, limit: PlanLimit) -> str | None:
    problem = answer.problem
    if answer.meaning is not Meaning.RATE_LIMITED or problem is None or problem.code != "rate_limited":
        return "refused for another reason"
    if (named := problem.extra.get("limit")) != asdict(limit):
        return f"the limit is said to be {named}"
    after = answer.headers.get("retry-after", "")
    return None if after.isdigit() and int(after) >= 1 else f"Retry-After is {after!r}"
