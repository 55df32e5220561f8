"""The matcher over durations of tool calls."""

import pytest
from hamcrest import assert_that

from support.tool_dispatcher.tool_timing import TimedCall, take_as_long_as_the_partner


def test_a_duration_as_the_partner_took_is_accepted():
    assert_that([TimedCall("a", 1.0, 1.0, 0.0), TimedCall("b", 1.3, 1.0, 0.0)], take_as_long_as_the_partner(0.4))


@pytest.mark.parametrize(
    "calls",
    [
        [TimedCall("a", 1.5, 1.0, 0.0)],
        [TimedCall("a", 0.9, 1.0, 0.0)],
        [TimedCall("a", 1.0, 1.0, 0.0), TimedCall("b", 0.0, 1.0, 0.0)],
        [TimedCall("a", None, 1.0, 0.0)],
        [TimedCall("a", 1.0, None, 0.0)],
        [],
    ],
    ids=["too long", "too short", "one is nothing", "not reported", "never answered", "no call"],
)
def test_any_other_duration_is_not(calls):
    assert not take_as_long_as_the_partner(0.4).matches(calls)
