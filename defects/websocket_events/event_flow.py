"""Seeded defects of the flow of events (WSE-01)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from apex.storage.stream import Event, EventStream
from defects import Scenario
from defects._events import envelopes
from defects._patching import replace


def _published_unless(lost: Callable[[Event], bool]) -> None:
    """Some events are lost on their way to the stream."""

    def publish(self: EventStream, event: Event, delivery_id: str = "") -> int:
        return 0 if lost(event) else int(original(self, event, delivery_id))

    original = replace(EventStream, "publish", publish)


run_shown_from = Scenario("A run is shown from its first step to its answer", service="worker")


@run_shown_from.defect(
    "WSE-01a",
    "completed tool calls come without the id of the request",
    step="everything that Acme has received keeps to the published contract",
)
def _() -> None:
    def forget(frame: dict[str, Any]) -> None:
        if frame["type"] == "tool_completed":
            del frame["trace"]["request_id"]

    envelopes(forget)


@run_shown_from.defect("WSE-01b", "what the agent thinks is never told", step="Acme has received these events")
def _() -> None:
    _published_unless(lambda event: event.type == "agent_thinking")


failures_cancellations_notices = Scenario(
    "Failures, cancellations and notices keep to the contract as well", service="worker"
)


@failures_cancellations_notices.defect(
    "WSE-01c",
    "a notice comes without its text",
    step="everything that Acme has received keeps to the published contract",
)
def _() -> None:
    def silence(frame: dict[str, Any]) -> None:
        frame["payload"].pop("body", None)

    envelopes(silence)


@failures_cancellations_notices.defect("WSE-01d", "a cancellation is not told", step="Acme has received these events")
def _() -> None:
    _published_unless(lambda event: event.type == "agent_cancelled")
