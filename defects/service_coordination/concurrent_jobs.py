"""Seeded defects of many jobs at once (CSC-05)."""

from __future__ import annotations

import asyncio
from typing import Any

from apex.tools import tool
from apex.tools.dispatcher import Dispatcher
from apex.worker.execution import Execution
from apex.worker.toolbox import Toolbox
from defects import Scenario
from defects._patching import replace

jobs_fifty_customers = Scenario("The jobs of fifty customers at once", service="tools")


@jobs_fifty_customers.defect(
    "CSC-05a",
    "the trace of a call is that of the call which began last",
    step="each job was given what it had asked for, and the partner has answered each question once",
)
def _() -> None:
    latest: dict[str, str] = {}

    async def execute(self: Dispatcher, *others: Any) -> Any:
        latest["trace"] = traceparent()
        return await original(self, *others)

    traceparent = replace(tool, "traceparent", lambda: latest["trace"])
    original = replace(Dispatcher, "execute", execute)


twenty_jobs_one = Scenario("Twenty jobs of one customer at once")


@twenty_jobs_one.defect(
    "CSC-05b",
    "tool calls are made for the run that began last",
    step="every service has each job on record once, and all records agree",
    service="worker",
)
def _() -> None:
    latest: dict[str, Any] = {}

    async def perform(self: Execution) -> dict[str, Any]:
        latest["run"] = self._run.id
        await asyncio.sleep(0.05)
        answer: dict[str, Any] = await original_perform(self)
        return answer

    async def call(self: Toolbox, call_id: str, name: str, parameters: Any, story: Any, caller: Any) -> Any:
        return await original_call(self, call_id, name, parameters, {**story, "run_id": latest["run"]}, caller)

    original_perform = replace(Execution, "perform", perform)
    original_call = replace(Toolbox, "call", call)


@twenty_jobs_one.defect(
    "CSC-05c",
    "an instance of the tools carries out one call at a time",
    step="as many jobs were at work at once as there are places for them",
    service="tools",
)
def _() -> None:
    one_at_a_time = asyncio.Lock()

    async def execute(self: Dispatcher, *others: Any) -> Any:
        async with one_at_a_time:
            return await original(self, *others)

    original = replace(Dispatcher, "execute", execute)
