"""The graphs: an agent that makes the moves of its plan, and a task of its own for each tool call.

A plan is played from its beginning whenever the agent's turn comes; what was done is known from the state, so that it
goes on where it was, also after a checkpoint.
"""

import asyncio
import json
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Annotated, Any, TypedDict

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from langchain_core.runnables import RunnableConfig
from langgraph.config import get_store, get_stream_writer
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.types import Send
from probe import accounts, savings, script
from probe.failures import ToolError
from probe.model import say
from probe.moves import Block, Call, Calls, Ignore, Plan, Think, ToolFailed, Wait
from probe.tools import CALLER, TOOLS, Caller
from pydantic import ValidationError

log = logging.getLogger(__name__)

_BEFORE_BLOCKING = 0.2


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


class Turn(TypedDict):
    """A tool call that is to be made."""

    id: str
    name: str
    args: dict[str, Any]


class Known(TypedDict):
    """What plans are made of: the request, the customer's usage records, earlier analyses of the conversation."""

    request: dict[str, Any]
    records: list[dict[str, Any]]
    history: list[dict[str, Any]]


async def _begin(state: State, config: RunnableConfig) -> dict[str, Any]:
    run = _run_id(config)
    asked = HumanMessage(json.dumps(state["request"]), id=f"{run}-asked", additional_kwargs={"run_id": run})
    return {"answer": None, "moves": 0, "calls": [], "messages": [asked]}


def _agent(plan_of: Callable[[Known], Plan], needs_records: bool) -> Callable[..., Any]:
    async def agent(state: State, config: RunnableConfig) -> dict[str, Any]:
        records = await _records(config) if needs_records else []
        plan = plan_of({"request": state["request"], "records": records, "history": state.get("history") or []})
        number, came, failure = 0, None, None
        run, results = _run_id(config), {each.tool_call_id: each for each in state["messages"] if _is_result(each)}
        try:
            while True:
                move = plan.throw(failure) if failure else plan.send(came)
                number, came, failure = number + 1, None, None
                is_new = number > state["moves"]
                match move:
                    case Think() if is_new:
                        await _think(move.thoughts)
                    case Block() if is_new:
                        await _block(move.seconds)
                    case Ignore() if is_new:
                        await _ignore(move.seconds)
                    case Wait() if is_new:
                        with suppress(asyncio.CancelledError):
                            await asyncio.get_running_loop().create_future()
                    case Calls():
                        turns = [_turn(run, number, at, each) for at, each in enumerate(move.calls)]
                        if is_new:
                            return {"moves": number, "calls": turns, "messages": [await say("", turns)]}
                        try:
                            came = [_came(results[turn["id"]], move.tolerant) for turn in turns]
                        except ToolFailed as failed:
                            failure = failed  # a plan may go on without the tool
        except StopIteration as end:
            answer: dict[str, Any] = end.value
            kept = {"answer": answer, "run_id": run}
            said = AIMessage(str(answer.get("summary", "Done.")), id=f"{run}-answer", additional_kwargs=kept)
            history = [*(state.get("history") or []), *_remembered(run, answer)]
            return {"answer": answer, "calls": [], "messages": [said], "history": history}

    return agent


async def _tool(turn: Turn, config: RunnableConfig) -> dict[str, Any]:
    """One call; what a tool cannot do is a message with an error, which the agent may go on from."""
    call, name = {"type": "tool_call", **turn}, turn["name"]
    writer = get_stream_writer()

    def report(message: str, done: int, total: int) -> None:
        writer({"progress": message, "done": done, "total": total, "call_id": turn["id"], "tool_name": name})

    CALLER.set(Caller(_identity(config), get_store(), report))
    try:
        if name not in TOOLS:
            return _failed(turn, "unknown_tool", f"There is no tool '{name}'.")
        result = await TOOLS[name].ainvoke(call)
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


def _came(result: ToolMessage, tolerant: bool) -> Any:
    said = json.loads(str(result.content))
    if result.status != "error":
        return said
    failed = ToolFailed(str(result.name), **said)
    if tolerant:
        return failed
    raise failed


async def _think(thoughts: Sequence[str]) -> None:
    """One thought is said by the model; many are written to the stream, where that would be what takes the time."""
    if len(thoughts) == 1:
        await say(thoughts[0])
        return
    writer = get_stream_writer()
    for thought in thoughts:
        writer({"thought": thought})


async def _block(seconds: float) -> None:
    # What was said before is on its way; from now on nobody ends the agent, and then nobody else has a chance to run.
    # A blocked thread takes no processor time that others need.
    cancelled: asyncio.CancelledError | None = None
    try:
        await asyncio.sleep(_BEFORE_BLOCKING)
    except asyncio.CancelledError as asked:
        cancelled = asked
    threading.Event().wait(seconds)
    if cancelled is not None:
        raise cancelled


async def _ignore(seconds: float) -> None:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        try:
            await asyncio.sleep(left)
        except asyncio.CancelledError:
            continue


async def _records(config: RunnableConfig) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    place = ("users", _identity(config), "usage")
    while page := await get_store().asearch(place, limit=100, offset=len(found)):
        found += [item.value for item in page]
    return [record for item in found for record in item["records"]]


def _turn(run: str, number: int, at: int, call: Call) -> Turn:
    return {"id": f"{run}-{number}-{at}", "name": call.tool, "args": call.parameters}


def _remembered(run: str, answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"run_id": run, "monthly_savings": answer["monthly_savings"]}] if "findings" in answer else []


def _is_result(message: AnyMessage) -> bool:
    return isinstance(message, ToolMessage)


def _run_id(config: RunnableConfig) -> str:
    return str(config["configurable"]["run_id"])


def _identity(config: RunnableConfig) -> str:
    return str(config["configurable"]["langgraph_auth_user"].identity)


def _next(state: State) -> list[Send] | str:
    return [Send("tool", call) for call in state["calls"]] or END


def _graph(plan_of: Callable[[Known], Plan], needs_records: bool = False) -> Any:
    graph = StateGraph(State, input_schema=Request, output_schema=Given)
    graph.add_node("begin", _begin)
    graph.add_node("agent", _agent(plan_of, needs_records))
    graph.add_node("tool", _tool)
    graph.add_edge(START, "begin")
    graph.add_edge("begin", "agent")
    graph.add_conditional_edges("agent", _next, ["tool", END])
    graph.add_edge("tool", "agent")
    return graph.compile()


accounts.warm_up()
cost_analysis = _graph(lambda known: savings.cost_analysis(known["history"]))
rightsizing_plan = _graph(lambda known: savings.rightsizing_plan())
usage_report = _graph(lambda known: savings.usage_report(known["records"]), needs_records=True)
advisor = _graph(lambda known: savings.advisor(known["records"], known["history"]), needs_records=True)
probe = _graph(lambda known: script.follow(known["request"]["steps"]))
