"""Calling tools on a customer's behalf, over HTTP."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import httpx
import structlog

from apex.agents import ToolFailed
from apex.identity import service_token
from apex.settings import Settings
from apex.telemetry import traceparent

log = structlog.get_logger()

_SECRET = re.compile(r"secret|token|password|credential|api_?key|authorization", re.IGNORECASE)
_LONGEST_TEXT, _LONGEST_LIST = 200, 10
_TOKEN_SECONDS = 60.0


@dataclass(frozen=True)
class ToolAnswer:
    """What a call gave: the result, and what it used (bytes read, CPU seconds)."""

    result: dict[str, Any]
    bytes_read: int
    cpu_seconds: float


class Toolbox:
    """The tools service as seen by one slot; bound to the slot's event loop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
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
            log.warning("tool call refused", tool_name=name, status=response.status_code)
            raise ToolFailed(name, f"The tool '{name}' refused the call.", recoverable=response.status_code >= 500)
        if body["status"] != "succeeded":
            raise ToolFailed(name, body["error"]["message"], body["error"]["recoverable"])
        usage = body["usage"]
        return ToolAnswer(body["result"], usage["bytes_read"] + len(response.content), usage["cpu_seconds"])

    async def close(self) -> None:
        """Close the connections to the tools service."""
        await self._http.aclose()


def shown(value: Any, key: str = "") -> Any:
    """Parameters as the customer may see them: secrets masked, long texts and lists cut with a note."""
    if _SECRET.search(key):
        return "***"
    if isinstance(value, dict):
        return {name: shown(member, name) for name, member in value.items()}
    if isinstance(value, list):
        cut = [shown(member) for member in value[:_LONGEST_LIST]]
        return cut if len(value) <= _LONGEST_LIST else [*cut, f"... {len(value) - _LONGEST_LIST} more"]
    if isinstance(value, str) and len(value) > _LONGEST_TEXT:
        return f"{value[:_LONGEST_TEXT]}... ({len(value)} characters)"
    return value
