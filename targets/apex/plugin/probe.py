"""An agent and tools that do as a scenario says: they hang, raise, chatter or work side by side.

Loaded by the platform from its plugin directory, as a customer's own agents are.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from functools import partial
from hashlib import pbkdf2_hmac
from typing import Any

from pydantic import BaseModel

from apex.agents import Agent, RunContext, ToolFailed
from apex.tools import Tool, ToolCall, ToolError

# Rounds of hashing, some hundred milliseconds of a processor's time: far more than it takes to have something to read.
_WORK = 400_000


class Probe(Agent):
    """Follows the script in its input.

    ``input["steps"]``: a list of single-key objects: ``{"think": text}``, ``{"think_times": n}``,
    ``{"think_long": {"times": n, "characters": n}}``, ``{"fetch": path}`` (a partner's resource),
    ``{"together": [path, ...]}``, ``{"read_on": path}`` (again and again, until it is stopped), ``{"fail": message}``
    (a tool that fails), ``{"break": message}`` (a tool with a fault), ``{"raise": message}`` and
    ``{"time_out": message}`` (faults of the agent itself),
    ``{"ignore": seconds}`` (goes on when it is cancelled), ``{"answer": text}`` (answers that, its escapes
    replaced), ``{"block": seconds}`` (gives nobody else a chance), ``{"exit": code}``,
    ``{"call": {"tool": name, "parameters": {...}}}`` (any tool), ``{"try": ...}`` (the same, going on without its
    result where it fails), ``{"calls": [..., ...]}`` (any tools, side by side). The answer has under ``results`` what
    each of the last three gave, in their order.
    """

    name = "probe"
    description = "Follows a script, step by step."

    async def run(self, context: RunContext) -> dict[str, Any]:
        await context.think("Following the script.")
        fetched: list[dict[str, Any]] = []
        results: list[dict[str, Any]] = []
        for step in context.input["steps"]:
            ((kind, value),) = step.items()
            match kind:
                case "think":
                    await context.think(value)
                case "think_times":
                    for number in range(value):
                        await context.think(f"Thought {number}.")
                case "think_long":
                    for _ in range(value["times"]):
                        await context.think("." * value["characters"])
                case "fetch":
                    fetched.append(await context.call_tool("probe_fetch", {"path": value}))
                case "together":
                    calls = [context.call_tool("probe_fetch", {"path": path}) for path in value]
                    fetched.extend(await asyncio.gather(*calls))
                case "read_on":
                    await context.call_tool("probe_read_on", {"path": value})
                case "call":
                    results.append(await self._call(context, value))
                case "try":
                    try:
                        results.append(await self._call(context, value))
                    except ToolFailed as failed:
                        context.leave_out(value["tool"])
                        error = {"code": failed.code, "message": failed.message, **failed.details}
                        results.append({"tool": value["tool"], "error": error})
                case "calls":
                    results.extend(await asyncio.gather(*(self._call(context, each) for each in value)))
                case "fail":
                    await context.call_tool("probe_fail", {"message": value})
                case "break":
                    await context.call_tool("probe_break", {"message": value})
                case "block":
                    # Gives nobody else a chance to run, and takes no processor time that others need.
                    threading.Event().wait(value)
                case "exit":
                    sys.exit(value)
                case "raise":
                    raise RuntimeError(value)
                case "answer":
                    return {"answered": value.encode().decode("unicode_escape")}
                case "ignore":
                    until = time.monotonic() + value
                    while time.monotonic() < until:
                        try:
                            await asyncio.sleep(value)
                        except asyncio.CancelledError:
                            continue
                case "time_out":
                    raise TimeoutError(value)
                case _:
                    raise ValueError(f"the script has an unknown step: {kind}")
        summary = f"Followed {len(context.input['steps'])} steps."
        return {"fetched": fetched, "results": results, "summary": summary}

    async def _call(self, context: RunContext, wanted: dict[str, Any]) -> dict[str, Any]:
        return {"tool": wanted["tool"], "result": await context.call_tool(wanted["tool"], wanted["parameters"])}


class Path(BaseModel):
    """A path at the partner."""

    path: str


class Message(BaseModel):
    """What a failing tool says."""

    message: str


class ProbeFetch(Tool):
    """Reads a partner's resource."""

    name = "probe_fetch"
    description = "Reads a resource of a partner."
    permission = "partners:read"
    parameters = Path

    async def execute(self, call: ToolCall, parameters: Path) -> dict[str, Any]:
        response = await call.fetch(f"{call.pricing_url}{parameters.path}")
        return {"path": parameters.path, "content": response.text}


class ProbeReadOn(Tool):
    """Reads a partner's resource again and again and works on it, until it is stopped."""

    name = "probe_read_on"
    description = "Reads a resource of a partner until it is stopped."
    permission = "partners:read"
    parameters = Path

    async def execute(self, call: ToolCall, parameters: Path) -> dict[str, Any]:
        while True:
            document = await call.fetch(f"{call.pricing_url}{parameters.path}")
            await call.in_thread(partial(pbkdf2_hmac, "sha256", document.content, b"", _WORK))


class ProbeFail(Tool):
    """Cannot do its work, and says so."""

    name = "probe_fail"
    description = "Fails with a message for the customer."
    permission = "partners:read"
    parameters = Message

    async def execute(self, call: ToolCall, parameters: Message) -> dict[str, Any]:
        raise ToolError(parameters.message, recoverable=True)


class ProbeBreak(Tool):
    """Has a fault of its own."""

    name = "probe_break"
    description = "Breaks."
    permission = "partners:read"
    parameters = Message

    async def execute(self, call: ToolCall, parameters: Message) -> dict[str, Any]:
        raise RuntimeError(parameters.message)
