"""What the events of a run show: parallel tool calls, delegated agents, no tool at all."""

import pytest
from hamcrest import assert_that

from support.agent_execution.complete_stories import PATTERNS
from support.platform.story import Event

PARALLEL, WITHOUT_TOOLS, TWO_ENDS, DELEGATED = PATTERNS.values()
STARTED = Event("agent_started")


def calls(*story):
    types = {"(": "tool_executing", ")": "tool_completed"}
    return [STARTED, *(Event(types[type], payload={"call_id": call}) for type, call in story)]


def delegate(name, **payload):
    return Event("agent_thinking", agent_name=name, payload=payload)


ANALYSIS = delegate("cost_analysis", parent_run_id="r1")
REPORT = delegate("usage_report", parent_run_id="r1")


@pytest.mark.parametrize(
    ("pattern", "events"),
    [
        (PARALLEL, calls("(1", "(2", "(3", ")2", ")1", ")3")),
        (WITHOUT_TOOLS, [STARTED]),
        (TWO_ENDS, calls("(1", "(2", ")2", ")1")),
        (DELEGATED, [STARTED, ANALYSIS, REPORT]),
    ],
)
def test_pattern_is_seen(pattern, events):
    assert_that(events, pattern)


@pytest.mark.parametrize(
    ("pattern", "events"),
    [
        (PARALLEL, []),
        (PARALLEL, calls("(1", ")1", "(2", ")2", "(3", ")3")),
        (PARALLEL, calls("(1", "(2", ")1", ")2")),
        (WITHOUT_TOOLS, []),
        (WITHOUT_TOOLS, calls("(1", ")1")),
        (TWO_ENDS, calls("(1", "(2", ")2")),
        (DELEGATED, []),
        (DELEGATED, [STARTED, ANALYSIS]),
        (DELEGATED, [STARTED, ANALYSIS, delegate("usage_report")]),
    ],
)
def test_anything_else_is_not(pattern, events):
    assert not pattern.matches(events)
