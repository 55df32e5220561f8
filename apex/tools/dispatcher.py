"""Carries tool calls out and keeps a record of each."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import httpx
import structlog
from prometheus_client import Counter, Histogram
from pydantic import ValidationError
from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from apex.database import Database
from apex.plugins import find
from apex.problems import Problem
from apex.settings import Settings
from apex.tables import tool_calls
from apex.telemetry import trace_id
from apex.tools.accounts import CloudAccounts
from apex.tools.changes import ResizeInstance, StopInstances, TagInstances
from apex.tools.cloud import ListInstances, ReadPrices, ReadUtilisation
from apex.tools.errors import ToolError
from apex.tools.models import Execution, ExecutionAnswer, ExecutionError, ExecutionUsage
from apex.tools.permissions import GRANTS, require
from apex.tools.sanitising import masked
from apex.tools.tool import Tool, ToolCall

log = structlog.get_logger()

CALLS = Counter("apex_tool_calls", "Tool calls", ["tool", "status"])
CALL_SECONDS = Histogram("apex_tool_call_seconds", "Time of a tool call", ["tool"])


def tools_with_plugins(directory: Path | None) -> list[Tool]:
    """The built-in tools and those of plugins."""
    plugins: Iterable[Tool] = find(Tool, "apex.tools", directory)
    return [
        ListInstances(),
        ReadUtilisation(),
        ReadPrices(),
        TagInstances(),
        StopInstances(),
        ResizeInstance(),
        *plugins,
    ]


class Stopwatch:
    """Seconds that a tool was at work: nothing of what comes before or after it, nor of any waiting for its turn."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._started = 0.0

    def __enter__(self) -> Self:
        self._started = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.perf_counter() - self._started


class Dispatcher:
    """One instance's tools."""

    def __init__(self, tools: Iterable[Tool], database: Database, settings: Settings, instance: str) -> None:
        self.tools = {tool.name: tool for tool in tools}
        if unknown := {tool.permission for tool in self.tools.values()} - GRANTS.keys():
            raise LookupError(f"tools need permissions that nobody can have: {', '.join(sorted(unknown))}")
        self._database, self._settings, self._instance = database, settings, instance
        self.accounts = CloudAccounts(database, settings.cloud)
        self._http = httpx.AsyncClient(timeout=httpx.Timeout(settings.tools.call_seconds, connect=2))

    def find(self, name: str) -> Tool:
        """The tool of that name.

        Raises:
            Problem: 404, there is none.
        """
        tool = self.tools.get(name)
        if tool is None:
            raise Problem(404, "unknown_tool", f"There is no tool of the name '{name}'.")
        return tool

    async def execute(self, tool: Tool, call_id: str, request: Execution, caller: dict[str, str]) -> ExecutionAnswer:
        """Carry one call out on behalf of ``caller``; cancelling this coroutine stops the tool.

        Raises:
            Problem: 403, the caller may not use the tool, which has not been touched.
        """
        require(tool.permission, caller)
        started_at = datetime.now(UTC)
        work = Stopwatch()
        call = ToolCall(
            call_id,
            request.run_id,
            caller["tenant_id"],
            caller["user_id"],
            self._http,
            self._settings.partners.pricing_url,
            self.accounts,
        )
        status, result, error = "cancelled", None, None
        try:
            await asyncio.to_thread(self._begin, tool, call, started_at)
            parameters = tool.parameters.model_validate(request.parameters)
            with work:
                result = await tool.execute(call, parameters)
            status = "succeeded"
        except ValidationError as wrong:
            named = ", ".join(".".join(str(part) for part in fault["loc"]) for fault in wrong.errors())
            status, error = "failed", _error("invalid_parameters", f"Wrong parameters: {named}.")
        except ToolError as failed:
            status, error = "failed", _error("tool_failed", failed.message, failed.recoverable)
        except Exception:
            log.exception("tool failed", tool_name=tool.name)
            message = f"The tool '{tool.name}' failed because of a fault of its own."
            status, error = "failed", _error("tool_failed", message)
        finally:
            seconds = work.seconds
            CALLS.labels(tool.name, status).inc()
            CALL_SECONDS.labels(tool.name).observe(seconds)
            log.info(
                "tool call",
                tool_name=tool.name,
                status=status,
                duration_seconds=round(seconds, 6),
                cpu_seconds=round(call.cpu_seconds, 6),
                bytes_read=call.bytes_read,
            )
            # A cancelled call is recorded too: the record is written whatever becomes of this task.
            await asyncio.shield(asyncio.to_thread(self._finish, call, status, seconds))
        usage = ExecutionUsage(bytes_read=call.bytes_read, cpu_seconds=call.cpu_seconds, duration_seconds=seconds)
        return ExecutionAnswer(call_id=call_id, status=status, result=result, error=error, usage=usage)

    def _begin(self, tool: Tool, call: ToolCall, started_at: datetime) -> None:
        record: dict[str, Any] = {
            "id": call.call_id,
            "tenant_id": call.tenant_id,
            "run_id": call.run_id,
            "user_id": call.user_id,
            "tool_name": tool.name,
            "status": "running",
            "instance": self._instance,
            "trace_id": trace_id(),
            "started_at": started_at,
        }
        with self._database.tenant(call.tenant_id) as connection:
            added = connection.execute(insert(tool_calls).values(record).on_conflict_do_nothing())
        if added.rowcount == 0:
            raise ToolError("This call was made before, and is not made twice.")

    def _finish(self, call: ToolCall, status: str, seconds: float) -> None:
        with self._database.tenant(call.tenant_id) as connection:
            connection.execute(
                update(tool_calls)
                .where(tool_calls.c.id == call.call_id)
                .values(status=status, duration_seconds=seconds)
            )


def _error(code: str, message: str, recoverable: bool = False) -> ExecutionError:
    return ExecutionError(code=code, message=masked(message), recoverable=recoverable)
