"""A few guesses are checked, and every other has to wait."""

import pytest

from support.api.calls import Call, Calls
from support.api.log_in_limits import are_bounded_by
from support.api.rate_limits import PlanLimit
from tests.api.responses import PLACE, mismatch, response

BOUNDED = are_bounded_by(PlanLimit(burst=3, per_second=0.5))


def checked(count: int) -> list[Call]:
    return [Call(PLACE, response(401))] * count


def refused(status: int = 429, after: str = "2", sent_at: float = 0.0) -> Call:
    return Call(PLACE, response(status, sent_at=sent_at, retry_after=after))


@pytest.mark.parametrize(
    "calls", [[*checked(3), refused()], [*checked(4), refused()], [*checked(5), refused(sent_at=2.0)]]
)
def test_as_many_as_the_limit_allows(calls):
    assert BOUNDED.matches(Calls(calls))


@pytest.mark.parametrize(
    ("calls", "fault"),
    [
        ([*checked(9), refused()], "9 guesses were checked"),
        ([*checked(2), refused()], "2 guesses were checked"),
        ([*checked(3), refused(after="")], "it was"),
        ([*checked(3), refused(after="0")], "it was"),
        ([*checked(3), refused(status=503)], "it was"),
        ([*checked(3), Call(PLACE, response(200))], "it was"),
    ],
)
def test_anything_else_is_a_fault(calls, fault):
    assert fault in mismatch(BOUNDED, Calls(calls))
