"""Matchers over tool calls, each with what it must not accept."""

from dataclasses import dataclass

import pytest
from hamcrest import assert_that
from hamcrest.core.string_description import StringDescription

from support.tool_dispatcher.tool_matchers import (
    TimedCall,
    hides,
    is_one_call_refused_with,
    take_as_long_as_their_backend,
    were_at_work_together,
)


@dataclass(frozen=True)
class Request:
    """A request at a partner."""

    received_at: float
    answered_at: float | None


def test_calls_that_overlap_are_accepted():
    assert_that([Request(1.0, 2.0), Request(1.9, 2.1)], were_at_work_together(2))


@pytest.mark.parametrize(
    "calls",
    [
        [Request(1.0, 2.0), Request(2.0, 2.1)],
        [Request(1.0, 2.0), Request(3.0, 4.0)],
        [Request(1.0, 2.0)],
        [Request(1.0, 2.0), Request(1.5, None)],
        [Request(1.0, 2.0), Request(1.5, 2.0), Request(1.5, 2.0)],
        [],
    ],
    ids=["at once after", "later", "one is missing", "one unanswered", "one too many", "none"],
)
def test_calls_that_do_not_overlap_are_not(calls):
    assert not were_at_work_together(2).matches(calls)


def test_a_time_as_the_backend_took_is_accepted():
    assert_that([TimedCall("a", 1.0, 1.0, 0.0), TimedCall("b", 1.3, 1.0, 0.0)], take_as_long_as_their_backend(0.4))


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
    ids=["too long", "too short", "nothing", "not told", "never answered", "no call"],
)
def test_any_other_time_is_not(calls):
    assert not take_as_long_as_their_backend(0.4).matches(calls)


def test_a_text_that_shows_what_it_should_and_no_secret_is_accepted():
    assert_that("hello reader, your key is ***", hides(["s3cr3t"], shows=["reader"]))


@pytest.mark.parametrize("text", ["hello reader, your key is s3cr3t", "hello, your key is ***", ""])
def test_a_text_that_shows_a_secret_or_proves_nothing_is_not(text):
    matcher = hides(["s3cr3t"], shows=["reader"])
    told = StringDescription()
    matcher.describe_mismatch(text, told)
    assert not matcher.matches(text)
    assert "s3cr3t" not in str(told)


REFUSED = {"outcome": "failed", "error": {"code": "unknown_tool"}}


def test_one_refused_call_is_accepted():
    assert_that([REFUSED], is_one_call_refused_with("unknown_tool"))


@pytest.mark.parametrize(
    "ends",
    [
        [],
        [REFUSED, REFUSED],
        [{**REFUSED, "outcome": "succeeded"}],
        [{**REFUSED, "error": {"code": "tool_failed"}}],
        [{**REFUSED, "error": None}],
    ],
)
def test_any_other_end_is_not(ends):
    assert not is_one_call_refused_with("unknown_tool").matches(ends)
