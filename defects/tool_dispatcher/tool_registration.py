"""Seeded defects of tools that are added and withdrawn (TLD-07)."""

import asyncio
from typing import Any

from apex.http.problems import Problem
from apex.storage.runs import now
from apex.tools.dispatcher import Dispatcher
from apex.tools.registered import RegisteredTool, RegisteredTools
from apex.tools.tool import Tool
from defects import Scenario
from defects._patching import replace

_ANSWERED = "Acme's agent receives the partner's response"
_REFUSED = "Acme's agent is refused because the tool was withdrawn, with no further request to the partner"
_UNLISTED = "the published tool list no longer names the currency tool"

added = Scenario("An added tool can be used immediately", service="tools")
crash = Scenario("An added tool survives a crash of the tools service", service="tools")
withdrawn = Scenario("A withdrawn tool is refused as withdrawn", service="tools")
running = Scenario("A running call finishes although its tool is withdrawn", service="tools")


@added.defect("TLD-07a", "the tools are read once, when the first is looked up", step=_ANSWERED)
def _() -> None:
    known: list[dict[str, Tool]] = []

    def find(self: RegisteredTools, name: str) -> Any:
        if not known:
            known.append({tool.name: tool for tool in self.in_use()})
        return known[0].get(name) or original(self, f"not {name}")

    original = replace(RegisteredTools, "find", find)


@crash.defect("TLD-07b", "what was added before a start is not found after it", step=_ANSWERED)
def _() -> None:
    started = now()

    def begin(self: RegisteredTool, row: Any) -> None:
        original_begin(self, row)
        vars(self)["added"] = row.created_at

    def find(self: RegisteredTools, name: str) -> Any:
        tool = original_find(self, name)
        if vars(tool)["added"] < started:
            raise Problem(404, "unknown_tool", "There is no such tool.")
        return tool

    original_begin = replace(RegisteredTool, "__init__", begin)
    original_find = replace(RegisteredTools, "find", find)


@withdrawn.defect("TLD-07c", "an instance keeps the tools that it has used before", step=_REFUSED)
def _() -> None:
    used: dict[str, RegisteredTool] = {}

    def find(self: RegisteredTools, name: str) -> RegisteredTool:
        if name not in used:
            used[name] = original(self, name)
        return used[name]

    original = replace(RegisteredTools, "find", find)


@withdrawn.defect("TLD-07d", "a withdrawn tool is refused as if it had never existed", step=_REFUSED)
def _() -> None:
    def find(self: RegisteredTools, name: str) -> Any:
        try:
            return original(self, name)
        except Problem:
            raise Problem(404, "unknown_tool", f"There is no tool of the name '{name}'.") from None

    original = replace(RegisteredTools, "find", find)


@running.defect("TLD-07e", "withdrawing a tool ends its running calls", step=_ANSWERED)
def _() -> None:
    async def execute(self: Dispatcher, tool: Tool, *others: Any) -> Any:
        work = asyncio.ensure_future(original(self, tool, *others))
        while not work.done():
            await asyncio.wait([work], timeout=0.05)
            try:
                await self.find(tool.name)
            except Problem:
                work.cancel()
                raise
        return work.result()

    original = replace(Dispatcher, "execute", execute)


@added.defect(
    "TLD-07f", "the published tool list omits added tools", step="the published tool list names the currency tool"
)
def _() -> None:
    async def known(self: Dispatcher) -> list[Tool]:
        return list(self.tools.values())

    replace(Dispatcher, "known", known)


@added.defect("TLD-07g", "the partner of an added tool is asked without the parameters", step=_ANSWERED)
def _() -> None:
    async def execute(self: RegisteredTool, call: Any, parameters: Any) -> Any:
        return await original(self, call, {})

    original = replace(RegisteredTool, "execute", execute)


@withdrawn.defect("TLD-07h", "the published tool list keeps every tool that was used once", step=_UNLISTED)
def _() -> None:
    used: dict[str, Tool] = {}

    def find(self: RegisteredTools, name: str) -> Tool:
        used[name] = original_find(self, name)
        return used[name]

    def in_use(self: RegisteredTools) -> list[Tool]:
        return list({**{tool.name: tool for tool in original_in_use(self)}, **used}.values())

    original_find = replace(RegisteredTools, "find", find)
    original_in_use = replace(RegisteredTools, "in_use", in_use)
