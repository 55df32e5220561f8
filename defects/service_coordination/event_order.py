"""Seeded defects of the order of events (CSC-02)."""

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

one_tool = Scenario("A tool's progress reports arrive in causal order", service="tools")
side_by_side = Scenario("Progress reports of parallel tools arrive in causal order", service="tools")
still_running = Scenario("A progress report arrives while its tool is still running", service="tools")

CAUSAL_ORDER = "each progress report came after the start and before the end of its tool call"


@one_tool.defect(
    "CSC-02a",
    "the tools service publishes around the sequencer",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    def publish(self: EventStream, event: Event, delivery_id: str = "") -> int:
        meta: dict[str, str] = self.redis.hgetall(f"stream:{event.user_id}")  # type: ignore[assignment]
        run_sequence = int(self.redis.hget(f"run:{event.run_id}", "sequence") or 0) + 1
        sequence = int(meta["sequence"]) + 1
        numbers = {"sequence": sequence, "run_sequence": run_sequence, "timestamp": event.timestamp}
        envelope = json.dumps({**numbers, **json.loads(event.envelope())})
        self.redis.publish(f"events:{event.user_id}", f"{meta['epoch']}:{sequence}:{envelope}")
        return run_sequence

    replace(EventStream, "publish", publish)


@one_tool.defect("CSC-02b", "a report bears the time at which its call began", step=CAUSAL_ORDER)
def _() -> None:
    def execute(self: Dispatcher, *others: Any) -> Any:
        began.set(rfc3339(now()))
        return original_execute(self, *others)

    def publish(self: EventStream, event: Event, delivery_id: str = "") -> Any:
        return original_publish(self, changed(event, timestamp=began.get()), delivery_id)

    began: ContextVar[str] = ContextVar("began")
    original_execute = replace(Dispatcher, "execute", execute)
    original_publish = replace(EventStream, "publish", publish)


@side_by_side.defect("CSC-02c", "reports are published under the call that began last", step=CAUSAL_ORDER)
def _() -> None:
    latest: dict[str, Any] = {}

    def teller(self: Dispatcher, *others: Any) -> Any:
        latest["tell"] = original(self, *others)
        return lambda report: latest["tell"](report)

    original = replace(Dispatcher, "_teller", teller)


def _reports_wait() -> None:
    kept: dict[str, list[tuple[str, int, int]]] = {}

    async def report(self: ToolCall, message: str, done: int, total: int) -> None:
        kept.setdefault(self.call_id, []).append((message, done, total))
        if done == total:
            for each in kept.pop(self.call_id):
                await original(self, *each)

    original = replace(ToolCall, "report", report)


WAIT = "reports wait until the tool has done its work"
still_running.defect(
    "CSC-02d", WAIT, step="Acme receives the first of two progress reports while the run is still running"
)(_reports_wait)
side_by_side.defect("CSC-02e", WAIT, step=CAUSAL_ORDER)(_reports_wait)
