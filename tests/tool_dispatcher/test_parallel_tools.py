"""The matcher over requests that a partner received at the same time."""

import pytest
from hamcrest import assert_that
from hamcrest.core.string_description import StringDescription

from support.scenario.partner import PartnerCall
from support.tool_dispatcher.parallel_tools import all_received_before_any_answer


def request(received_at, answered_at):
    return PartnerCall(1, "/question", "", None, received_at, answered_at, None)


def test_requests_that_overlap_are_accepted():
    assert_that([request(1.0, 2.0), request(1.9, 2.1)], all_received_before_any_answer(2))


@pytest.mark.parametrize(
    ("requests", "fault"),
    [
        ([request(1.0, 2.0), request(2.0, 2.1)], "received 0.000 s after the first answer"),
        ([request(1.0, 2.0), request(3.0, 4.0)], "received 1.000 s after the first answer"),
        ([request(1.0, 2.0)], "there were 1 requests"),
        ([request(1.0, 2.0), request(1.5, None)], "1 of 2 requests were never answered"),
        ([request(1.0, 2.0), request(1.5, 2.0), request(1.5, 2.0)], "there were 3 requests"),
        ([], "there were 0 requests"),
    ],
    ids=["at once after", "later", "one is missing", "one unanswered", "one too many", "none"],
)
def test_requests_that_do_not_overlap_are_not(requests, fault):
    mismatch = StringDescription()
    assert not all_received_before_any_answer(2).matches(requests, mismatch)
    assert fault in str(mismatch)
