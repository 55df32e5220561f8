"""Seeded defects of how soon events arrive (WSE-04)."""

from __future__ import annotations

from typing import Any

from apex.storage.stream import Event, EventStream
from apex.worker.tracker import Tracker
from defects import Scenario
from defects._events import offered_late
from defects._patching import replace

ten_runs_side = Scenario("Ten runs side by side are all shown live")


@ten_runs_side.defect(
    "WSE-04a",
    "events are held back until the run has ended",
    step="nearly all events arrive within the event delivery budget",
    service="worker",
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


@ten_runs_side.defect(
    "WSE-04b",
    "events wait half a second for others to be sent with",
    step="nearly all events arrive within the event delivery budget",
    service="backend",
)
def _() -> None:
    offered_late(0.5)
