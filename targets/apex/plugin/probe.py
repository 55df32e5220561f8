"""An agent that does as a scenario says: it hangs, raises, chatters, keeps a state or has tools work side by side.

Loaded by the platform from its plugin directory, as a customer's own agents are.
"""

from __future__ import annotations

import asyncio
import builtins
import sys
import threading
import time
from contextlib import suppress
from typing import Any

from apex.agents import Agent, RunContext, ToolFailed


class Probe(Agent):
    """Follows the script in its input; the language is described in ``support/scenario/agents.py``."""

    name = "probe"
    description = "Follows a script, step by step."

    async def run(self, context: RunContext) -> dict[str, Any]:
        await context.think("Following the script.")
        fetched: list[dict[str, Any]] = []
        results: list[Any] = []
        kept: dict[str, Any] = {}
        answer = await self._follow(context, context.input["steps"], fetched, results, kept)
        if answer is not None:
            return answer
        summary = f"Followed {len(context.input['steps'])} steps."
        return {"fetched": fetched, "results": results, "kept": kept, "summary": summary}

    async def _follow(
        self,
        context: RunContext,
        steps: list[dict[str, Any]],
        fetched: list[dict[str, Any]],
        results: list[Any],
        kept: dict[str, Any],
    ) -> dict[str, Any] | None:
        """Follow the steps; an answer where one of them gives it."""
        for step in steps:
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
                case "first_of":
                    asked = [asyncio.create_task(context.call_tool("probe_fetch", {"path": path})) for path in value]
                    done, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
                    fetched.extend(each.result() for each in done)
                case "read_on":
                    await context.call_tool("probe_read_on", {"path": value})
                case "research":
                    tasks = [context.call_tool("probe_research", {"topics": topics}) for topics in value]
                    results.extend(task["found"] for task in await asyncio.gather(*tasks))
                case "delegate":
                    part = await context.delegate(value["agent"], value["input"])
                    results.extend(part.get("results", []))
                case "beside":
                    async with asyncio.TaskGroup() as together:
                        for branch in value:
                            together.create_task(self._follow(context, branch, fetched, results, kept))
                case "keep":
                    context.state.update(value)
                    kept.update(context.state)
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
                    async with asyncio.TaskGroup() as together:
                        made = [together.create_task(self._call(context, each)) for each in value]
                    results.extend(each.result() for each in made)
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
                    raise _fault(value)
                case "answer":
                    return {"answered": value.encode().decode("unicode_escape")}
                case "ignore":
                    until = time.monotonic() + value
                    while time.monotonic() < until:
                        try:
                            await asyncio.sleep(value)
                        except asyncio.CancelledError:
                            continue
                case "wait":
                    with suppress(asyncio.CancelledError):
                        await asyncio.get_running_loop().create_future()
                case "time_out":
                    raise TimeoutError(value)
                case _:
                    raise ValueError(f"the script has an unknown step: {kind}")
        return None

    async def _call(self, context: RunContext, wanted: dict[str, Any]) -> dict[str, Any]:
        return {"tool": wanted["tool"], "result": await context.call_tool(wanted["tool"], wanted["parameters"])}


def _fault(told: str | dict[str, str]) -> Exception:
    """What an agent with a fault raises: a built-in exception of the kind that is named."""
    if isinstance(told, str):
        return RuntimeError(told)
    fault: Exception = getattr(builtins, told["kind"])(told["message"])
    return fault
