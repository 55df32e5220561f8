"""The checks on live events can fail: each good sight is spoiled in every way."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from support.matchers.contract import keep_to_the_contract
from support.matchers.received_events import Received, are_each_their_own
from support.platform.contract import schemas_of_frames
from support.platform.drivers.apex import DIALECT
from support.platform.story import Event
from support.platform.target import Target
from tests.matchers.stories import RUN, told, with_tools

SCHEMAS = schemas_of_frames(Target.load("apex").contract)

_MARKER, _FOREIGN = "canary-0123456789ab", "canary-ba9876543210"


def marked(events: list[Event], marker: str = _MARKER) -> list[Event]:
    """The events, the last of them with a tenant's data."""
    return [*events[:-1], replace(events[-1], payload={"answer": {"name": f"web {marker}"}})]


def received(**changes: Any) -> Received:
    """What a connection should have shown."""
    good = Received("Acme's tab", "user-1", (RUN,), _MARKER, 0, True, marked(with_tools()))
    return replace(good, **changes)


def test_ones_own_runs_are_what_one_should_receive() -> None:
    assert are_each_their_own(at_least=2).matches([received(), received(who="another tab")])
    assert are_each_their_own().matches([received(shows_data=False, events=with_tools())])


_GOOD = marked(with_tools())
_SPOILED: dict[str, Received] = {
    "nothing": received(events=()),
    "an event is missing": received(events=[*_GOOD[:2], *_GOOD[3:]]),
    "an event came twice": received(events=[*_GOOD[:2], *_GOOD[1:]]),
    "events in another order": received(events=[_GOOD[0], _GOOD[2], _GOOD[1], *_GOOD[3:]]),
    "an event of somebody else": received(events=[*_GOOD, replace(_GOOD[-1], user_id="user-2", sequence=8)]),
    "a run of somebody else": received(events=[*_GOOD, *told(("agent_started", {}), run="run-2", first_sequence=8)]),
    "data of somebody else": received(events=marked(with_tools(), _FOREIGN)),
    "none of their own data": received(events=with_tools()),
    "not from the beginning": received(after=3),
    "no run": received(run_ids=()),
    "a frame that is no event": received(malformed=["hello"]),
}


@pytest.mark.parametrize("spoiled", _SPOILED.values(), ids=_SPOILED)
def test_whatever_else_is_received_is_a_fault(spoiled: Received) -> None:
    assert not are_each_their_own().matches([received(), spoiled])


def test_too_few_connections_prove_nothing() -> None:
    assert not are_each_their_own(at_least=2).matches([received()])


# -- the published contract -------------------------------------------------------------------------------------------

_UUID = "00000000-0000-4000-8000-000000000001"


def thinking() -> dict[str, Any]:
    """A frame that keeps to the contract."""
    return {
        "type": "agent_thinking",
        "run_id": _UUID,
        "thread_id": _UUID,
        "agent_name": "cost_analysis",
        "sequence": 1,
        "run_sequence": 1,
        "timestamp": "2026-01-01T00:00:00.000000Z",
        "payload": {"thought": "hm"},
        "trace": {"trace_id": "0" * 31 + "1", "request_id": "r", "user_id": _UUID},
    }


def test_a_frame_as_published_keeps_to_the_contract() -> None:
    assert keep_to_the_contract(SCHEMAS, DIALECT).matches([json.dumps(thinking())])


def _without(*path: str) -> Callable[[], str]:
    def spoil() -> str:
        frame = thinking()
        inner = frame
        for name in path[:-1]:
            inner = inner[name]
        del inner[path[-1]]
        return json.dumps(frame)

    return spoil


def _with(**fields: Any) -> Callable[[], str]:
    return lambda: json.dumps({**thinking(), **fields})


_BREACHES: dict[str, Callable[[], str]] = {
    "no sequence": _without("sequence"),
    "no trace id": _without("trace", "trace_id"),
    "no thought": _without("payload", "thought"),
    "a type that is not published": _with(type="agent_sleeping"),
    "no type": _without("type"),
    "a time that is none": _with(timestamp="yesterday"),
    "a number as text": _with(sequence="1"),
    "something more": _with(secret="s"),
    "a list": lambda: "[]",
    "no JSON": lambda: "hello",
}


@pytest.mark.parametrize("breach", _BREACHES.values(), ids=_BREACHES)
def test_anything_else_breaks_the_contract(breach: Callable[[], str]) -> None:
    assert not keep_to_the_contract(SCHEMAS, DIALECT).matches([json.dumps(thinking()), breach()])


def test_no_frame_proves_nothing() -> None:
    assert not keep_to_the_contract(SCHEMAS, DIALECT).matches([])
