"""Customers who ask more than their plan allows, those who ask now and then beside them, and what both are told."""

import time

from support.api import access, endpoints
from support.api.owned_resources import Belongings
from support.api.rate_limit_matchers import Allowed
from support.api.rights import rights_of
from support.load.http_crowd import Crowd, Request
from support.platform.outcome import Outcome
from support.scenario import waiting
from support.scenario.users import Plan, User
from support.scenario.verdict import NotShown
from support.scenario.world import World

GRANTS = "what was granted beside each other"
_USED_UP = "the refusal"
OPEN = "doors tried uncounted"
ALLOWED = {Plan.FREE: Allowed(burst=200, per_second=5)}
"""How often an organisation may ask by its plan, as it is agreed for the environment of tests; written down here, and
not taken from the platform, which must keep it.
"""
_ASKING = "/v1/agents"
# More than the free plan allows at once, with what comes in addition meanwhile; less than any other plan allows.
_MORE_THAN_FREE = 280
_LINES = 20
_NOW_AND_THEN = 10
_RETRY = "retry-after"


def ask_too_often(world: World, greedy: list[User], modest: User) -> None:
    """Have some ask far more often than a free plan allows, and somebody beside them and right after them."""
    members = {
        f"{user} {line}": [Request(user, "GET", _ASKING)] * (_MORE_THAN_FREE // _LINES)
        for user in greedy
        for line in range(_LINES)
    }
    members["now and then"] = [Request(modest, "GET", _ASKING, after=number / 10) for number in range(_NOW_AND_THEN)]
    answers = Crowd(world, members).answers()
    # However slowly the others asked, by now there is nothing left of what is theirs.
    last = [world.platform.agents(modest) for _ in range(_NOW_AND_THEN)]
    granted = {user.alias: [answer for request, answer in answers if request.who is user] for user in (*greedy, modest)}
    granted[modest.alias] += last
    world.facts[GRANTS] = granted


def answers_to(world: World, user: User) -> list[Outcome]:
    """What the customer was answered in the order of asking."""
    answers: list[Outcome] = world.recall(GRANTS, dict)[user.alias]
    return sorted(answers, key=lambda answer: answer.sent_at)


def use_up(world: World, user: User) -> None:
    """The customer asks until there is no more to be had.

    :raises NotShown: there is no end to it.
    """
    ask_too_often(world, [user], user)
    refused = [answer for answer in answers_to(world, user) if answer.status == 429]
    if not refused:
        raise NotShown(f"{user} was never refused")
    world.facts[_USED_UP] = refused[-1]


def come_back(world: World, user: User) -> None:
    """The customer waits as long as the last refusal said, and asks again; a refusal without a time is not waited."""
    refusal = world.recall(_USED_UP, Outcome)
    told = float(refusal.headers.get(_RETRY, "0"))
    again = refusal.sent_at + refusal.seconds + told
    waiting.wait_for(time.monotonic, lambda now: now >= again, told + 1, "the time that was told")
    world.outcome = world.platform.agents(user)


def try_doors_uncounted(world: World) -> None:
    """The owner looks behind every door for owners while what requests are counted in cannot be reached."""
    owned = world.recall(access.OWNED, Belongings)
    # Reading alone: a run's story is kept where requests are counted, and would not be complete.
    open_to = [door for door in endpoints.doors(world) if door.method == "GET" and "owner" in (rights_of(door) or ())]
    world.faults.cut_off("redis")
    tried = endpoints.try_all(world, open_to, owned.owner, owned.ids)
    world.faults.heal("redis")
    world.facts[OPEN] = tried
