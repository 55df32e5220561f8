"""Carries tool calls out and keeps a record of each."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Generator, Iterable
from datetime import UTC, datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any, Literal, Self
from uuid import UUID

import httpx
import structlog
from prometheus_client import Counter, Histogram
from redis.exceptions import RedisError

from apex.http.problems import Problem
from apex.runtime.discovery import Instance, Registry
from apex.runtime.plugins import find
from apex.runtime.telemetry import request_id, trace_id
from apex.settings import Partners, Settings
from apex.storage.database import Database
from apex.storage.stream import Event, EventStream
from apex.tools.accounts import CloudAccounts
from apex.tools.calls import CallRecords
from apex.tools.changes import ResizeInstance, StopInstances, TagInstances
from apex.tools.cloud import ListInstances, ReadPrices, ReadUtilisation
from apex.tools.errors import ToolError, WrongParameters
from apex.tools.models import Execution, ExecutionAnswer, ExecutionError, ExecutionUsage
from apex.tools.permissions import GRANTS, require
from apex.tools.pools import FairThreads
from apex.tools.registered import RegisteredTools
from apex.tools.sanitising import masked
from apex.tools.tool import Tool, ToolCall, seconds_waited

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


class PartnerKey(httpx.Auth):
    """Shows the platform's key of the moment to the partner whose it is, and to nobody else."""

    def __init__(self, partners: Partners) -> None:
        self._partners = partners

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        partner = httpx.URL(self._partners.pricing_url)
        if self._partners.api_key and (request.url.host, request.url.port) == (partner.host, partner.port):
            request.headers["x-api-key"] = self._partners.api_key.get_secret_value()
        yield request


def partners_client(seconds: float, key: httpx.Auth | None = None) -> httpx.AsyncClient:
    """The client for partners' services, of all tenants: it keeps nothing that a partner says for its next call."""
    no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    return httpx.AsyncClient(timeout=httpx.Timeout(seconds, connect=2), cookies=no_cookies, auth=key)


class Stopwatch:
    """Seconds that a tool was at work: nothing of what comes before or after it, nor of any waiting for its turn."""

    def __init__(self, call: ToolCall) -> None:
        self._call = call
        self.seconds = 0.0
        self._started = 0.0

    def __enter__(self) -> Self:
        self._started = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.perf_counter() - self._started - seconds_waited(self._call.turns)


