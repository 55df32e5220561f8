"""Seeded defects of what becomes of failing tools (TLD-05)."""

import copy
import os
from typing import Any

from apex.agents import ToolFailed
from apex.tools.dispatcher import Dispatcher
from apex.tools.errors import ToolError
from apex.worker.execution import Execution
from apex.worker.toolbox import Toolbox
from defects import Scenario
from defects._patching import replace

_REASON = "Acme can read that one tool call failed because <why>"
_NEXT = "the next tool of Acme's agent succeeds"
_PARTIAL = "the run completes with a partial answer"

reported = Scenario("A failing tool is reported, and the agent continues", service="worker")
review = Scenario("A savings review without prices is partial and contains the usage", service="worker")
full = Scenario("A review with all its data is not marked as partial", service="worker")


@reported.defect("TLD-05a", "a failure is swallowed and reported as success", step=_REASON, service="tools")
def _() -> None:
    async def execute(self: Dispatcher, *arguments: Any) -> Any:
        answer = await original(self, *arguments)
        if answer.error is None:
            return answer
        return answer.model_copy(update={"status": "succeeded", "result": {}, "error": None})

    original = replace(Dispatcher, "execute", execute)


@reported.defect("TLD-05b", "the text of a tool's exception is given as the reason", step=_REASON, service="tools")
def _() -> None:
    async def find(self: Dispatcher, name: str) -> Any:
        tool: Any = copy.copy(await original(self, name))
        execute = tool.execute

        async def verbose(call: Any, parameters: Any) -> Any:
            try:
                return await execute(call, parameters)
            except ToolError:
                raise
            except Exception as error:
                raise ToolError(f"{type(error).__name__}: {error}") from None

        tool.execute = verbose
        return tool

    original = replace(Dispatcher, "find", find)


@reported.defect("TLD-05c", "after a failed call a run gets no tool", step="the next tool of Acme's agent succeeds")
def _() -> None:
    failed: set[str] = set()

    async def call(self: Toolbox, call_id: str, name: str, parameters: Any, story: Any, caller: Any) -> Any:
        if story["run_id"] in failed:
            raise ToolFailed(name, "The run has failed.", recoverable=False)
        try:
            return await original(self, call_id, name, parameters, story, caller)
        except ToolFailed:
            failed.add(story["run_id"])
            raise

    original = replace(Toolbox, "call", call)


@reported.defect("TLD-05d", "an answer from which a part is missing is not marked", step=_PARTIAL)
def _() -> None:
    replace(Execution, "leave_out", lambda self, part: None)


@review.defect("TLD-05e", "a failing tool of a delegated agent ends the whole run", step=_PARTIAL)
def _() -> None:
    async def delegate(self: Execution, *arguments: Any) -> Any:
        try:
            return await original(self, *arguments)
        except* ToolFailed as failed:
            raise RuntimeError("the delegate has failed") from failed

    original = replace(Execution, "delegate", delegate)


@full.defect("TLD-05f", "every delegated answer is marked as partial", step="the run completes with a full answer")
def _() -> None:
    def delegate(self: Execution, *arguments: Any) -> Any:
        self.leave_out("whatever was delegated")
        return original(self, *arguments)

    original = replace(Execution, "delegate", delegate)


@reported.defect("TLD-05g", "a tool that ends its process takes its service with it", step=_NEXT, service="tools")
def _() -> None:
    async def find(self: Dispatcher, *arguments: Any) -> Any:
        tool: Any = copy.copy(await original(self, *arguments))
        execute = tool.execute

        async def unguarded(call: Any, parameters: Any) -> Any:
            try:
                return await execute(call, parameters)
            except SystemExit:
                os._exit(1)

        tool.execute = unguarded
        return tool

    original = replace(Dispatcher, "find", find)
