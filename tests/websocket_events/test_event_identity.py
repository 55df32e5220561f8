"""Events with a wrong ID are found, whichever ID it is."""

from dataclasses import replace
from typing import Any

import pytest
from hamcrest.core.string_description import StringDescription

from support.platform.story import Event
from support.websocket_events.event_identity import RequestIds, carries
from tests.matchers.stories import RUN, told, with_tools

_REQUESTS = (
    RequestIds("user-1", "thread-1", RUN, "request-1", "trace-1"),
    RequestIds("user-1", "thread-2", "run-2", "request-2", "trace-2"),
)
_NAMES = ("user", "thread", "run", "request", "trace")


def caused() -> list[Event]:
    """The events of both requests."""
    first = [replace(event, request_id="request-1", trace_id="trace-1") for event in with_tools()]
    second = told(("agent_started", {}), ("agent_completed", {}), run="run-2", first_sequence=8)
    ids: dict[str, Any] = {"thread_id": "thread-2", "request_id": "request-2", "trace_id": "trace-2"}
    return first + [replace(event, **ids) for event in second]


@pytest.mark.parametrize("name", _NAMES)
def test_the_ids_of_the_own_request_are_right(name: str) -> None:
    assert carries(name, _REQUESTS).matches(caused())


@pytest.mark.parametrize("name", _NAMES)
def test_one_wrong_id_is_enough(name: str) -> None:
    events, changes = caused(), dict[str, Any]({f"{name}_id": "another"})
    assert not carries(name, _REQUESTS).matches([*events[:3], replace(events[3], **changes), *events[4:]])


@pytest.mark.parametrize("observed", [[], caused()[:5]], ids=["no event", "no event of one request"])
def test_a_request_without_events_proves_nothing(observed: list[Event]) -> None:
    assert not carries("thread", _REQUESTS).matches(observed)


def test_a_mismatch_names_the_event_and_both_ids() -> None:
    described = StringDescription()
    wrong = [replace(event, thread_id="thread-1") for event in caused()]
    carries("thread", _REQUESTS).describe_mismatch(wrong, described)
    assert "agent_completed carries the thread ID thread-1 instead of thread-2" in str(described)
