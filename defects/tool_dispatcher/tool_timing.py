"""Seeded defects of the durations of tool calls (TLD-06)."""

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

partner = Scenario("A tool call's reported duration is the partner's response time", service="tools")
stored = Scenario("Stored durations equal those that were reported", service="tools")
waiting = Scenario("Waiting to start does not count as tool time", service="worker")


@partner.defect(
    "TLD-06a",
    "only the processor's time is measured",
    step="the duration reported to Acme for the price list is the partner's response time",
)
def _() -> None:
    def begin(self: Stopwatch) -> Stopwatch:
        self._started = time.thread_time()
        return self

    def end(self: Stopwatch, *_: object) -> None:
        self.seconds = time.thread_time() - self._started

    replace(Stopwatch, "__enter__", begin)
    replace(Stopwatch, "__exit__", end)


@waiting.defect(
    "TLD-06b",
    "the duration of a call includes the wait for a free slot",
    step="the duration reported to Acme for each question is the partner's response time",
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

    original_call, original_emit = replace(Execution, "_call", call), replace(Tracker, "emit", emit)


@stored.defect(
    "TLD-06c", "whole seconds are stored", step="the stored durations equal those that were reported to Acme"
)
def _() -> None:
    def finish(self: CallRecords, call: Any, answer: ExecutionAnswer) -> None:
        whole = answer.usage.model_copy(update={"duration_seconds": float(round(answer.usage.duration_seconds))})
        original(self, call, answer.model_copy(update={"usage": whole}))

    original = replace(CallRecords, "finish", finish)