class Dispatcher:
    """One instance's tools."""

    def __init__(
        self,
        tools: Iterable[Tool],
        database: Database,
        stream: EventStream,
        registry: Registry,
        settings: Settings,
        instance: Instance,
    ) -> None:
        self.tools = {tool.name: tool for tool in tools}
        if unknown := {tool.permission for tool in self.tools.values()} - GRANTS.keys():
            raise LookupError(f"tools need permissions that nobody can have: {', '.join(sorted(unknown))}")
        self._settings, self._stream = settings, stream
        self._records = CallRecords(database, registry, instance)
        self._registered = RegisteredTools(database)
        self.accounts = CloudAccounts(database, settings.cloud)
        self._threads = FairThreads(settings.tools.threads, settings.tools.threads_per_tenant)
        self._http = partners_client(settings.tools.call_seconds, PartnerKey(settings.partners))

    async def find(self, name: str) -> Tool:
        """The tool of that name, one of this deployment or one that an operator has added.

        Raises:
            Problem: 404, there never was one; 410, it was withdrawn.
        """
        if name in self.tools:
            return self.tools[name]
        return await asyncio.to_thread(self._registered.find, name)

    async def find_for(self, call_id: str, name: str, caller: dict[str, str]) -> Tool:
        """The tool for a call; one that was withdrawn since the call began finishes it, also at another instance.

        Raises:
            Problem: as ``find`` does.
        """
        try:
            return await self.find(name)
        except Problem as problem:
            if problem.code != "tool_withdrawn":
                raise
            if not await asyncio.to_thread(self._records.has_begun, call_id, name, caller["tenant_id"]):
                raise
        return await asyncio.to_thread(self._registered.withdrawn, name)

    async def known(self) -> list[Tool]:
        """Every tool that can be used now."""
        return [*self.tools.values(), *await asyncio.to_thread(self._registered.in_use)]

    async def execute(self, tool: Tool, call_id: str, request: Execution, caller: dict[str, str]) -> ExecutionAnswer:
        """Carry one call out on behalf of ``caller``, or give the answer that it has had; cancelling stops the tool.

        Raises:
            Problem: 403, the caller may not use the tool, which has not been touched; 409, another is at the call.
        """
        require(tool.permission, caller)
        started_at = datetime.now(UTC)
        call = ToolCall(
            call_id,
            tool.name,
            request.run_id,
            caller["tenant_id"],
            caller["user_id"],
            self._http,
            self._settings.partners.pricing_url,
            self.accounts,
            self._threads,
            self._teller(call_id, tool, request, caller),
        )
        work = Stopwatch(call)
        known = await self._begin(call, started_at)
        if known is not None:
            return known
        answer: ExecutionAnswer | None = None
        try:
            parameters = tool.parse(request.parameters)
            with work:
                result = await tool.execute(call, parameters)
            answer = _answer(call, work, result=result)
        except WrongParameters as wrong:
            answer = _answer(call, work, _error("invalid_parameters", f"Wrong parameters: {wrong}."))
        except ToolError as failed:
            answer = _answer(call, work, _error("tool_failed", failed.message, failed.recoverable))
        except BaseException as error:
            task = asyncio.current_task()
            if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
                raise
            # Also what is meant to end a process or a task: a tool ends nothing but its own call.
            log.exception("tool failed", tool_name=tool.name)
            message = f"The tool '{tool.name}' failed because of a fault of its own."
            answer = _answer(call, work, _error("tool_failed", message))
        finally:
            self._measure(call, answer.status if answer else "cancelled", work.seconds)
            if answer is None:
                # A cancelled call is recorded too: the record is written whatever becomes of this task.
                await asyncio.shield(asyncio.to_thread(self._records.withdraw, call, work.seconds))
        await asyncio.shield(asyncio.to_thread(self._records.finish, call, answer))
        return answer

    async def _begin(self, call: ToolCall, started_at: datetime) -> ExecutionAnswer | None:
        """As ``CallRecords.begin``; a call that is withdrawn while it begins is recorded as cancelled."""
        beginning = asyncio.ensure_future(asyncio.to_thread(self._records.begin, call, started_at))
        try:
            return await asyncio.shield(beginning)
        except asyncio.CancelledError:
            await asyncio.wait([beginning])
            if beginning.exception() is None and beginning.result() is None:
                await asyncio.to_thread(self._records.withdraw, call, 0.0)
            raise

    def _teller(self, call_id: str, tool: Tool, request: Execution, caller: dict[str, str]) -> Callable[..., None]:
        """Tells the customer what a tool reports of a call, in the place that it has in the run's story."""
        told = {"call_id": call_id, "tool_name": tool.name}
        if request.delegated:
            told["parent_run_id"] = request.run_id

        def tell(report: dict[str, Any]) -> None:
            event = Event(
                "tool_progress",
                caller["user_id"],
                {**told, **report},
                trace_id(),
                request_id(),
                request.run_id,
                request.thread_id,
                request.agent_name,
            )
            try:
                self._stream.publish(event)
            except RedisError as error:
                log.warning("progress not told", tool_name=tool.name, reason=type(error).__name__)

        return tell

    def _measure(self, call: ToolCall, status: str, seconds: float) -> None:
        CALLS.labels(call.tool_name, status).inc()
        CALL_SECONDS.labels(call.tool_name).observe(seconds)
        log.info(
            "tool call",
            tool_name=call.tool_name,
            status=status,
            duration_seconds=round(seconds, 6),
            cpu_seconds=round(call.cpu_seconds, 6),
            bytes_read=call.bytes_read,
        )


def _answer(
    call: ToolCall, work: Stopwatch, error: ExecutionError | None = None, result: Any = None
) -> ExecutionAnswer:
    """The answer as it can be written down: whoever asks again is given the same.

    Raises:
        ValueError: the tool has given something else than a JSON object.
    """
    if error is None and not isinstance(result, dict):
        raise ValueError(f"a tool's result is an object, not {type(result).__name__}")
    usage = ExecutionUsage(bytes_read=call.bytes_read, cpu_seconds=call.cpu_seconds, duration_seconds=work.seconds)
    status: Literal["succeeded", "failed"] = "failed" if error else "succeeded"
    answer = ExecutionAnswer(call_id=UUID(call.call_id), status=status, result=result, error=error, usage=usage)
    return ExecutionAnswer.model_validate_json(answer.model_dump_json())


def _error(code: str, message: str, recoverable: bool = False) -> ExecutionError:
    # Whatever a tool has said: half characters cannot be written down.
    text = masked(message).encode(errors="replace").decode()
    return ExecutionError(code=code, message=text or "The tool failed.", recoverable=recoverable)
