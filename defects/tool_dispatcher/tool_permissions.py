"""Seeded defects of who may use which tool (TLD-04)."""

from typing import Any

from apex.auth.accounts import Accounts
from apex.backend import runs
from apex.backend import tools as published
from apex.http.problems import Problem, permission_denied
from apex.tools import dispatcher
from apex.tools.dispatcher import Dispatcher
from apex.tools.permissions import Grant
from apex.tools.tool import Tool
from defects import Scenario
from defects._patching import replace

_ALLOWED = "only the tools to <use> servers have run"

tools = Scenario("An agent only uses tools of its caller's plan and role", service="tools")
new_plan = Scenario("A new plan brings or takes its tools at once", service="backend")
partner = Scenario("A refused call sends no request to the partner", service="tools")
any_order = Scenario("Rights follow plan and role in whatever order customers act", service="backend")


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


@new_plan.defect("TLD-04g", "a run has the plan of its caller's token", step=_ALLOWED)
def _() -> None:
    replace(runs, "as_of_now", lambda connection, identity: identity)


@new_plan.defect(
    "TLD-04h",
    "the published tool list knows the plan of the token only",
    step="the published tool list allows Acme only the tools to <use> servers",
)
def _() -> None:
    replace(published, "as_of_now", lambda connection, identity: identity)


@new_plan.defect("TLD-04i", "a change of the plan is accepted and not stored", step=_ALLOWED, service="auth")
def _() -> None:
    def change_plan(self: Accounts, identity: Any, plan: str) -> Any:
        return original(self, identity, identity.plan)

    original = replace(Accounts, "change_plan", change_plan)


@any_order.defect(
    "TLD-04j",
    "to an Enterprise customer every tool is shown as allowed, whatever the role",
    step="every action has the expected outcome",
)
def _() -> None:
    def covers(self: Grant, plan: str, role: str) -> bool:
        return plan == "enterprise" or original(self, plan, role)

    original: Any = replace(Grant, "covers", covers)
