"""Seeded defects of who may use which tool (TLD-04)."""

from typing import Any

from apex.http.problems import Problem, permission_denied
from apex.tools import dispatcher
from apex.tools.dispatcher import Dispatcher
from apex.tools.permissions import Grant
from apex.tools.tool import Tool
from defects import Scenario
from defects._patching import replace

_ALLOWED = "only the tools to <use> servers have run"

tools = Scenario("An agent only uses tools of its caller's plan and role", service="tools")
partner = Scenario("A refused call sends no request to the partner", service="tools")


@tools.defect("TLD-04a", "the permission is checked after the tool has done its work", step=_ALLOWED)
def _() -> None:
    async def execute(self: Dispatcher, tool: Tool, call_id: str, request: Any, caller: Any) -> Any:
        answer = await original(self, tool, call_id, request, caller)
        require(tool.permission, caller)
        return answer

    original = replace(Dispatcher, "execute", execute)
    require = replace(dispatcher, "require", lambda permission, caller: None)


@tools.defect("TLD-04b", "the plan decides alone, whatever the role", step=_ALLOWED)
def _() -> None:
    replace(Grant, "covers", lambda self, plan, role: plan in self.plans)


@tools.defect("TLD-04c", "the role decides alone, whatever the plan", step=_ALLOWED)
def _() -> None:
    replace(Grant, "covers", lambda self, plan, role: role in self.roles)


@tools.defect(
    "TLD-04d",
    "a refusal does not name the plans that have the permission",
    step="each refusal names the missing permission and the plans and roles that include it",
)
def _() -> None:
    def require(permission: str, caller: dict[str, str]) -> None:
        try:
            original(permission, caller)
        except Problem as refused:
            raise permission_denied(permission) from refused

    original = replace(dispatcher, "require", require)


@tools.defect(
    "TLD-04e",
    "the published tool list allows every tool to everybody",
    step="the published tool list allows <caller> only the tools to <use> servers",
    service="backend",
)
def _() -> None:
    replace(Grant, "covers", lambda self, plan, role: True)


@partner.defect(
    "TLD-04f",
    "tools of plugins are not bound by plans",
    step="the partner has received one request from Borealis and none from Acme",
)
def _() -> None:
    def require(permission: str, caller: dict[str, str]) -> None:
        if permission.startswith("cloud:"):
            original(permission, caller)

    original = replace(dispatcher, "require", require)
