"""Events that are too large for a client: what is left out, and what says so."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apex.contract.asyncapi import document
from apex.storage.fitting import LARGEST_EVENT_BYTES, fitting
from apex.storage.stream import Event
from support.matchers.schema import breaches_of

LARGE = "é" * LARGEST_EVENT_BYTES
CALL = {"call_id": "0b5c1f8e-9a3d-4c7b-8e2f-1a2b3c4d5e6f", "tool_name": "some"}
END = {"outcome": "succeeded", "duration_seconds": 1.0}
USAGE = {"cpu_seconds": 0, "bytes_read": 0, "peak_state_bytes": 0, "tool_calls": 0, "wall_seconds": 0}
FAILURE = {"code": "tool_failed", "message": LARGE, "recoverable": True}
EVENTS: dict[str, dict[str, Any]] = {
    "agent_started": {"agent_description": LARGE},
    "agent_thinking": {"thought": LARGE},
    "tool_executing": {**CALL, "parameters": {LARGE: [LARGE]}},
    "tool_progress": {**CALL, "message": LARGE, "done": 1, "total": 2},
    "tool_completed": {**CALL, **END, "result": {"a": LARGE}, "error": None},
    "agent_completed": {"answer": {"a": LARGE}, "partial": False, "usage": USAGE, "duration_seconds": 1.0},
    "agent_error": {**FAILURE, "code": "agent_failed"},
}


def sent(type, payload):
    event = Event(type, "user", payload, "trace", "request", "run", "thread", "agent")
    return event.envelope()


@pytest.mark.parametrize("type", EVENTS)
def test_a_large_event_fits_and_keeps_to_the_published_schema(type):
    envelope = sent(type, EVENTS[type])
    assert len(envelope.encode()) <= LARGEST_EVENT_BYTES
    payload = json.loads(envelope)["payload"]
    published = document()["components"]["messages"][type]["payload"]["properties"]["payload"]
    assert breaches_of(published)(payload) == []
    untouched = {name for name, value in EVENTS[type].items() if len(json.dumps(value)) < 1000}
    assert {name: payload[name] for name in untouched} == {name: EVENTS[type][name] for name in untouched}


def test_a_large_answer_is_referred_to():
    payload = json.loads(sent("agent_completed", EVENTS["agent_completed"]))["payload"]
    assert (payload["answer"], payload["reference"]) == (None, "/v1/runs/run")


def test_a_long_text_is_shown_in_part():
    thought = json.loads(sent("agent_thinking", EVENTS["agent_thinking"]))["payload"]["thought"]
    assert thought.startswith("éé")
    assert thought.endswith(f"({LARGEST_EVENT_BYTES} characters)")


@settings(max_examples=50, derandomize=True, database=None, deadline=None)
@given(st.dictionaries(st.text(), st.text() | st.integers() | st.none() | st.lists(st.text())))
def test_what_fits_is_sent_as_it_is(payload):
    assert fitting(payload, "run") == payload
