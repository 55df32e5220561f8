"""Seeded defects of concurrent jobs (CSC-05)."""

from __future__ import annotations

import asyncio
from typing import Any

from apex.tools import tool
from apex.tools.dispatcher import Dispatcher
from apex.worker.execution import Execution
from apex.worker.toolbox import Toolbox
from defects import Scenario
from defects._patching import replace

fifty_customers = Scenario("Fifty customers run a job each at the same time", service="tools")
twenty_jobs = Scenario("Twenty jobs of one customer run under one trace", service="tools")
records_of_fifty = Scenario("Concurrent jobs of fifty customers have a record each", service="worker")
records_of_twenty = Scenario("Twenty concurrent jobs of one customer have a record each", service="worker")

_ONE_RECORD = "every service has one record of each job, and all records and events agree"


@fifty_customers.defect(
    "CSC-05a",
    "the trace of a call is that of the call which began last",
    step="each job has its own results, and the partner has answered each request once",
)
def _() -> None:
    latest: dict[str, str] = {}

    async def execute(self: Dispatcher, *others: Any) -> Any:
        latest["trace"] = traceparent()
        return await original(self, *others)

    traceparent = replace(tool, "traceparent", lambda: latest["trace"])
    original = replace(Dispatcher, "execute", execute)


def _calls_for_the_run_that_began_last() -> None:
    latest: dict[str, Any] = {}

    async def perform(self: Execution) -> Any:
        latest["run_id"] = self._run.id
        await asyncio.sleep(0.05)
        return await original_perform(self)

    def call(self: Toolbox, call_id: str, name: str, parameters: Any, story: Any, caller: Any) -> Any:
        return original_call(self, call_id, name, parameters, {**story, **latest}, caller)

    original_perform = replace(Execution, "perform", perform)
    original_call = replace(Toolbox, "call", call)


@records_of_twenty.defect("CSC-05b", "tool calls are made for the run that began last", step=_ONE_RECORD)
def _() -> None:
    _calls_for_the_run_that_began_last()


@twenty_jobs.defect(
    "CSC-05c",
    "an instance of the tools carries out one call at a time",
    step="as many jobs ran in parallel as the worker capacity allows",
)
def _() -> None:
    one_at_a_time = asyncio.Lock()

    async def execute(self: Dispatcher, *others: Any) -> Any:
        async with one_at_a_time:
            return await original(self, *others)

    original = replace(Dispatcher, "execute", execute)


@records_of_fifty.defect("CSC-05d", "tool calls are made for whichever customer's run began last", step=_ONE_RECORD)
def _() -> None:
    _calls_for_the_run_that_began_last()
