"""The agent that follows a script; the language is described in ``support/scenario/agents.py``."""

import builtins
import sys
from typing import Any

from probe.moves import Answer, Block, Call, Calls, Ignore, Plan, Think, ToolFailed, Wait, call


def follow(steps: list[dict[str, Any]]) -> Plan:
    """Follow the steps of a script."""
    yield Think(["Following the script."])
    fetched: list[Any] = []
    results: list[Any] = []
    kept: dict[str, Any] = {}
    is_partial = False
    for step in steps:
        ((kind, value),) = step.items()
        match kind:
            case "think":
                yield Think([value])
            case "think_times":
                yield Think([f"Thought {number}." for number in range(value)])
            case "think_long":
                yield Think(["." * value["characters"]] * value["times"])
            case "fetch":
                fetched += yield call("probe_fetch", path=value)
            case "together":
                fetched += yield Calls([Call("probe_fetch", {"path": path}) for path in value])
            case "read_on":
                yield call("probe_read_on", path=value)
            case "research":
                tasks = yield Calls([Call("probe_research", {"topics": topics}) for topics in value])
                results += [task["found"] for task in tasks]
            case "fail":
                yield call("probe_fail", message=value)
            case "break":
                yield call("probe_break", message=value)
            case "keep":
                kept.update(value)
            case "call" | "try":
                (came,) = yield Calls([_named(value)], tolerant=kind == "try")
                is_partial = is_partial or isinstance(came, ToolFailed)
                results.append(_told(value, came))
            case "calls":
                came = yield Calls([_named(each) for each in value])
                results += [_told(wanted, result) for wanted, result in zip(value, came, strict=True)]
            case "block":
                yield Block(value)
            case "ignore":
                yield Ignore(value)
            case "wait":
                yield Wait()
            case "exit":
                sys.exit(value)
            case "raise":
                raise _fault(value)
            case "time_out":
                raise TimeoutError(value)
            case "answer":
                return {"answered": value.encode().decode("unicode_escape")}
            case _:
                raise ValueError(f"the script has an unknown step: {kind}")
    answer: Answer = {"fetched": fetched, "results": results, "kept": kept, "summary": f"Followed {len(steps)} steps."}
    return {**answer, "partial": True} if is_partial else answer


def _fault(told: str | dict[str, str]) -> Exception:
    """What an agent with a fault raises: a built-in exception of the kind that is named."""
    if isinstance(told, str):
        return RuntimeError(told)
    fault: Exception = getattr(builtins, told["kind"])(told["message"])
    return fault


def _named(wanted: dict[str, Any]) -> Call:
    return Call(wanted["tool"], wanted["parameters"])


def _told(wanted: dict[str, Any], came: Any) -> dict[str, Any]:
    if isinstance(came, ToolFailed):
        return {"tool": wanted["tool"], "error": came.error}
    return {"tool": wanted["tool"], "result": came}
