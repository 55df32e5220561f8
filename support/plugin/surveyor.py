"""An agent and a tool that take their time and say how far they are.

Loaded by the platform from its plugin directory, as a customer's own agents are.
"""

from __future__ import annotations

import asyncio
from typing import Any

from pydantic import BaseModel

from apex.agents import Agent, RunContext
from apex.tools import Tool, ToolCall


class Surveyor(Agent):
    """Has surveys made side by side: ``input["surveys"]``, a list of lists of paths at the partner."""

    name = "surveyor"
    description = "Surveys what a partner has."

    async def run(self, context: RunContext) -> dict[str, Any]:
        await context.think("Surveying.")
        calls = [context.call_tool("survey", {"paths": paths}) for paths in context.input["surveys"]]
        surveys = await asyncio.gather(*calls)
        return {"surveys": [survey["found"] for survey in surveys], "summary": f"Made {len(surveys)} surveys."}


class Paths(BaseModel):
    """Paths at the partner."""

    paths: list[str]


class Survey(Tool):
    """Reads a partner's resources one after the other."""

    name = "survey"
    description = "Reads resources of a partner, and reports after each."
    permission = "partners:read"
    parameters = Paths

    async def execute(self, call: ToolCall, parameters: Paths) -> dict[str, Any]:
        found = []
        for number, path in enumerate(parameters.paths, start=1):
            response = await call.fetch(f"{call.pricing_url}{path}")
            found.append(response.json()["path"])
            await call.report(f"Read {path}.", number, len(parameters.paths))
        return {"found": found}
