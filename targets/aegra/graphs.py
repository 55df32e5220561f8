"""The graphs: an agent that makes the moves of its plan, and a task of its own for each tool call."""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, TypedDict

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool, tool
from langgraph.config import get_store, get_stream_writer
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.store.base import BaseStore
from langgraph.types import Send
from planner import say
from probe import accounts, work
from probe.agents import AGENTS, NEED_RECORDS, remembered
from probe.failures import ToolError
from probe.moves import Think, ToolFailed
from probe.playing import Answered, Turn, Turns, play
from pydantic import ValidationError

log = logging.getLogger(__name__)

_TOOLS: Mapping[str, BaseTool] = {name: tool(function) for name, function in work.TOOLS.items()}


class Request(TypedDict):
    """What a run is asked for."""

    request: dict[str, Any]


class Given(TypedDict):
    """What a run gives."""

    answer: dict[str, Any] | None


class State(TypedDict):
    """A conversation. ``moves`` were made in its present run; ``calls`` are those that are at work."""

    request: dict[str, Any]
    answer: dict[str, Any] | None
    moves: int
    calls: list[dict[str, Any]]
    messages: Annotated[list[AnyMessage], add_messages]
    history: list[dict[str, Any]]


async def _begin(state: State, config: RunnableConfig) -> dict[str, Any]:
    run = _run_id(config)
    asked = HumanMessage(json.dumps(state["request"]), id=f"{run}-asked", additional_kwargs={"run_id": run})
    return {"answer": None, "moves": 0, "calls": [], "messages": [asked]}


def _agent(name: str) -> Callable[..., Any]:
    async def agent(state: State, config: RunnableConfig) -> dict[str, Any]:
        history = state.get("history") or []
        records = await _records(config) if name in NEED_RECORDS else []
        plan = AGENTS[name]({"request": state["request"], "records": records, "history": history})
        run, results = _run_id(config), {each.tool_call_id: each for each in state["messages"] if _is_result(each)}
        async for step in play(plan, run, state["moves"], lambda turn: _came(results[turn])):
            match step:
                case Think():
                    await _think(step.thoughts)
                case Turns():
                    calls = [dict(call) for call in step.calls]
                    return {"moves": step.moves, "calls": calls, "messages": [await say("", calls)]}
                case Answered(answer):
                    kept = {"answer": answer, "run_id": run}
                    said = AIMessage(str(answer.get("summary", "Done.")), id=f"{run}-answer", additional_kwargs=kept)
                    history = [*history, *remembered(run, answer)]
                    return {"answer": answer, "calls": [], "messages": [said], "history": history}
        raise AssertionError("a plan ends with calls or with an answer")

    return agent


async def _tool(turn: Turn, config: RunnableConfig) -> dict[str, Any]:
    """One call; what a tool cannot do is a message with an error, which the agent may go on from."""
    call, name = {"type": "tool_call", **turn}, turn["name"]
    writer, store, identity = get_stream_writer(), get_store(), _identity(config)

    def report(message: str, done: int, total: int) -> None:
        writer({"progress": message, "done": done, "total": total, "call_id": turn["id"], "tool_name": name})

    work.CALLER.set(work.Caller(identity, lambda: _granted(store, identity), report))
    try:
        if name not in _TOOLS:
            return _failed(turn, "unknown_tool", f"There is no tool '{name}'.")
        result = await _TOOLS[name].ainvoke(call)
    except ToolError as failed:
        return _failed(turn, "tool_failed", str(failed), failed.recoverable)
    except ValidationError as wrong:
        names = ", ".join(sorted({str(error["loc"][0]) for error in wrong.errors() if error["loc"]}))
        return _failed(turn, "invalid_parameters", f"Wrong parameters: {names}.")
    except Exception:
        log.exception("the tool %s failed", name)
        return _failed(turn, "tool_failed", f"The tool '{name}' failed because of a fault of its own.")
    return {"messages": [result]}


def _failed(turn: Turn, code: str, message: str, recoverable: bool = False) -> dict[str, Any]:
    text = json.dumps({"code": code, "message": message, "recoverable": recoverable})
    return {"messages": [ToolMessage(text, name=turn["name"], tool_call_id=turn["id"], status="error")]}


def _came(result: ToolMessage) -> Any:
    said = json.loads(str(result.content))
    return ToolFailed(str(result.name), **said) if result.status == "error" else said


async def _think(thoughts: Sequence[str]) -> None:
    """One thought is said by the model; many are written to the stream, where that would be what takes the time."""
    if len(thoughts) == 1:
        await say(thoughts[0])
        return
    writer = get_stream_writer()
    for thought in thoughts:
        writer({"thought": thought})


async def _granted(store: BaseStore, identity: str) -> dict[str, str] | None:
    item = await store.aget(("users", identity, "account"), "cloud")
    return None if item is None else item.value


async def _records(config: RunnableConfig) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    place = ("users", _identity(config), "usage")
    while page := await get_store().asearch(place, limit=100, offset=len(found)):
        found += [item.value for item in page]
    return [record for item in found for record in item["records"]]


def _is_result(message: AnyMessage) -> bool:
    return isinstance(message, ToolMessage)


def _run_id(config: RunnableConfig) -> str:
    return str(config["configurable"]["run_id"])


def _identity(config: RunnableConfig) -> str:
    return str(config["configurable"]["langgraph_auth_user"].identity)


def _next(state: State) -> list[Send] | str:
    return [Send("tool", call) for call in state["calls"]] or END


def _graph(name: str) -> Any:
    graph = StateGraph(State, input_schema=Request, output_schema=Given)
    graph.add_node("begin", _begin)
    graph.add_node("agent", _agent(name))
    graph.add_node("tool", _tool)
    graph.add_edge(START, "begin")
    graph.add_edge("begin", "agent")
    graph.add_conditional_edges("agent", _next, ["tool", END])
    graph.add_edge("tool", "agent")
    return graph.compile()


accounts.warm_up()
cost_analysis = _graph("cost_analysis")
rightsizing_plan = _graph("rightsizing_plan")
usage_report = _graph("usage_report")
advisor = _graph("advisor")
probe = _graph("probe")
