"""One run as its agent sees it (``apex.agents.RunContext``)."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from typing import Any, cast

import structlog
from sqlalchemy import Row, select

from apex.agents import Agent, AgentRegistry, ToolFailed
from apex.agents.agent import Message, UsageRecord
from apex.storage.database import Database
from apex.storage.storable import kept
from apex.storage.tables import messages, usage_records
from apex.tools.sanitising import hidden, shown
from apex.worker.toolbox import ToolAnswer, Toolbox
from apex.worker.tracker import Tracker

log = structlog.get_logger()

_HISTORY = 50


class Execution:
    """What a running agent can do. A delegated agent gets one of its own, inside the same story."""

    def __init__(
        self,
        run: Row[Any],
        agent: Agent,
        input: dict[str, Any],
        history: Sequence[Message],
        database: Database,
        registry: AgentRegistry,
        toolbox: Toolbox,
        tracker: Tracker,
        *,
        delegated_by: Execution | None = None,
    ) -> None:
        self._run, self._agent, self._database, self._registry = run, agent, database, registry
        self._toolbox, self._tracker, self._delegated = toolbox, tracker, delegated_by is not None
        self._calls: set[asyncio.Task[dict[str, Any]]] = delegated_by._calls if delegated_by else set()
        self._places: asyncio.Semaphore = (
            delegated_by._places if delegated_by else asyncio.Semaphore(toolbox.calls_at_once)
        )
        self.input, self.history = input, history
        self.state: dict[str, Any] = {}

    async def perform(self) -> dict[str, Any]:
        """Let the agent work; its answer, of which no secret leaves the run."""
        self._tracker.working(self._agent.name)
        answer = await self._agent.run(self)
        self._tracker.state_seen(self.state)
        return answer if self._delegated else cast("dict[str, Any]", hidden(answer))

    async def think(self, thought: str) -> None:
        """Tell the customer a thought."""
        self._tracker.state_seen(self.state)
        if thought:
            self._emit("agent_thinking", {"thought": thought})
        # Gives way, so that a cancellation can reach an agent that only thinks.
        await asyncio.sleep(0)

    async def stop_calls(self) -> None:
        """Stop the calls that the agent has left behind, so that each is told to its end."""
        for call in self._calls:
            call.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)

    async def call_tool(self, name: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """The result of a tool; ToolFailed when it fails."""
        call = asyncio.ensure_future(self._call(name, parameters))
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)
        return await call

    def leave_out(self, part: str) -> None:
        """Go on without a part of the answer."""
        log.info("answer is partial", agent=self._agent.name, left_out=part)
        self._tracker.partial = True

    async def _call(self, name: str, parameters: dict[str, Any]) -> dict[str, Any]:
        # One run does not take the tools from all others: what goes beyond its places waits for its turn.
        async with self._places:
            return await self._carry_out(name, parameters)

    async def _carry_out(self, name: str, parameters: dict[str, Any]) -> dict[str, Any]:
        call_id, parameters = str(uuid.uuid4()), kept(parameters)
        self._tracker.call_started(name, self._agent.name)
        began = self._tracker.now()
        call = {"call_id": call_id, "tool_name": name}
        story = {
            "run_id": self._run.id,
            "thread_id": self._run.thread_id,
            "agent_name": self._agent.name,
            "delegated": self._delegated,
        }
        self._emit("tool_executing", {**call, "parameters": shown(parameters)})
        end: dict[str, Any] = {"outcome": "failed", "duration_seconds": 0.0, "result": None, "error": None}
        try:
            answer = await self._toolbox.call(call_id, name, parameters, story, self._run.caller)
            self._used(answer)
            end |= {"outcome": "succeeded", "duration_seconds": answer.duration_seconds, "result": shown(answer.result)}
        except ToolFailed as failed:
            self._used(failed)
            error = {"code": failed.code, "message": failed.message, "recoverable": failed.recoverable}
            end |= {"duration_seconds": failed.duration_seconds, "error": {**error, **failed.details}}
            raise
        except asyncio.CancelledError:
            # The tool has no time any more to say how long it was at work.
            end |= {"outcome": "cancelled", "duration_seconds": (self._tracker.now() - began).total_seconds()}
            raise
        finally:
            self._emit("tool_completed", {**call, **end})
            self._tracker.call_ended(name, self._agent.name)
        self._tracker.state_seen(self.state)
        return answer.result

    def _used(self, call: ToolAnswer | ToolFailed) -> None:
        """Count what a call has used, however it ended."""
        self._tracker.bytes_read += call.bytes_read
        self._tracker.tool_cpu_seconds += call.cpu_seconds

    async def delegate(self, agent_name: str, input: dict[str, Any]) -> dict[str, Any]:
        """The answer of another agent, whose part is told inside this story."""
        agent = self._registry.find(agent_name)
        if agent is None:
            raise LookupError(f"{self._agent.name} delegates to the unknown agent {agent_name}")
        part = Execution(
            self._run,
            agent,
            input,
            self.history,
            self._database,
            self._registry,
            self._toolbox,
            self._tracker,
            delegated_by=self,
        )
        try:
            return await part.perform()
        finally:
            self._tracker.working(self._agent.name)

    def usage_records(self) -> list[UsageRecord]:
        """The tenant's stored cloud use, by day."""
        query = select(usage_records).order_by(usage_records.c.day, usage_records.c.created_at)
        with self._database.tenant(self._run.tenant_id) as connection:
            return [UsageRecord(row.service, row.day, row.quantity, row.cost) for row in connection.execute(query)]

    def _emit(self, type: str, payload: dict[str, Any]) -> None:
        if self._delegated:
            payload = {**payload, "parent_run_id": self._run.id}
        self._tracker.emit(type, self._agent.name, payload)


def read_history(database: Database, run: Row[Any]) -> list[Message]:
    """The newest messages of the run's thread from before the run, oldest first."""
    query = (
        select(messages)
        .where(messages.c.thread_id == run.thread_id, messages.c.created_at < run.created_at)
        .order_by(messages.c.created_at.desc(), messages.c.id.desc())
        .limit(_HISTORY)
    )
    with database.tenant(run.tenant_id) as connection:
        rows = connection.execute(query).all()
    return [Message(row.role, row.content, row.data, row.run_id) for row in reversed(rows)]
