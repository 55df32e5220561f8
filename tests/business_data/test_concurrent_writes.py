"""The matcher over two requests of which only one can succeed, with what it must not accept."""

import pytest
from hamcrest.core.string_description import StringDescription

from support.business_data.concurrent_writes import one_succeeds_and_one_is_refused
from support.platform.drivers.apex import DIALECT
from support.platform.outcome import Outcome

CONFLICT = '{"code": "conflict", "detail": "too late"}'


def outcome(status: int | None, text: str = "") -> Outcome:
    return Outcome("PATCH", "/x", status, text=text, meaning=DIALECT.meaning(status or 0))


@pytest.mark.parametrize("turned", [False, True])
def test_a_success_and_a_refusal_in_either_order(turned):
    outcomes = [outcome(200), outcome(409, CONFLICT)]
    assert one_succeeds_and_one_is_refused("conflict").matches(outcomes[::-1] if turned else outcomes)


@pytest.mark.parametrize(
    "outcomes",
    [
        [outcome(200), outcome(200)],
        [outcome(409, CONFLICT), outcome(409, CONFLICT)],
        [outcome(200), outcome(503, '{"code": "unavailable"}')],
        [outcome(200), outcome(409, "no words")],
        [outcome(200), outcome(None)],
        [outcome(200), outcome(200), outcome(409, CONFLICT)],
        [outcome(200)],
        [],
    ],
    ids=["two successes", "two refusals", "another", "unexplained", "no response", "three", "one", "nothing"],
)
def test_anything_else_is_not(outcomes):
    matcher, described = one_succeeds_and_one_is_refused("conflict"), StringDescription()
    assert not matcher.matches(outcomes)
    matcher.describe_mismatch(outcomes, described)
    assert str(described) == f"they were: {'; '.join(map(str, outcomes)) or 'none'}"
