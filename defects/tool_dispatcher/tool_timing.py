"""Seeded defects of the time that tools are told to take (TLD-06)."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from apex.tools.calls import CallRecords
from apex.tools.dispatcher import Stopwatch
from apex.tools.models import ExecutionAnswer
from apex.worker.execution import Execution
from apex.worker.tracker import Tracker
from defects import Scenario
from defects._patching import replace

tool_takes_long = Scenario("A tool takes as long as the partner takes to answer", service="tools")


@tool_takes_long.defect(
    "TLD-06a",
    "only the processor's time is measured",
    step="the time told for the price list is the time that the partner took",
)
def _() -> None:
    def begin(self: Stopwatch) -> Stopwatch:
        self._started = time.thread_time()
        return self

    def end(self: Stopwatch, *_: object) -> None:
        self.seconds = time.thread_time() - self._started

    replace(Stopwatch, "__enter__", begin)
    replace(Stopwatch, "__exit__", end)


waiting_turn_does = Scenario("Waiting for a turn does not count as work", service="worker")


@waiting_turn_does.defect(
    "TLD-06b",
    "the time of a tool includes the wait for its turn",
    step="the time told for each question is the time that the partner took, without the wait for its turn",
)
def _() -> None:
    began: dict[Any, float] = {}

    async def call(self: Execution, name: str, parameters: dict[str, Any]) -> Any:
        began[asyncio.current_task()] = time.monotonic()
        try:
            return await original_call(self, name, parameters)
        finally:
            del began[asyncio.current_task()]

    def emit(self: Tracker, type: str, agent_name: str, payload: dict[str, Any]) -> None:
        if type == "tool_completed":
            payload = {**payload, "duration_seconds": time.monotonic() - began[asyncio.current_task()]}
        original_emit(self, type, agent_name, payload)

    original_call, original_emit = Execution._call, Tracker.emit
    replace(Execution, "_call", call)
    replace(Tracker, "emit", emit)


@tool_takes_long.defect(
    "TLD-06c", "the records hold whole seconds", step="the records hold the times that Acme was told"
)
def _() -> None:
    def finish(self: CallRecords, call: Any, answer: ExecutionAnswer) -> None:
        whole = answer.usage.model_copy(update={"duration_seconds": float(round(answer.usage.duration_seconds))})
        original(self, call, answer.model_copy(update={"usage": whole}))

    original = replace(CallRecords, "finish", finish)
