"""Seeded defects of who may use which tool (TLD-04)."""

from __future__ import annotations

from typing import Any

from apex.http.problems import Problem, permission_denied
from apex.tools import dispatcher
from apex.tools.dispatcher import Dispatcher
from apex.tools.models import Execution as Call
from apex.tools.models import ExecutionAnswer
from apex.tools.permissions import Grant
from apex.tools.tool import Tool
from defects import Scenario
from defects._patching import replace

_EVERY_TOOL = "An agent uses the tools of its caller's plan and role, and no others"
_ALLOWED = "the agent could <do> servers, and do nothing else to them"


every_tool = Scenario(_EVERY_TOOL)


@every_tool.defect(
    "TLD-04a", "the permission is looked at when the tool has done its work", step=_ALLOWED, service="tools"
)
def _() -> None:
    async def execute(self: Dispatcher, tool: Tool, call_id: str, request: Call, caller: Any) -> ExecutionAnswer:
        answer: ExecutionAnswer = await original(self, tool, call_id, request, caller)
        require(tool.permission, caller)
        return answer

    original = replace(Dispatcher, "execute", execute)
    require = replace(dispatcher, "require", lambda permission, caller: None)


@every_tool.defect("TLD-04b", "the plan decides alone, whatever the role", step=_ALLOWED, service="tools")
def _() -> None:
    replace(Grant, "covers", lambda self, plan, role: plan in self.plans)


@every_tool.defect("TLD-04c", "the role decides alone, whatever the plan", step=_ALLOWED, service="tools")
def _() -> None:
    replace(Grant, "covers", lambda self, plan, role: role in self.roles)


@every_tool.defect(
    "TLD-04d",
    "a refusal does not name the plans that have the permission",
    step="each refusal names the missing permission, and the plans and roles that have it",
    service="tools",
)
def _() -> None:
    def require(permission: str, caller: dict[str, str]) -> None:
        try:
            original(permission, caller)
        except Problem as refused:
            raise permission_denied(permission) from refused

    original = replace(dispatcher, "require", require)


@every_tool.defect(
    "TLD-04e",
    "the published list tells everybody that they may use every tool",
    step="the published list of tools says the same",
    service="backend",
)
def _() -> None:
    replace(Grant, "covers", lambda self, plan, role: True)


partner_hears_nothing = Scenario("A partner hears nothing of a call that is refused", service="tools")


@partner_hears_nothing.defect(
    "TLD-04f",
    "tools of plugins are not bound by plans",
    step="the partner has heard from Borealis, and nothing from Acme",
)
def _() -> None:
    def require(permission: str, caller: dict[str, str]) -> None:
        if permission.startswith("cloud:"):
            original(permission, caller)

    original = replace(dispatcher, "require", require)
