"""Seeded defects of tools that come and go (TLD-07)."""

from __future__ import annotations

import asyncio
from typing import Any

from apex.http.problems import Problem
from apex.storage.runs import now
from apex.tools.dispatcher import Dispatcher
from apex.tools.models import ExecutionAnswer
from apex.tools.registered import RegisteredTool, RegisteredTools
from apex.tools.tool import Tool
from defects import Scenario
from defects._patching import replace

_USED_AT_ONCE = "A tool that was added can be used at once"
_WITHDRAWN = "A tool that was withdrawn is refused by name"
_TOLD = "Acme's agent is told that it was withdrawn, and the partner is not asked again"


used_once = Scenario(_USED_AT_ONCE, service="tools")


@used_once.defect(
    "TLD-07a",
    "the tools are read once, when the first is looked for",
    step="Acme's agent is given the partner's answer",
)
def _() -> None:
    known: list[dict[str, Tool]] = []

    def find(self: RegisteredTools, name: str) -> Tool:
        if not known:
            known.append({tool.name: tool for tool in self.in_use()})
        return known[0].get(name) or original(self, f"not {name}")

    original = replace(RegisteredTools, "find", find)


tool_added_still = Scenario("A tool that was added is still there after a crash", service="tools")


@tool_added_still.defect(
    "TLD-07b", "what was added before a start is not found after it", step="Acme's agent is given the partner's answer"
)
def _() -> None:
    started = now()

    def begin(self: RegisteredTool, row: Any) -> None:
        original(self, row)
        vars(self)["added"] = row.created_at

    def find(self: RegisteredTools, name: str) -> RegisteredTool:
        tool: RegisteredTool = sought(self, name)
        if vars(tool)["added"] < started:
            raise Problem(404, "unknown_tool", "There is no such tool.")
        return tool

    original, sought = replace(RegisteredTool, "__init__", begin), replace(RegisteredTools, "find", find)


withdrawn = Scenario(_WITHDRAWN, service="tools")


@withdrawn.defect("TLD-07c", "an instance goes on using the tools that it has used before", step=_TOLD)
def _() -> None:
    used: dict[str, RegisteredTool] = {}

    def find(self: RegisteredTools, name: str) -> RegisteredTool:
        if name not in used:
            used[name] = original(self, name)
        return used[name]

    original = replace(RegisteredTools, "find", find)


@withdrawn.defect("TLD-07d", "a withdrawn tool is refused as if it had never been there", step=_TOLD)
def _() -> None:
    def find(self: RegisteredTools, name: str) -> Any:
        try:
            return original(self, name)
        except Problem:
            raise Problem(404, "unknown_tool", f"There is no tool of the name '{name}'.") from None

    original = replace(RegisteredTools, "find", find)


call_work_when = Scenario("A call at work when its tool is withdrawn is finished", service="tools")


@call_work_when.defect(
    "TLD-07e", "withdrawing a tool ends the calls that are at work", step="Acme's agent is given the partner's answer"
)
def _() -> None:
    async def execute(self: Dispatcher, tool: Tool, *others: Any) -> ExecutionAnswer:
        work = asyncio.ensure_future(original(self, tool, *others))
        while not work.done():
            await asyncio.wait([work], timeout=0.05)
            try:
                await self.find(tool.name)
            except Problem:
                work.cancel()
                raise
        answer: ExecutionAnswer = work.result()
        return answer

    original = replace(Dispatcher, "execute", execute)


@used_once.defect(
    "TLD-07f", "the published list leaves out what operators have added", step="the published list names it"
)
def _() -> None:
    async def known(self: Dispatcher) -> list[Tool]:
        return list(self.tools.values())

    replace(Dispatcher, "known", known)


@used_once.defect(
    "TLD-07g",
    "the partner of an added tool is asked without the parameters",
    step="Acme's agent is given the partner's answer",
)
def _() -> None:
    async def execute(self: RegisteredTool, call: Any, parameters: Any) -> dict[str, Any]:
        result: dict[str, Any] = await original(self, call, {})
        return result

    original = replace(RegisteredTool, "execute", execute)


@withdrawn.defect(
    "TLD-07h",
    "the published list keeps every tool that was used once",
    step="the published list does not name it any more",
)
def _() -> None:
    used: dict[str, Tool] = {}

    def find(self: RegisteredTools, name: str) -> Tool:
        tool: Tool = original_find(self, name)
        used[name] = tool
        return tool

    def in_use(self: RegisteredTools) -> list[Tool]:
        return list({**{tool.name: tool for tool in original_in_use(self)}, **used}.values())

    original_find, original_in_use = RegisteredTools.find, RegisteredTools.in_use
    replace(RegisteredTools, "find", find)
    replace(RegisteredTools, "in_use", in_use)
