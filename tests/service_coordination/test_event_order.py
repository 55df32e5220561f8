"""The causal order of a research job's events: a progress report out of its place is found and named."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hamcrest.core.string_description import StringDescription

from support.platform.story import Event
from support.service_coordination.event_order import are_in_causal_order, is_in_order
from tests.service_coordination.partner_requests import request


def event(kind: str, at: float, **payload: Any) -> Event:
    moment = datetime.fromtimestamp(at, UTC).isoformat()
    return Event(kind, run_id="run-1", timestamp=moment, payload={"call_id": "call-1", **payload})


def progress(at: float, done: int) -> Event:
    return event("tool_progress", at, done=done, total=2)


STARTED = event("tool_executing", 10.0, parameters={"topics": ["/a", "/b"]})
COMPLETED = event("tool_completed", 10.5)
STORY = [STARTED, progress(10.2, 1), progress(10.4, 2), COMPLETED]
REQUESTS = [request("/a", 10.1), request("/b", 10.3)]


def test_reports_between_their_causes_and_effects_are_in_order():
    assert are_in_causal_order(REQUESTS).matches(STORY)


@pytest.mark.parametrize(
    ("story", "requests", "named"),
    [
        ([], REQUESTS, "no tool call has started"),
        ([STARTED, progress(10.4, 2), COMPLETED], REQUESTS, "call call-1: its events[2]: 'tool_completed'"),
        ([progress(10.4, 2), progress(10.2, 1), STARTED, COMPLETED], REQUESTS, "call call-1: its events[0]"),
        ([STARTED, progress(10.05, 1), *STORY[2:]], REQUESTS, "before its cause, the answer to /a"),
        ([STARTED, progress(10.35, 1), *STORY[2:]], REQUESTS, "the request for /b is 0.050000 s before its cause"),
        ([STARTED, progress(10.2, 2), progress(10.4, 1), COMPLETED], REQUESTS, "its progress[0][0]: 2, expected 1"),
        (STORY, REQUESTS[:1], "/b was requested 0 times"),
        (STORY, [request("/a", 10.1, answered=False), REQUESTS[1]], "before its cause, the answer to /a"),
        (
            [*STORY, event("tool_progress", 10.6, call_id="call-2", done=1, total=1)],
            REQUESTS,
            "a progress report of the unknown call call-2",
        ),
    ],
)
def test_what_is_out_of_its_place_is_named(story, requests, named):
    mismatch = StringDescription()
    assert not are_in_causal_order(requests).matches(story)
    are_in_causal_order(requests).describe_mismatch(story, mismatch)
    assert named in str(mismatch)


@pytest.mark.parametrize(
    ("reports", "fault"),
    [
        ([(1, 3), (3, 3)], ""),
        ([(1, 3), (2, 3), (3, 3)], ""),
        ([(1, 3), (3, 3), (2, 3)], "(2, 3) came after (3, 3)"),
        ([(1, 3), (1, 3)], "(1, 3) came after (1, 3)"),
        ([(1, 3)], "only 1 came"),
    ],
)
def test_reports_are_in_order_whether_or_not_one_is_missing(reports, fault):
    found = StringDescription()
    is_in_order().describe_mismatch(reports, found)
    assert is_in_order().matches(reports) == (not fault)
    assert fault in str(found)
