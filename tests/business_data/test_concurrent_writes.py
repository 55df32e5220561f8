"""The matcher over two answers of which only one may be a grant, with what it must not accept."""

import pytest
from hamcrest.core.string_description import StringDescription

from support.business_data.concurrent_writes_matchers import one_is_granted_and_one_refused
from support.platform.dialect import Dialect
from support.platform.outcome import Outcome

CONFLICT = '{"code": "conflict", "detail": "too late"}'


def answer(status: int | None, text: str = "") -> Outcome:
    return Outcome("PATCH", "/x", status, text=text, meaning=Dialect().meaning(status or 0))


@pytest.mark.parametrize("turned", [False, True])
def test_a_grant_and_a_refusal_in_either_order(turned):
    answers = [answer(200), answer(409, CONFLICT)]
    assert one_is_granted_and_one_refused("conflict").matches(answers[::-1] if turned else answers)


@pytest.mark.parametrize(
    "answers",
    [
        [answer(200), answer(200)],
        [answer(409, CONFLICT), answer(409, CONFLICT)],
        [answer(200), answer(503, '{"code": "unavailable"}')],
        [answer(200), answer(409, "no words")],
        [answer(200), answer(None)],
        [answer(200)],
        [],
    ],
    ids=["two grants", "two refusals", "another refusal", "unexplained", "no answer", "one answer", "nothing"],
)
def test_anything_else_is_not(answers):
    matcher, described = one_is_granted_and_one_refused("conflict"), StringDescription()
    assert not matcher.matches(answers)
    matcher.describe_mismatch(answers, described)
    assert "they were" in str(described)
