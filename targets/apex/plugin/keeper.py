"""An agent that leaves behind the state that it is given.

Loaded by the platform from its plugin directory, as a customer's own agents are.
"""

from __future__ import annotations

from typing import Any

from apex.agents import Agent, RunContext


class Keeper(Agent):
    """Has ``input["state"]`` as its working state, and answers with it under ``kept``."""

    name = "keeper"
    description = "Keeps a state."

    async def run(self, context: RunContext) -> dict[str, Any]:
        context.state.update(context.input["state"])
        await context.think("Keeping the state.")
        return {"kept": dict(context.state), "summary": "Kept the state."}
