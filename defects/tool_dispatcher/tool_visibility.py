"""Seeded defects of what is shown and kept of tools at work (TLD-08)."""

from __future__ import annotations

from typing import Any

import structlog
from sqlalchemy import select

from apex.http.problems import not_found
from apex.storage import runs
from apex.storage.database import Database
from apex.storage.runs import trace_id_of
from apex.storage.stream import Event
from apex.storage.tables import users
from apex.tools import sanitising
from apex.tools.dispatcher import Dispatcher
from apex.tools.models import Execution as Call
from apex.tools.models import ExecutionAnswer
from apex.tools.tool import Tool
from apex.worker import execution
from apex.worker.execution import Execution
from apex.worker.toolbox import ToolAnswer, Toolbox
from apex.worker.tracker import Tracker
from defects import Scenario
from defects._patching import replace

_SECRETS = "Secrets are used, but not shown"
_SHOWN = "Acme was shown the call without any secret"


secrets = Scenario(_SECRETS)


@secrets.defect("TLD-08a", "parameters and results are shown as they are", step=_SHOWN, service="worker")
def _() -> None:
    replace(execution, "shown", lambda value: value)


@secrets.defect("TLD-08b", "secrets are known by their names only", step=_SHOWN, service="worker")
def _() -> None:
    replace(sanitising, "masked", lambda text: text)


@secrets.defect("TLD-08c", "results are shown with their secrets", step=_SHOWN, service="worker")
def _() -> None:
    given: dict[str, Any] = {}

    async def call(self: Toolbox, call_id: str, *others: Any) -> ToolAnswer:
        answer: ToolAnswer = await original_call(self, call_id, *others)
        given[call_id] = answer.result
        return answer

    def emit(self: Tracker, type: str, agent_name: str, payload: dict[str, Any]) -> None:
        if payload.get("result") is not None:
            payload = {**payload, "result": given.pop(payload["call_id"])}
        original_emit(self, type, agent_name, payload)

    original_call, original_emit = Toolbox.call, Tracker.emit
    replace(Toolbox, "call", call)
    replace(Tracker, "emit", emit)


every_call_shown = Scenario("Every call is shown as it begins and as it ends", service="worker")


@every_call_shown.defect(
    "TLD-08d",
    "the end of a call is told twice",
    step="each tool call on record was shown to Acme once at its beginning and once at its end",
)
def _() -> None:
    def emit(self: Tracker, type: str, agent_name: str, payload: dict[str, Any]) -> None:
        for _ in range(2 if type == "tool_completed" else 1):
            original(self, type, agent_name, payload)

    original = replace(Tracker, "emit", emit)


nobody_else_shown = Scenario("Nobody else is shown the tools at work", service="worker")


@nobody_else_shown.defect(
    "TLD-08e",
    "the whole organisation is told of tools at work",
    step="the tools at work were shown to Acme and to nobody else",
)
def _() -> None:
    def emit(self: Execution, type: str, payload: dict[str, Any]) -> None:
        original(self, type, payload)
        if not type.startswith("tool_"):
            return
        run, database = self._run, self._database
        for colleague in _others(database, run.tenant_id, run.user_id):
            event = Event(type, colleague, payload, trace_id_of(run), run.request_id, agent_name=run.agent_name)
            self._tracker._stream.publish(event)

    original = replace(Execution, "_emit", emit)


def _others(database: Database, tenant_id: str, user_id: str) -> list[str]:
    with database.tenant(tenant_id) as connection:
        return [str(id) for id in connection.scalars(select(users.c.id).where(users.c.id != user_id))]


tool_does_not = Scenario("A tool that does not exist is refused by name")


@tool_does_not.defect(
    "TLD-08f",
    "a tool that does not exist is refused like a wrong address",
    step="Acme is notified that there is no such tool and that a retry will not help",
    service="tools",
)
def _() -> None:
    async def find(self: Dispatcher, name: str) -> Tool:
        if name not in self.tools:
            raise not_found()
        found: Tool = await original(self, name)
        return found

    original = replace(Dispatcher, "find", find)


@secrets.defect("TLD-08g", "calls are logged with their parameters", step="no secret was written down", service="tools")
def _() -> None:
    async def execute(self: Dispatcher, tool: Tool, call_id: str, request: Call, caller: Any) -> ExecutionAnswer:
        structlog.get_logger().info("tool called", tool_name=tool.name, parameters=request.parameters)
        answer: ExecutionAnswer = await original(self, tool, call_id, request, caller)
        return answer

    original = replace(Dispatcher, "execute", execute)


@tool_does_not.defect(
    "TLD-08h",
    "a refused call is shown without the reason",
    step="Acme was shown one call, refused because there is no such tool",
    service="worker",
)
def _() -> None:
    def emit(self: Tracker, type: str, agent_name: str, payload: dict[str, Any]) -> None:
        original(self, type, agent_name, {**payload, "error": None} if "error" in payload else payload)

    original = replace(Tracker, "emit", emit)


@secrets.defect(
    "TLD-08i", "what tools have answered is kept for ever", step="no secret was written down", service="worker"
)
def _() -> None:
    replace(runs, "forget_answers", lambda connection, run: None)


@secrets.defect(
    "TLD-08j",
    "an answer is kept with the secrets that tools gave to its agent",
    step="no secret was written down",
    service="worker",
)
def _() -> None:
    replace(execution, "hidden", lambda value: value)


@secrets.defect(
    "TLD-08k", "what a run was asked with is kept as it is", step="no secret was written down", service="worker"
)
def _() -> None:
    replace(runs, "hidden", lambda value: value)
