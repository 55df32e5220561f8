"""Seeded defects of the flow of events (WSE-01)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from apex.stream import Event, EventStream
from defects import defect
from defects._events import envelopes
from defects._patching import replace


def _published_unless(lost: Callable[[Event], bool]) -> None:
    """Some events are lost on their way to the stream."""

    def publish(self: EventStream, event: Event, delivery_id: str = "") -> int:
        return 0 if lost(event) else int(original(self, event, delivery_id))

    original = replace(EventStream, "publish", publish)


@defect(
    "WSE-01a",
    service="worker",
    summary="completed tool calls come without the id of the request",
    scenario="A run is shown from its first step to its answer",
    step="everything that Acme has received keeps to the published contract",
)
def _() -> None:
    def forget(frame: dict[str, Any]) -> None:
        if frame["type"] == "tool_completed":
            del frame["trace"]["request_id"]

    envelopes(forget)


@defect(
    "WSE-01b",
    service="worker",
    summary="what the agent thinks is never told",
    scenario="A run is shown from its first step to its answer",
    step="Acme has received these events",
)
def _() -> None:
    _published_unless(lambda event: event.type == "agent_thinking")


@defect(
    "WSE-01c",
    service="worker",
    summary="a notice comes without its text",
    scenario="Failures, cancellations and notices keep to the contract as well",
    step="everything that Acme has received keeps to the published contract",
)
def _() -> None:
    def silence(frame: dict[str, Any]) -> None:
        frame["payload"].pop("body", None)

    envelopes(silence)


@defect(
    "WSE-01d",
    service="worker",
    summary="a cancellation is not told",
    scenario="Failures, cancellations and notices keep to the contract as well",
    step="Acme has received these events",
)
def _() -> None:
    _published_unless(lambda event: event.type == "agent_cancelled")
