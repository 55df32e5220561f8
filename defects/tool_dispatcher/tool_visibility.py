"""Seeded defects of what is shown and stored of tool calls (TLD-08)."""

from typing import Any

import structlog
from sqlalchemy import select

from apex.http.problems import not_found
from apex.storage import runs
from apex.storage.runs import trace_id_of
from apex.storage.stream import Event
from apex.storage.tables import users
from apex.tools import sanitising
from apex.tools.dispatcher import Dispatcher
from apex.tools.models import Execution as Call
from apex.tools.tool import Tool
from apex.worker import execution
from apex.worker.execution import Execution
from apex.worker.toolbox import Toolbox
from apex.worker.tracker import Tracker
from defects import Scenario
from defects._patching import replace

_NOT_SHOWN = "the events of the tool call contain no secret"
_NOT_STORED = "the platform's databases and logs contain no secret"
_ONLY_CALLER = "only Acme has received the start and the end of each tool call, each once"

secrets = Scenario("Secrets are used, but neither shown nor stored", service="worker")
calls = Scenario("Each tool call is shown as it starts and as it ends", service="worker")
others = Scenario("Neither colleagues nor other customers see a tool call", service="worker")
unknown = Scenario("A call to an unknown tool is refused with the reason")


@secrets.defect("TLD-08a", "parameters and results are shown as they are", step=_NOT_SHOWN)
def _() -> None:
    replace(execution, "shown", lambda value: value)


@secrets.defect("TLD-08b", "secrets are recognised by their names only", step=_NOT_SHOWN)
def _() -> None:
    replace(sanitising, "masked", lambda text: text)


@secrets.defect("TLD-08c", "results are shown with their secrets", step=_NOT_SHOWN)
def _() -> None:
    given: dict[str, Any] = {}

    async def call(self: Toolbox, call_id: str, *others: Any) -> Any:
        answer = await original_call(self, call_id, *others)
        given[call_id] = answer.result
        return answer

    def emit(self: Tracker, type: str, agent_name: str, payload: dict[str, Any]) -> None:
        if payload.get("result") is not None:
            payload = {**payload, "result": given.pop(payload["call_id"])}
        original_emit(self, type, agent_name, payload)

    original_call, original_emit = replace(Toolbox, "call", call), replace(Tracker, "emit", emit)


@calls.defect("TLD-08d", "the end of a call is sent twice", step=_ONLY_CALLER)
def _() -> None:
    def emit(self: Tracker, type: str, agent_name: str, payload: dict[str, Any]) -> None:
        for _ in range(2 if type == "tool_completed" else 1):
            original(self, type, agent_name, payload)

    original = replace(Tracker, "emit", emit)


@others.defect("TLD-08e", "tool calls are shown to the whole organisation", step=_ONLY_CALLER)
def _() -> None:
    def emit(self: Execution, type: str, payload: dict[str, Any]) -> None:
        original(self, type, payload)
        if not type.startswith("tool_"):
            return
        run = self._run
        with self._database.tenant(run.tenant_id) as connection:
            colleagues = connection.scalars(select(users.c.id).where(users.c.id != run.user_id)).all()
        for colleague in map(str, colleagues):
            event = Event(type, colleague, payload, trace_id_of(run), run.request_id, agent_name=run.agent_name)
            self._tracker._stream.publish(event)

    original = replace(Execution, "_emit", emit)


@unknown.defect(
    "TLD-08f",
    "an unknown tool is refused like an unknown address",
    step="Acme is notified that there is no such tool and that a retry will not help",
    service="tools",
)
def _() -> None:
    async def find(self: Dispatcher, name: str) -> Any:
        if name not in self.tools:
            raise not_found()
        return await original(self, name)

    original = replace(Dispatcher, "find", find)


@secrets.defect("TLD-08g", "calls are logged with their parameters", step=_NOT_STORED, service="tools")
def _() -> None:
    def execute(self: Dispatcher, tool: Tool, call_id: str, request: Call, caller: Any) -> Any:
        structlog.get_logger().info("tool called", tool_name=tool.name, parameters=request.parameters)
        return original(self, tool, call_id, request, caller)

    original = replace(Dispatcher, "execute", execute)


@unknown.defect(
    "TLD-08h",
    "a refused call is shown without the reason",
    step="Acme can read that one tool call failed because there is no such tool",
    service="worker",
)
def _() -> None:
    def emit(self: Tracker, type: str, agent_name: str, payload: dict[str, Any]) -> None:
        original(self, type, agent_name, {**payload, "error": None} if "error" in payload else payload)

    original = replace(Tracker, "emit", emit)


@secrets.defect("TLD-08i", "the answers of tools are kept for ever", step=_NOT_STORED)
def _() -> None:
    replace(runs, "forget_answers", lambda connection, run: None)


@secrets.defect("TLD-08j", "an answer is stored with the secrets that tools gave to its agent", step=_NOT_STORED)
def _() -> None:
    replace(execution, "hidden", lambda value: value)


@secrets.defect("TLD-08k", "the input of a run is stored as it is", step=_NOT_STORED)
def _() -> None:
    replace(runs, "hidden", lambda value: value)
