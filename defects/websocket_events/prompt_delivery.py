"""Seeded defects of how soon events arrive (WSE-04)."""

from __future__ import annotations

from typing import Any

from apex.stream import Event, EventStream
from apex.worker.tracker import Tracker
from defects import defect
from defects._events import offered_late
from defects._patching import replace


@defect(
    "WSE-04a",
    service="worker",
    summary="events are held back until the run has ended",
    scenario="Ten runs side by side are all shown live",
    step="nearly all events have arrived within the event delivery budget",
)
def _() -> None:
    class Held(list[Event]):
        def publish(self, event: Event) -> int:
            self.append(event)
            return len(self)

    def __init__(self: Tracker, run: Any, stream: EventStream) -> None:
        original_init(self, run, Held())
        self.story = stream  # type: ignore[attr-defined]

    def finish(self: Tracker) -> Any:
        for event in self._stream:  # type: ignore[attr-defined]
            self.story.publish(event)  # type: ignore[attr-defined]
        return original_finish(self)

    original_init = replace(Tracker, "__init__", __init__)
    original_finish = replace(Tracker, "finish", finish)


@defect(
    "WSE-04b",
    service="backend",
    summary="events wait half a second for others to be sent with",
    scenario="Ten runs side by side are all shown live",
    step="nearly all events have arrived within the event delivery budget",
)
def _() -> None:
    offered_late(0.5)
