"""Good stories, to be spoiled."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from support.platform.story import Event

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
RUN = "run-1"


def told(
    *steps: tuple[str, dict[str, Any]], run: str = RUN, user: str = "user-1", first_sequence: int = 1
) -> list[Event]:
    """Events of those types and payloads, numbered and timed as they should be."""
    return [
        Event(
            type=kind,
            run_id=run,
            thread_id="thread-1",
            agent_name="cost_analysis",
            sequence=first_sequence + number,
            run_sequence=number + 1,
            timestamp=(BEGIN + timedelta(milliseconds=number)).isoformat(),
            payload=payload,
            user_id=user,
        )
        for number, (kind, payload) in enumerate(steps)
    ]


def call(call_id: str) -> tuple[tuple[str, dict[str, Any]], tuple[str, dict[str, Any]]]:
    """The two events of a tool call."""
    return ("tool_executing", {"call_id": call_id}), ("tool_completed", {"call_id": call_id, "outcome": "succeeded"})


START: tuple[str, dict[str, Any]] = ("agent_started", {})
THOUGHT: tuple[str, dict[str, Any]] = ("agent_thinking", {"thought": "hm"})
END: tuple[str, dict[str, Any]] = ("agent_completed", {"answer": {}})


def with_tools() -> list[Event]:
    """One call after another."""
    return told(START, THOUGHT, *call("a"), *call("b"), END)


def with_parallel_tools() -> list[Event]:
    """Calls that overlap."""
    (begin_a, end_a), (begin_b, end_b) = call("a"), call("b")
    return told(START, THOUGHT, begin_a, begin_b, end_b, end_a, END)


def without_tools() -> list[Event]:
    """The shortest."""
    return told(START, THOUGHT, END)


def with_delegates() -> list[Event]:
    """A supervisor that lets two others work."""
    part = {"parent_run_id": RUN}
    events = told(
        START,
        THOUGHT,
        ("agent_started", part),
        ("agent_thinking", part),
        ("tool_executing", {**part, "call_id": "a"}),
        ("agent_started", part),
        ("tool_completed", {**part, "call_id": "a"}),
        ("agent_completed", part),
        ("agent_completed", part),
        END,
    )
    names = {2: "first", 3: "first", 4: "first", 5: "second", 6: "first", 7: "second", 8: "first"}
    return [replace(event, agent_name=names.get(number, "advisor")) for number, event in enumerate(events)]


def cancelled() -> list[Event]:
    """Cancelled while it thought."""
    return told(START, THOUGHT, ("agent_cancelled", {"cancelled_by": "user-1"}))


def failed() -> list[Event]:
    """Failed in a tool."""
    return told(START, THOUGHT, *call("a"), ("agent_error", {"code": "tool_failed"}))


GOOD = {
    "with tools": with_tools,
    "with parallel tools": with_parallel_tools,
    "without tools": without_tools,
    "with delegates": with_delegates,
    "cancelled": cancelled,
    "failed": failed,
}
