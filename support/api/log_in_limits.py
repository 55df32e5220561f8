"""Guessing passwords: how many guesses are checked, and how the owner gets in meanwhile and afterwards."""

import secrets
import time
from concurrent.futures import ThreadPoolExecutor

from hamcrest.core.base_matcher import BaseMatcher

from support.api.calls import Call, Calls, call_of
from support.api.rate_limits import LastRefusal, PlanLimit
from support.matchers.faultless import faultless
from support.platform.dialect import Meaning
from support.platform.driver import Anyone
from support.platform.outcome import Outcome
from support.scenario import waiting
from support.scenario.users import User
from support.scenario.verdict import NotShown
from support.scenario.world import World

LIMIT = PlanLimit(burst=10, per_second=0.5)
"""Failed log-ins to an account from one address, as agreed for the test environment."""
_GUESSES = 100
_AT_ONCE = 20


def guess(world: World, user: User) -> list[Call]:
    """Many log-ins to the user's account with wrong passwords, many at a time."""

    def ask(_: int) -> Call:
        return call_of(world.platform.log_in(Anyone(), email=user.email, password=secrets.token_hex(12)))

    with ThreadPoolExecutor(_AT_ONCE) as together:
        return list(together.map(ask, range(_GUESSES)))


def exhaust(world: World, user: User) -> None:
    """The log-in limit of the user's account is exhausted.

    :raises NotShown: no guess was refused.
    """
    refused = [call.answer for call in guess(world, user) if call.answer.meaning is Meaning.RATE_LIMITED]
    if not refused:
        raise NotShown(f"nobody who guessed {user}'s password was ever told to wait")
    world.keep(LastRefusal(max(refused, key=lambda answer: answer.sent_at)))


def log_in_on_known_device(world: World, user: User) -> Outcome:
    """The user logs in where the user has logged in before."""
    return _log_in(world, user, user.device_token)


def log_in_after_waiting(world: World, user: User) -> list[Call]:
    """The user waits as long as Retry-After said, and logs in where nobody knows the user."""
    refusal = world.kept(LastRefusal).answer
    seconds = float(refusal.headers.get("retry-after", "0"))
    again = refusal.sent_at + refusal.seconds + seconds
    waiting.wait_for(time.monotonic, lambda now: now >= again, seconds + 1, "the end of Retry-After")
    return [call_of(_log_in(world, user, None))]


def _log_in(world: World, user: User, device_token: str | None) -> Outcome:
    return world.platform.log_in(Anyone(), email=user.email, password=user.password, device_token=device_token)


def are_bounded_by(limit: PlanLimit) -> BaseMatcher[Calls]:
    """As many guesses as the limit allows are checked, with what was refilled meanwhile; every other has to wait."""

    def faults_of(calls: Calls) -> list[str]:
        answers = [call.answer for call in calls.made]
        checked = [answer for answer in answers if answer.meaning is Meaning.UNAUTHENTICATED]
        wrong = [f"it was {answer}" for answer in answers if answer not in checked and not _has_to_wait(answer)]
        took = max(each.sent_at + each.seconds for each in answers) - min(each.sent_at for each in answers)
        most = limit.burst + limit.per_second * took + 1
        if not limit.burst <= len(checked) <= most:
            wrong.append(f"{len(checked)} guesses were checked in {took:.1f} s, expected {limit.burst} to {most:.0f}")
        return wrong

    return faultless(f"guesses that are checked up to {limit}, and Retry-After with every other", faults_of)


def _has_to_wait(answer: Outcome) -> bool:
    after = answer.headers.get("retry-after", "")
    return answer.meaning is Meaning.RATE_LIMITED and after.isdigit() and int(after) >= 1
