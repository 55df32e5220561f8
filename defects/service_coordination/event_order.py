"""Seeded defects of the order in which things are told (CSC-02)."""

from __future__ import annotations

import json
from contextvars import ContextVar
from dataclasses import replace as changed
from typing import Any

from apex.storage.runs import now
from apex.storage.stream import Event, EventStream, rfc3339
from apex.tools.dispatcher import Dispatcher
from apex.tools.tool import ToolCall
from defects import Scenario
from defects._patching import replace

tool_reports_told = Scenario("What a tool reports is told in its place", service="tools")


@tool_reports_told.defect(
    "CSC-02a",
    "the tools service publishes around the sequencer",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    def publish(self: EventStream, event: Event, delivery_id: str = "") -> int:
        meta: dict[str, str] = self.redis.hgetall(f"stream:{event.user_id}")  # type: ignore[assignment]
        number = int(self.redis.hget(f"run:{event.run_id}", "sequence") or 0) + 1
        sequence = int(meta["sequence"]) + 1
        numbered = {"sequence": sequence, "run_sequence": number, "timestamp": event.timestamp}
        envelope = json.dumps({**numbered, **json.loads(event.envelope())})
        self.redis.publish(f"events:{event.user_id}", f"{meta['epoch']}:{sequence}:{envelope}")
        return number

    replace(EventStream, "publish", publish)


def _reports_wait() -> None:
    """Reports are kept until the call has ended, and told then."""
    kept: dict[str, list[tuple[str, int, int]]] = {}

    async def report(self: ToolCall, message: str, done: int, total: int) -> None:
        waiting = kept.setdefault(self.call_id, [])
        waiting.append((message, done, total))
        if done == total:
            for each in kept.pop(self.call_id):
                await original(self, *each)

    original = replace(ToolCall, "report", report)


@tool_reports_told.defect(
    "CSC-02b",
    "a report bears the time at which its call began",
    step="each report was told after what led to it and before what followed from it",
)
def _() -> None:
    async def execute(self: Dispatcher, *others: Any) -> Any:
        began.set(rfc3339(now()))
        return await original_execute(self, *others)

    def publish(self: EventStream, event: Event, delivery_id: str = "") -> int:
        return int(original_publish(self, changed(event, timestamp=began.get()), delivery_id))

    began: ContextVar[str] = ContextVar("began")
    original_execute = replace(Dispatcher, "execute", execute)
    original_publish = replace(EventStream, "publish", publish)


reports_tools_side = Scenario("The reports of tools side by side are told in their places", service="tools")


@reports_tools_side.defect(
    "CSC-02c",
    "reports are told under the call that began last",
    step="each report was told after what led to it and before what followed from it",
)
def _() -> None:
    latest: dict[str, Any] = {}

    def teller(self: Dispatcher, *others: Any) -> Any:
        latest["tell"] = original(self, *others)
        return lambda report: latest["tell"](report)

    original = replace(Dispatcher, "_teller", teller)


how_far_tool = Scenario("How far a tool has come is told while it is still at work", service="tools")


@how_far_tool.defect(
    "CSC-02d",
    "reports wait until the tool has done its work",
    step="Acme is told that one of the two is done while the run is still at work",
)
def _() -> None:
    _reports_wait()


@reports_tools_side.defect(
    "CSC-02e",
    "reports wait until the tool has done its work",
    step="each report was told after what led to it and before what followed from it",
)
def _() -> None:
    _reports_wait()
