"""Seeded defects of the events of a run (AEC-06)."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from typing import Any

from apex.agents.agent import UsageRecord
from apex.worker.execution import Execution
from apex.worker.tracker import Tracker
from defects import Scenario
from defects._endings import stored_as
from defects._patching import replace

ordinary = Scenario("An ordinary run sends its events in order", service="worker")
parallel = Scenario("Parallel tool calls keep their own events", service="worker")
delegated = Scenario("Delegated agents report their part within the run", service="worker")
without_tools = Scenario("A run without tools sends its events in order, too", service="worker")
cancelled = Scenario("A cancelled run sends its events in order, too", service="worker")

IN_ORDER = "Acme has received every event of the run in order, each once"
DELEGATED = "the events show the delegated cost analysis and usage report"
PARALLEL = "the events show three parallel tool calls"

Payload = dict[str, Any]


def _emitting(change: Callable[[str, Payload], list[tuple[str, Payload]]]) -> None:
    """Have ``change(type, payload)`` give the events that are emitted instead of one."""

    def emit(self: Tracker, type: str, agent_name: str, payload: Payload) -> None:
        for changed_type, changed_payload in change(type, payload):
            original(self, changed_type, agent_name, changed_payload)

    original = replace(Tracker, "emit", emit)


@parallel.defect("AEC-06a", "a tool call is reported completed before it is reported executing", step=IN_ORDER)
def _() -> None:
    held: dict[str, Payload] = {}

    def change(type: str, payload: Payload) -> list[tuple[str, Payload]]:
        if type == "tool_executing":
            held[payload["call_id"]] = payload
            return []
        late = [("tool_executing", held.pop(payload["call_id"]))] if type == "tool_completed" else []
        return [(type, payload), *late]

    _emitting(change)


@delegated.defect("AEC-06b", "a delegated agent's events are not marked as part of the run", step=DELEGATED)
def _() -> None:
    _emitting(lambda type, payload: [(type, {k: v for k, v in payload.items() if k != "parent_run_id"})])


@without_tools.defect("AEC-06c", "what an agent without tools thinks is lost", step=IN_ORDER)
def _() -> None:
    _emitting(lambda type, payload: [] if type == "agent_thinking" else [(type, payload)])


@cancelled.defect("AEC-06d", "the end of a cancelled tool call is never reported", step=IN_ORDER)
def _() -> None:
    _emitting(lambda type, payload: [] if payload.get("outcome") == "cancelled" else [(type, payload)])


@ordinary.defect("AEC-06e", "every event is sent twice", step=IN_ORDER)
def _() -> None:
    _emitting(lambda type, payload: [(type, payload)] * 2)


@parallel.defect("AEC-06f", "tools that could run in parallel are called one after the other", step=PARALLEL)
def _() -> None:
    async def call(self: Execution, *of: Any) -> Any:
        async with self.state.setdefault("lock", asyncio.Lock()):
            return await original(self, *of)

    original = replace(Execution, "_call", call)


@without_tools.defect("AEC-06g", "reading stored usage is reported as a tool call", step="the events show no tool call")
def _() -> None:
    def usage_records(self: Execution) -> list[UsageRecord]:
        call = {"call_id": str(uuid.uuid4()), "tool_name": "read_usage"}
        self._emit("tool_executing", {**call, "parameters": {}})
        records: list[UsageRecord] = original(self)
        self._emit("tool_completed", {**call, "outcome": "succeeded", "duration_seconds": 0.0, "error": None})
        return records

    original = replace(Execution, "usage_records", usage_records)


@cancelled.defect("AEC-06h", "a cancelled run is stored as failed", step="the run is stored as cancelled")
def _() -> None:
    stored_as("cancelled", "failed")
