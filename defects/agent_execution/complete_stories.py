"""Seeded defects of the story that a run tells (AEC-06)."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

from apex.agents.agent import UsageRecord
from apex.worker.execution import Execution
from apex.worker.tracker import Tracker
from defects import Scenario
from defects._endings import stored_as
from defects._patching import replace


def _renamed(change: Any) -> None:
    """Have ``change(tracker, type, payload)`` give the events to emit instead of one."""

    def emit(self: Tracker, type: str, agent_name: str, payload: dict[str, Any]) -> None:
        for changed_type, changed_payload in change(self, type, payload):
            original(self, changed_type, agent_name, changed_payload)

    original = replace(Tracker, "emit", emit)


tools_work_side = Scenario("Tools at work side by side are told apart", service="worker")


@tools_work_side.defect(
    "AEC-06a",
    "a tool is told to have completed before it is told to execute",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    held: dict[str, Any] = {}

    def change(tracker: Tracker, type: str, payload: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
        if type == "tool_executing":
            held[payload["call_id"]] = payload
            return []
        if type == "tool_completed":
            return [(type, payload), ("tool_executing", held.pop(payload["call_id"]))]
        return [(type, payload)]

    _renamed(change)


delegated_agents_tell = Scenario("Delegated agents tell their part inside the story", service="worker")


@delegated_agents_tell.defect(
    "AEC-06b",
    "a delegated agent's part is not marked as part of the story",
    step="the story tells the parts of the cost analysis and the usage report",
)
def _() -> None:
    _renamed(lambda tracker, type, payload: [(type, {k: v for k, v in payload.items() if k != "parent_run_id"})])


run_without_tools = Scenario("A run without tools tells its story too", service="worker")


@run_without_tools.defect(
    "AEC-06c",
    "what an agent without tools considers is lost",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    _renamed(lambda tracker, type, payload: [] if type == "agent_thinking" else [(type, payload)])


cancelled_run_ends = Scenario("A cancelled run ends its story with the cancellation", service="worker")


@cancelled_run_ends.defect(
    "AEC-06d",
    "a cancelled tool call is never told to have ended",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    _renamed(lambda tracker, type, payload: [] if payload.get("outcome") == "cancelled" else [(type, payload)])


ordinary_run_tells = Scenario("An ordinary run tells its story in order", service="worker")


@ordinary_run_tells.defect(
    "AEC-06e", "every event is told twice", step="Acme has received every event of the run in order, each once"
)
def _() -> None:
    _renamed(lambda tracker, type, payload: [(type, payload)] * 2)


@tools_work_side.defect(
    "AEC-06f",
    "tools that could work side by side are used one after the other",
    step="the story tells of three tool calls side by side",
)
def _() -> None:
    async def call(self: Execution, name: str, parameters: dict[str, Any]) -> Any:
        lock = self.state.setdefault("lock", asyncio.Lock())
        async with lock:
            return await original(self, name, parameters)

    original = replace(Execution, "_call", call)


@run_without_tools.defect(
    "AEC-06g", "reading stored usage is told as a tool's work", step="the story tells of no tool call"
)
def _() -> None:
    def usage_records(self: Execution) -> list[UsageRecord]:
        call = {"call_id": str(uuid.uuid4()), "tool_name": "read_usage"}
        self._emit("tool_executing", {**call, "parameters": {}})
        records: list[UsageRecord] = original(self)
        self._emit("tool_completed", {**call, "outcome": "succeeded", "duration_seconds": 0.0, "error": None})
        return records

    original = replace(Execution, "usage_records", usage_records)


@cancelled_run_ends.defect("AEC-06h", "a cancelled run is stored as failed", step="the run is stored as cancelled")
def _() -> None:
    stored_as("cancelled", "failed")
