"""Calling tools on a customer's behalf, over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx
import structlog

from apex.agents import ToolFailed
from apex.identity import service_token
from apex.settings import Settings
from apex.telemetry import traceparent

log = structlog.get_logger()

# Refusals that the customer is told as they are; behind any other is a fault of ours.
_REFUSALS = frozenset({"permission_denied", "unknown_tool", "tool_withdrawn"})
_DETAILS = ("permission", "plans", "roles")
_TOKEN_SECONDS = 60.0


@dataclass(frozen=True)
class ToolAnswer:
    """What a call gave: the result, what it used (bytes read, CPU seconds), how long the tool was at work."""

    result: dict[str, Any]
    bytes_read: int
    cpu_seconds: float
    duration_seconds: float


class Toolbox:
    """The tools service as seen by one slot; bound to the slot's event loop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.calls_at_once = settings.worker.calls_at_once
        patience = httpx.Timeout(settings.tools.call_seconds + 5, connect=2)
        self._http = httpx.AsyncClient(base_url=settings.tools.url, timeout=patience)

    async def call(
        self, call_id: str, name: str, parameters: dict[str, Any], run_id: str, caller: dict[str, str]
    ) -> ToolAnswer:
        """One call; cancelling it closes the connection, which tells the tools service to stop.

        Raises:
            ToolFailed: the tool, or the way to it, did not work.
        """
        token = service_token(self._settings, "worker", "apex-tools", caller, _TOKEN_SECONDS)
        try:
            response = await self._http.post(
                f"/v1/tools/{name}/executions",
                json={"run_id": run_id, "parameters": parameters},
                headers={
                    "authorization": f"Bearer {token}",
                    "idempotency-key": call_id,
                    "traceparent": traceparent(),
                },
            )
            body = response.json()
        except (httpx.HTTPError, ValueError) as error:
            log.warning("tool not reached", tool_name=name, reason=type(error).__name__)
            raise ToolFailed(name, f"The tool '{name}' could not be reached.", recoverable=True) from None
        if response.status_code != 200:
            log.warning("tool call refused", tool_name=name, status=response.status_code, code=body.get("code"))
            raise _refused(name, response.status_code, body)
        usage = body["usage"]
        if body["status"] != "succeeded":
            reason = body["error"]
            raise ToolFailed(
                name,
                reason["message"],
                reason["recoverable"],
                reason["code"],
                duration_seconds=usage["duration_seconds"],
            )
        return ToolAnswer(
            body["result"], usage["bytes_read"] + len(response.content), usage["cpu_seconds"], usage["duration_seconds"]
        )

    async def close(self) -> None:
        """Close the connections to the tools service."""
        await self._http.aclose()


def _refused(name: str, status: int, problem: dict[str, Any]) -> ToolFailed:
    if problem.get("code") not in _REFUSALS:
        return ToolFailed(name, f"The tool '{name}' refused the call.", recoverable=status >= 500)
    details = {key: problem[key] for key in _DETAILS if key in problem}
    return ToolFailed(name, problem["detail"], recoverable=False, code=problem["code"], details=details)
