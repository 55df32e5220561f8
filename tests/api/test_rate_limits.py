"""Successes up to the rate limit, and refusals that say when to come back."""

import pytest

from support.api.calls import Call
from support.api.rate_limits import PlanLimit, have_only_what_was_refilled, keep_to
from support.scenario.verdict import NotShown
from tests.api.responses import PLACE, mismatch, response

LIMIT = PlanLimit(burst=3, per_second=2)


def refused(status: int = 429, code: str = "rate_limited", after: str = "1", burst: int = 3) -> Call:
    body = {"code": code, "detail": "Later.", "limit": {"burst": burst, "per_second": 2}}
    return Call(PLACE, response(status, body, sent_at=1.0, retry_after=after))


def served(count: int) -> list[Call]:
    return [Call(PLACE, response(200, sent_at=number / 10)) for number in range(count)]


@pytest.mark.parametrize("count", [3, 5, 6])
def test_as_many_as_the_limit_allows(count):
    assert keep_to(LIMIT).matches([*served(count), refused()])


@pytest.mark.parametrize(
    ("calls", "fault"),
    [
        ([], "all of 0"),
        (served(3), "all of 3"),
        ([*served(2), refused()], "2 requests were served"),
        ([*served(7), refused()], "7 requests were served"),
        ([*served(3), refused(status=503)], "another reason"),
        ([*served(3), refused(code="too_busy")], "another reason"),
        ([*served(3), refused(after="")], "Retry-After is ''"),
        ([*served(3), refused(after="0")], "Retry-After is '0'"),
        ([*served(3), refused(burst=4)], "said to be"),
        ([*served(8), refused(burst=8)], "said to be"),
        ([*served(3), Call(PLACE, response(429, {"code": "rate_limited"}, sent_at=1.0, retry_after="1"))], "None"),
    ],
)
def test_what_the_limit_does_not_allow(calls, fault):
    assert fault in mismatch(keep_to(LIMIT), calls)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_what_was_refilled_may_be_served(count):
    # The last of them was sent a second after the limit was exhausted: two were refilled, and one may be just then.
    assert have_only_what_was_refilled(LIMIT, since=0.0).matches([*served(count), *[refused()] * 10])


@pytest.mark.parametrize(
    ("calls", "fault"),
    [
        ([*served(4), *[refused()] * 10], "4 of 14 were served, 3 refilled"),
        ([*served(1), *[refused(code="too_busy")] * 10], "the refusals have the codes ['too_busy']"),
        ([Call(PLACE, response(404, sent_at=1.0))] * 10, "10 of 10 were served, 3 refilled"),
    ],
)
def test_more_than_was_refilled(calls, fault):
    assert fault in mismatch(have_only_what_was_refilled(LIMIT, since=0.0), calls)


def test_whoever_took_too_long_has_shown_nothing():
    with pytest.raises(NotShown, match=r"21 requests were refilled in 10\.0 s, 11 were made"):
        have_only_what_was_refilled(LIMIT, since=-9.0).matches([*served(1), *[refused()] * 10])
