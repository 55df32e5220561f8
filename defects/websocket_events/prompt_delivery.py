"""Seeded defects of how soon events arrive (WSE-04)."""

from __future__ import annotations

from typing import Any

from apex.storage.stream import Event, EventStream
from apex.worker.tracker import Tracker
from defects import Scenario
from defects._events import offered_late
from defects._patching import replace

live = Scenario("Ten concurrent runs are all shown live")

IN_TIME = "at least 95 % of all events arrive within the target time for event delivery"


@live.defect("WSE-04a", "events are buffered until the run has ended", step=IN_TIME, service="worker")
def _() -> None:
    class Buffer(list[Event]):
        def publish(self, event: Event) -> int:
            self.append(event)
            return len(self)

    def __init__(self: Tracker, run: Any, stream: EventStream) -> None:
        original_init(self, run, Buffer())
        self.target = stream  # type: ignore[attr-defined]

    def finish(self: Tracker) -> Any:
        for event in self._stream:  # type: ignore[attr-defined]
            self.target.publish(event)  # type: ignore[attr-defined]
        return original_finish(self)

    original_init = replace(Tracker, "__init__", __init__)
    original_finish = replace(Tracker, "finish", finish)


@live.defect("WSE-04b", "events are held back for half a second and sent together", step=IN_TIME, service="backend")
def _() -> None:
    offered_late(0.5)
