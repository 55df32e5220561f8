"""Seeded defects of what becomes of failing tools (TLD-05)."""

from __future__ import annotations

import copy
from typing import Any

from apex.agents import ToolFailed
from apex.tools.dispatcher import Dispatcher
from apex.tools.errors import ToolError
from apex.tools.models import ExecutionAnswer
from apex.tools.tool import Tool
from apex.worker.execution import Execution
from apex.worker.toolbox import ToolAnswer, Toolbox
from defects import Scenario
from defects._patching import replace

_REPORTED = "A failing tool is reported, and the next one of the plan runs"


reported = Scenario(_REPORTED)


@reported.defect(
    "TLD-05a",
    "a failure is swallowed and reported as success",
    step="Acme was shown that the tool failed, for a reason fit for a customer",
    service="tools",
)
def _() -> None:
    async def execute(self: Dispatcher, *arguments: Any) -> ExecutionAnswer:
        answer: ExecutionAnswer = await original(self, *arguments)
        if answer.error is None:
            return answer
        return answer.model_copy(update={"status": "succeeded", "result": {}, "error": None})

    original = replace(Dispatcher, "execute", execute)


@reported.defect(
    "TLD-05b",
    "the text of a tool's exception is given as the reason",
    step="Acme was shown that the tool failed, for a reason fit for a customer",
    service="tools",
)
def _() -> None:
    async def find(self: Dispatcher, name: str) -> Tool:
        tool: Any = copy.copy(await original(self, name))
        execute = tool.execute

        async def telling(call: Any, parameters: Any) -> Any:
            try:
                return await execute(call, parameters)
            except ToolError:
                raise
            except Exception as error:
                raise ToolError(f"{type(error).__name__}: {error}") from None

        tool.execute = telling
        found: Tool = tool
        return found

    original = replace(Dispatcher, "find", find)


@reported.defect(
    "TLD-05c",
    "after a failed call a run gets no tool any more",
    step="the next tool of the plan has done its work",
    service="worker",
)
def _() -> None:
    async def call(self: Toolbox, call_id: str, name: str, parameters: Any, story: Any, caller: Any) -> ToolAnswer:
        if story["run_id"] in failed:
            raise ToolFailed(name, "The run has failed.", recoverable=False)
        try:
            answer: ToolAnswer = await original(self, call_id, name, parameters, story, caller)
            return answer
        except ToolFailed:
            failed.add(story["run_id"])
            raise

    failed: set[str] = set()
    original = replace(Toolbox, "call", call)


@reported.defect(
    "TLD-05d",
    "an answer from which a part is missing is not marked",
    step="the run ends with an answer that is marked as partial",
    service="worker",
)
def _() -> None:
    replace(Execution, "leave_out", lambda self, part: None)


review_leaves_out = Scenario("A review leaves out what cannot be known", service="worker")


@review_leaves_out.defect(
    "TLD-05e",
    "a failing tool of a delegated agent ends the whole run",
    step="the run ends with an answer that is marked as partial, and has the totals of Acme's own usage",
)
def _() -> None:
    async def delegate(self: Execution, *arguments: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = await original(self, *arguments)
            return answer
        except* ToolFailed as failed:
            raise RuntimeError("the delegate has failed") from failed

    original = replace(Execution, "delegate", delegate)


answer_from_which = Scenario("An answer from which nothing is missing is whole", service="worker")


@answer_from_which.defect(
    "TLD-05f",
    "every answer that another agent has worked on is marked as partial",
    step="the run ends with an answer that is not marked as partial",
)
def _() -> None:
    async def delegate(self: Execution, *arguments: Any) -> dict[str, Any]:
        self.leave_out("whatever was delegated")
        answer: dict[str, Any] = await original(self, *arguments)
        return answer

    original = replace(Execution, "delegate", delegate)
