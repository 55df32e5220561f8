"""The matchers over outcomes, with what they must not accept."""

import pytest
from hamcrest.core.string_description import StringDescription

from support.matchers.outcomes import all_succeed, succeeds
from support.platform.drivers.apex import DIALECT
from support.platform.outcome import Outcome


def outcome(status: int | None, text: str = "") -> Outcome:
    return Outcome("POST", "/x", status, text=text, error="reset", meaning=DIALECT.meaning(status or 0))


def test_a_success_is_accepted():
    assert succeeds().matches(outcome(201))
    assert all_succeed().matches([outcome(200), outcome(204)])


@pytest.mark.parametrize(
    ("failed", "named"),
    [(outcome(409, "too late"), "POST /x: 409 conflict too late"), (outcome(None), "POST /x: no answer (reset)")],
)
def test_a_failure_is_not_and_is_named(failed, named):
    described = StringDescription()
    assert not succeeds().matches(failed)
    assert not all_succeed().matches([outcome(200), failed])
    all_succeed().describe_mismatch([outcome(200), failed], described)
    assert str(described) == named


def test_no_request_at_all_proves_nothing():
    assert not all_succeed().matches([])
