"""An agent and a tool that do research at a partner and report their progress.

Loaded by the platform from its plugin directory, as a customer's own agents are.
"""

from __future__ import annotations

import asyncio
from typing import Any

from pydantic import BaseModel

from apex.agents import Agent, RunContext
from apex.tools import Tool, ToolCall


class Researcher(Agent):
    """Carries out research tasks side by side: ``input["tasks"]``, for each a list of topics."""

    name = "researcher"
    description = "Does research at a partner."

    async def run(self, context: RunContext) -> dict[str, Any]:
        await context.think("Researching.")
        calls = [context.call_tool("research", {"topics": topics}) for topics in context.input["tasks"]]
        tasks = await asyncio.gather(*calls)
        return {"results": [task["found"] for task in tasks], "summary": f"Finished {len(tasks)} research tasks."}


class Topics(BaseModel):
    """Topics, each of them a path at the partner."""

    topics: list[str]


class Research(Tool):
    """Reads one topic after the other."""

    name = "research"
    description = "Reads topics at a partner, and reports its progress after each."
    permission = "partners:read"
    parameters = Topics

    async def execute(self, call: ToolCall, parameters: Topics) -> dict[str, Any]:
        found = []
        for number, topic in enumerate(parameters.topics, start=1):
            response = await call.fetch(f"{call.pricing_url}{topic}")
            found.append(response.json()["path"])
            await call.report(f"Read {topic}.", number, len(parameters.topics))
        return {"found": found}
