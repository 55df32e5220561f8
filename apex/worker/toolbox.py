"""Calling tools on a customer's behalf, over HTTP."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
import structlog

from apex.agents import ToolFailed
from apex.http.identity import service_token
from apex.runtime.discovery import Directory
from apex.runtime.telemetry import request_id, traceparent
from apex.settings import Settings

log = structlog.get_logger()

# Refusals that the customer is told as they are; behind any other is a fault of ours.
_REFUSALS = frozenset({"permission_denied", "unknown_tool", "tool_withdrawn"})
_DETAILS = ("permission", "plans", "roles")
_TOKEN_SECONDS = 60.0
# An instance that died is known to be gone after a lease: a call of its is asked for so much longer.
_LEASES = 2.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 0.25


@dataclass(frozen=True)
class ToolAnswer:
    """What a call gave: the result, what it used (bytes read, CPU seconds), how long the tool was at work."""

    result: dict[str, Any]
    bytes_read: int
    cpu_seconds: float
    duration_seconds: float


class Toolbox:
    """The instances of the tools service as seen by one slot; bound to the slot's event loop."""

    def __init__(self, settings: Settings, directory: Directory) -> None:
        self._settings, self._directory = settings, directory
        self.calls_at_once = settings.worker.calls_at_once
        self._patience = _LEASES * settings.discovery.lease_seconds
        self._http = httpx.AsyncClient(timeout=httpx.Timeout(settings.tools.call_seconds + 5, connect=2))

    async def call(
        self, call_id: str, name: str, parameters: dict[str, Any], story: dict[str, Any], caller: dict[str, str]
    ) -> ToolAnswer:
        """One call; cancelling it closes the connection, which tells the tools service to stop.

        ``story``: the run's ``run_id`` and ``thread_id``, and the ``agent_name`` that calls (``delegated`` or not).

        Raises:
            ToolFailed: the tool, or the way to it, did not work.
        """
        try:
            response = await self._ask(call_id, name, {**story, "parameters": parameters}, caller)
            body = response.json()
        except (httpx.HTTPError, ValueError) as error:
            log.warning("tool not reached", tool_name=name, reason=type(error).__name__)
            raise ToolFailed(name, f"The tool '{name}' could not be reached.", recoverable=True) from None
        if response.status_code != 200:
            log.warning("tool call refused", tool_name=name, status=response.status_code, code=body.get("code"))
            raise _refused(name, response.status_code, body)
        usage = body["usage"]
        used = {
            "bytes_read": usage["bytes_read"] + len(response.content),
            "cpu_seconds": usage["cpu_seconds"],
            "duration_seconds": usage["duration_seconds"],
        }
        if body["status"] != "succeeded":
            reason = body["error"]
            raise ToolFailed(name, reason["message"], reason["recoverable"], reason["code"], **used)
        return ToolAnswer(body["result"], **used)

    async def _ask(self, call_id: str, name: str, call: dict[str, Any], caller: dict[str, str]) -> httpx.Response:
        """The first answer of an instance; another is asked when one breaks off, under the same key.

        Asked again, an instance carries the call out only if no other is at it. How long that is tried is counted
        from when something first went wrong, and anew when an instance has been at work for so long: work may take its
        time.

        Raises:
            httpx.HTTPError: no instance could be reached, or one took too long.
        """
        broken: set[str] = set()
        first_failure, pause = None, _FIRST_PAUSE
        while True:
            url = self._directory.pick(broken)
            asked_at = time.monotonic()
            given_up_at = (first_failure or asked_at) + self._patience
            try:
                response = await self._post(f"{url}/v1/tools/{_segment(name)}/executions", call_id, call, caller)
                if not _in_progress(response) or time.monotonic() > given_up_at:
                    return response
            except httpx.ReadTimeout:
                raise
            except httpx.TransportError as error:
                log.warning("tools instance broke off", tool_name=name, url=url, reason=type(error).__name__)
                broken.add(url)
                if time.monotonic() - asked_at > self._patience:
                    first_failure, pause = None, _FIRST_PAUSE
                elif time.monotonic() > given_up_at:
                    raise
            first_failure = first_failure or time.monotonic()
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _post(self, url: str, call_id: str, call: dict[str, Any], caller: dict[str, str]) -> httpx.Response:
        token = service_token(self._settings, "worker", "apex-tools", caller, _TOKEN_SECONDS)
        headers = {
            "authorization": f"Bearer {token}",
            "idempotency-key": call_id,
            "traceparent": traceparent(),
            "x-request-id": request_id(),
        }
        return await self._http.post(url, json=call, headers=headers)

    async def close(self) -> None:
        """Close the connections to the tools service."""
        await self._http.aclose()


def _segment(name: str) -> str:
    """The name as one segment of a path, whatever an agent calls a tool; clients resolve even dots."""
    return quote(name, safe="").replace(".", "%2E")


def _refused(name: str, status: int, problem: dict[str, Any]) -> ToolFailed:
    if problem.get("code") == "in_progress":
        # Nobody knows how that ends: the work may still be done.
        return ToolFailed(name, f"The tool '{name}' is still carrying out the call.", recoverable=True)
    if problem.get("code") not in _REFUSALS:
        return ToolFailed(name, f"The tool '{name}' refused the call.", recoverable=status >= 500)
    details = {key: problem[key] for key in _DETAILS if key in problem}
    return ToolFailed(name, problem["detail"], recoverable=False, code=problem["code"], details=details)


def _in_progress(response: httpx.Response) -> bool:
    return response.status_code == 409 and response.json().get("code") == "in_progress"
