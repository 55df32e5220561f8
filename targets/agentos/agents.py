"""The agents: each has a model that makes the moves of a plan, and the tools."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from inspect import isasyncgen
from typing import Any

from agno.agent import Agent
from agno.db.postgres import AsyncPostgresDb
from agno.models.base import Model
from agno.models.message import Message
from agno.models.response import ModelResponse
from agno.run import RunContext
from agno.run.agent import CustomEvent, RunOutput
from agno.run.cancel import ais_cancelled
from probe import accounts, work
from probe.agents import AGENTS, NEED_RECORDS, remembered
from probe.failures import ToolError
from probe.moves import Plan, Think, ToolFailed
from probe.playing import Answered, Turn, Turns, play
from pydantic import ValidationError
from redis.exceptions import RedisError

# Nothing stops the tools of a run that is cancelled: without this they would be at work for good. Whoever cancels has
# long since given up waiting.
_GRACE_SECONDS, _LOOK_SECONDS = 10.0, 1.0
ACCOUNT, USAGE = "account", "usage"
"""The topics of the memories in which customers keep what agents work on."""


@dataclass
class Planner(Model):
    """A model that needs no network: it says what the plan of its agent tells it to say.

    Thoughts are its reasoning; what it says at the end is the answer, as JSON.
    """

    id: str = "planner"
    name: str = "Planner"
    provider: str = "acceptance"
    agent: str = ""
    db: AsyncPostgresDb | None = None

    async def ainvoke_stream(
        self, messages: list[Message], run_response: RunOutput | None = None, **kwargs: Any
    ) -> AsyncIterator[ModelResponse]:
        assert run_response is not None
        run = str(run_response.run_id)
        plan = await self._plan(messages, str(run_response.user_id))
        results = {each.tool_call_id: each for each in messages if each.role == self.tool_message_role}
        async for step in play(plan, run, _made(messages, run), lambda turn: _came(results[turn])):
            match step:
                case Think(thoughts):
                    for thought in thoughts:
                        yield ModelResponse(reasoning_content=thought)
                case Turns(_, calls):
                    yield ModelResponse(tool_calls=[_wire(call) for call in calls])
                case Answered(answer):
                    said = json.dumps(answer, ensure_ascii=False)
                    yield ModelResponse(content=said, provider_data={"run_id": run})

    async def ainvoke(self, *args: Any, **kwargs: Any) -> ModelResponse:
        whole = ModelResponse(content="")
        async for part in self.ainvoke_stream(*args, **kwargs):
            whole.content += part.content or ""
            whole.tool_calls += part.tool_calls
        return whole

    def invoke(self, *args: Any, **kwargs: Any) -> ModelResponse:
        raise NotImplementedError("agents run asynchronously")

    def invoke_stream(self, *args: Any, **kwargs: Any) -> Iterator[ModelResponse]:
        raise NotImplementedError("agents run asynchronously")

    def _parse_provider_response(self, response: ModelResponse, **kwargs: Any) -> ModelResponse:
        return response

    def _parse_provider_response_delta(self, response: ModelResponse) -> ModelResponse:
        return response

    async def _plan(self, messages: Sequence[Message], user: str) -> Plan:
        asked = next(message for message in reversed(messages) if message.role == "user")
        history = [answer for message in messages if message.from_history for answer in _remembered(message)]
        records: list[dict[str, Any]] = []
        if self.agent in NEED_RECORDS and self.db is not None:
            for memory in await self.db.get_user_memories(user_id=user, topics=[USAGE], limit=None):
                records += json.loads(memory.memory)
        request = json.loads(str(asked.content))["request"]
        return AGENTS[self.agent]({"request": request, "records": records, "history": history})


def _made(messages: Sequence[Message], run: str) -> int:
    """How many moves of its plan a run has made: the last calls say it in their ids."""
    ids = [str(call["id"]) for message in messages for call in message.tool_calls or ()]
    return max((int(each.rsplit("-", 2)[1]) for each in ids if each.startswith(run)), default=0)


def _wire(turn: Turn) -> dict[str, Any]:
    function = {"name": turn["name"], "arguments": json.dumps(turn["args"])}
    return {"id": turn["id"], "type": "function", "function": function}


def _came(result: Message) -> Any:
    said, tool = str(result.content), str(result.tool_name)
    if result.tool_call_error is False:
        return json.loads(said)
    try:
        return ToolFailed(tool, **json.loads(said))
    except ValueError:  # the platform's own words: of a tool that there is not, or that has a fault
        code = "tool_failed" if result.tool_call_error else "unknown_tool"
        return ToolFailed(tool, code, said, recoverable=False)


def _error(code: str, message: str, recoverable: bool = False) -> str:
    return json.dumps({"code": code, "message": message, "recoverable": recoverable})


def _remembered(message: Message) -> list[dict[str, Any]]:
    try:
        answer = json.loads(str(message.content))
    except ValueError:
        return []
    if message.role != "assistant" or not isinstance(answer, Mapping):
        return []
    return remembered((message.provider_data or {}).get("run_id", ""), answer)


@dataclass
class Progress(CustomEvent):
    """A report of a tool; it is no part of what the tool gives."""

    message: str = ""
    done: int = 0
    total: int = 0

    def __str__(self) -> str:
        return ""


async def probe_research(run_context: RunContext, topics: list[str]) -> AsyncIterator[Progress | str]:
    """Reads topics at a partner, and reports its progress after each."""
    reports: asyncio.Queue[Progress | None] = asyncio.Queue()

    def report(message: str, done: int, total: int) -> None:
        reports.put_nowait(Progress(message=message, done=done, total=total))

    work.CALLER.set(work.Caller("", _nothing, report))
    reading = asyncio.create_task(_until_cancelled(work.probe_research(topics), str(run_context.run_id)))
    reading.add_done_callback(lambda _: reports.put_nowait(None))
    while (reported := await reports.get()) is not None:
        yield reported
    try:
        yield json.dumps(await reading)
    except ToolError as failed:
        raise ToolError(_error("tool_failed", str(failed), failed.recoverable)) from None


def _silent(message: str, done: int, total: int) -> None:
    """Other tools have no progress to report."""


async def _nothing() -> None:
    return None


async def _until_cancelled(call: Awaitable[Any], run: str) -> Any:
    """What a call gives; one that goes on for long after its run was cancelled is ended."""
    working = asyncio.ensure_future(call)
    while not (await asyncio.wait([working], timeout=_LOOK_SECONDS))[0]:
        if await _is_cancelled(run) and not (await asyncio.wait([working], timeout=_GRACE_SECONDS))[0]:
            working.cancel()
            raise ToolError("The run was cancelled.")
    return await working


async def _is_cancelled(run: str) -> bool:
    with suppress(RedisError):  # who cannot be asked has not said so
        return await ais_cancelled(run)
    return False


def agents(db: AsyncPostgresDb) -> list[Agent]:
    """All of them."""

    async def for_customer(
        run_context: RunContext, function_call: Callable[..., Awaitable[Any]], arguments: dict[str, Any]
    ) -> Any:
        """Around each call of a tool: says for whom it works, and puts what it gives or cannot do into JSON.

        What else goes wrong is left to the platform.
        """
        user = str(run_context.user_id)

        async def granted() -> dict[str, str] | None:
            kept = await db.get_user_memories(user_id=user, topics=[ACCOUNT], limit=None)
            return json.loads(kept[0].memory) if kept else None

        work.CALLER.set(work.Caller(user, granted, _silent))
        try:
            result = await _until_cancelled(function_call(**arguments), str(run_context.run_id))
            return result if isasyncgen(result) else json.dumps(result)
        except ToolError as failed:
            raise ToolError(_error("tool_failed", str(failed), failed.recoverable)) from None
        except ValidationError as wrong:
            names = ", ".join(sorted({str(error["loc"][0]) for error in wrong.errors() if error["loc"]}))
            raise ToolError(_error("invalid_parameters", f"Wrong parameters: {names}.")) from None

    accounts.warm_up()
    tools = {**work.TOOLS, "probe_research": probe_research}
    return [
        Agent(
            id=name,
            name=name,
            model=Planner(agent=name, db=db),
            db=db,
            tools=list(tools.values()),
            tool_hooks=[for_customer],
            add_history_to_context=True,
            telemetry=False,
        )
        for name in AGENTS
    ]
