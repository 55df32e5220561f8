"""Seeded defects of the flow of events (WSE-01)."""

from __future__ import annotations

from typing import Any

from apex.storage import fitting, stream
from apex.storage.stream import Event, EventStream
from defects import Scenario
from defects._events import envelopes
from defects._patching import replace

run = Scenario("A run is shown from its first step to its answer", service="worker")
others = Scenario("Errors, cancellations and notices conform to the event reference, too", service="worker")

large = Scenario("A large result arrives as an event that common clients accept", service="worker")

COMPLETE = "Acme has received these events"
CONFORMING = "every message that Acme has received conforms to the published event reference"


def _lost(type: str) -> None:
    """Events of a type are not published."""

    def publish(self: EventStream, event: Event, delivery_id: str = "") -> int:
        return 0 if event.type == type else int(original(self, event, delivery_id))

    original = replace(EventStream, "publish", publish)


@run.defect("WSE-01a", "tool_completed events lack the request ID", step=CONFORMING)
def _() -> None:
    def remove(frame: dict[str, Any]) -> None:
        if frame["type"] == "tool_completed":
            del frame["trace"]["request_id"]

    envelopes(remove)


@run.defect("WSE-01b", "agent_thinking events are not published", step=COMPLETE)
def _() -> None:
    _lost("agent_thinking")


@others.defect("WSE-01c", "notices lack their text", step=CONFORMING)
def _() -> None:
    envelopes(lambda frame: frame["payload"].pop("body", None))


@others.defect("WSE-01d", "cancellations are not published", step=COMPLETE)
def _() -> None:
    _lost("agent_cancelled")


@large.defect(
    "WSE-01e", "a result is sent whole, however large", step="no event that Acme has received exceeds the event size"
)
def _() -> None:
    replace(stream, "fitting", lambda payload, run_id: payload)


@large.defect(
    "WSE-01f",
    "a large result is left out of its event without a reference",
    step="Acme can read the complete result at the address in the last event",
)
def _() -> None:
    def left_out(payload: dict[str, Any], run_id: str | None) -> dict[str, Any]:
        fits = fitting.fitting(payload, run_id)
        fits.pop("reference", None)
        return fits

    replace(stream, "fitting", left_out)
