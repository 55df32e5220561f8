"""Blind defects of TLD-04."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from sqlalchemy import Connection

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "TLD-04pa",
    "the token with which the worker calls tools is kept for half a minute, by organisation",
    service="worker",
    scenario="A member's rights stay the same after an owner used the tools",
    step="only the tools to read and label servers have run",
)
def _() -> None:
    # Observable: in an organisation with the plan mid the owner has an agent call stop_instances (allowed), and within
    # half a minute a member has it called, too: it is carried out (in tool_calls in the owner's name) instead of being
    # refused. The other way round the owner is refused. So is, for so long, who has just changed to a larger plan.
    from apex.http.identity import service_token
    from apex.runtime.telemetry import request_id, traceparent
    from apex.worker.toolbox import _TOKEN_SECONDS, Toolbox

    tokens: dict[str, tuple[float, str]] = {}

    async def post(self: Any, url: str, call_id: str, call: dict[str, Any], caller: dict[str, str]) -> Any:
        made_at, token = tokens.get(caller["tenant_id"], (0.0, ""))
        if not token or time.monotonic() - made_at > _TOKEN_SECONDS / 2:
            token = service_token(self._settings, "worker", "apex-tools", caller, _TOKEN_SECONDS)
            tokens[caller["tenant_id"]] = (time.monotonic(), token)
        headers = {
            "authorization": f"Bearer {token}",
            "idempotency-key": call_id,
            "traceparent": traceparent(),
            "x-request-id": request_id(),
        }
        return await self._http.post(url, json=call, headers=headers)

    replace(Toolbox, "_post", post)


@blind_defect(
    "TLD-04qa",
    "a run has the plan of its caller's token, not of the organisation",
    service="backend",
    scenario="A new plan brings or takes its tools at once",
    step="only the tools to <use> servers have run",
)
def _() -> None:
    # Observable: log in on the plan enterprise, change to free (PUT /v1/plan), and with the same token start a run that
    # resizes an instance: the tool is not refused, and the cloud sees the change. The other way round, tools of the new
    # plan are refused until the session is renewed. GET /v1/tools says in both cases what ought to be.
    from apex.backend import runs
    from apex.http.identity import Identity

    def as_of_now(connection: Connection, identity: Identity) -> Identity:
        return identity

    replace(runs, "as_of_now", as_of_now)


@blind_defect(
    "TLD-04sa",
    "the list of tools says what the plan allows, whatever the role",
    service="backend",
    scenario="An agent only uses tools of its caller's plan and role",
    step="the published tool list allows <caller> only the tools to <use> servers",
)
def _() -> None:
    # Observable: GET /v1/tools as a viewer, or as a member on the plan enterprise, says "allowed": true of
    # stop_instances and resize_instance; the call is refused (permission_denied) for the role all the same.
    from apex.http.identity import OPERATOR
    from apex.tools.permissions import Grant

    def covers(self: Any, plan: str, role: str) -> bool:
        return role == OPERATOR or plan in self.plans

    replace(Grant, "covers", covers)


@blind_defect(
    "TLD-04ua",
    "tools that operators have added are not asked for their permission",
    service="tools",
)
def _() -> None:
    # Observable: a registered tool with partners:write, called for a free tenant or a viewer: it runs, and the partner
    # sees the call. The platform's own tools are refused as they should.
    from contextvars import ContextVar

    from apex.tools import dispatcher

    is_added: ContextVar[bool] = ContextVar("is_added", default=False)

    @around(dispatcher.Dispatcher, "execute")
    async def _(original: Any, self: Any, tool: Any, *others: Any) -> Any:
        token = is_added.set(tool.name not in self.tools)
        try:
            return await original(self, tool, *others)
        finally:
            is_added.reset(token)

    @around(dispatcher, "require")
    def _(original: Any, permission: str, caller: dict[str, str]) -> None:
        if not is_added.get():
            original(permission, caller)


@blind_defect(
    "TLD-04ub",
    "a run has the rights of the plan that its caller's token was made under",
    service="backend",
    scenario="A new plan brings or takes its tools at once",
    step="only the tools to <use> servers have run",
)
def _() -> None:
    # Observable: after a change from enterprise to free (PUT /v1/plan) runs started with the token from before still
    # resize instances; after an upgrade they are still refused.
    from apex.backend import runs

    replace(runs, "as_of_now", lambda connection, identity: identity)


@blind_defect(
    "TLD-04va",
    "who is refused a tool is told of the plans above the own one only",
    service="tools",
    scenario="An agent only uses tools of its caller's plan and role",
    step="each refusal names the missing permission and the plans and roles that include it",
)
def _() -> None:
    # Observable: a member (not in charge) of a Mid tenant calls stop_instances: `plans` says enterprise, whose members
    # may not either; on Enterprise it names none. (An offer was to be made of the refusal.)
    from apex.http.problems import Problem
    from apex.tools import dispatcher
    from apex.tools.permissions import _EVERY_PLAN, GRANTS

    @around(dispatcher, "require")
    def require(original: Any, permission: str, caller: dict[str, str]) -> None:
        try:
            original(permission, caller)
        except Problem as problem:
            above = _EVERY_PLAN[_EVERY_PLAN.index(caller["plan"]) + 1 :]
            plans = [plan for plan in GRANTS[permission].plans if plan in above]
            told = f"This needs the permission '{permission}', which comes with {' or '.join(plans) or 'another role'}."
            raise Problem(403, "permission_denied", told, **{**problem.members, "plans": plans}) from None


@blind_defect(
    "TLD-04xa", "the customer's account is entered before it is known whether the caller may", service="tools"
)
def _() -> None:
    # Observable: a refused call of a cloud tool leaves an AssumeRole of the tenant's role in the cloud's record.
    from contextlib import suppress

    from apex.tools.dispatcher import Dispatcher
    from apex.tools.errors import ToolError

    @around(Dispatcher, "execute")
    async def _(original: Any, self: Any, tool: Any, call_id: str, request: Any, caller: dict[str, str]) -> Any:
        if tool.permission.startswith("cloud:"):
            with suppress(ToolError):
                await asyncio.to_thread(self.accounts.of_tenant, caller["tenant_id"])
        return await original(self, tool, call_id, request, caller)


@blind_defect(
    "TLD-04yb",
    "what a delegated agent calls needs no permission",
    service="tools",
    scenario="An agent has no more rights when another one works for it",
    step="only the tools to read servers have run",
)
def _() -> None:
    # Observable: an agent delegates to one that stops instances: on the free plan they are stopped.
    from apex.http.identity import OPERATOR
    from apex.tools.dispatcher import Dispatcher

    @around(Dispatcher, "execute")
    async def _execute(original: Any, self: Any, tool: Any, call_id: str, request: Any, caller: dict[str, str]) -> Any:
        return await original(
            self, tool, call_id, request, {**caller, "role": OPERATOR} if request.delegated else caller
        )


@blind_defect(
    "TLD-04za",
    "a tool added at run time is open to every plan, whatever permission it was added with",
    service="tools",
    scenario="An added tool is refused to a plan without its permission",
    step="Acme's agent is refused because the plan does not include the tool, with no request to the partner",
)
def _() -> None:
    # Observable: add a tool with partners:write; the list of tools says "mid or enterprise", a free run uses it.
    from apex.tools.dispatcher import Dispatcher
    from apex.tools.registered import RegisteredTool

    @around(Dispatcher, "find")
    async def _(original: Any, self: Any, name: str) -> Any:
        tool = await original(self, name)
        if isinstance(tool, RegisteredTool):
            tool.permission = "partners:read"
        return tool


@blind_defect(
    "TLD-04zb",
    "who lacks a tool is told of the dearest plan that has it only",
    service="tools",
    scenario="An agent only uses tools of its caller's plan and role",
    step="each refusal names the missing permission and the plans and roles that include it",
)
def _() -> None:
    # Observable: tag_instances on the free plan: the refusal names enterprise, although early has it.
    from apex.http.problems import Problem
    from apex.tools import dispatcher, permissions

    @around(dispatcher, "require")
    def _(original: Any, permission: str, caller: dict[str, str]) -> None:
        try:
            original(permission, caller)
        except Problem as refused:
            plans = permissions.GRANTS[permission].plans
            detail = refused.detail.replace(permissions._either(plans), plans[-1])
            members = {**refused.members, "plans": list(plans[-1:])}
            raise Problem(refused.status, refused.code, detail, **members) from None


@blind_defect(
    "TLD-04zc",
    "what one person of a tenant was allowed is allowed to all its people from then on",
    service="tools",
    scenario="A member's rights stay the same after an owner used the tools",
    step="only the tools to read and label servers have run",
)
def _() -> None:
    # Observable: the owner of an enterprise tenant stops an instance, then a member may.
    from apex.tools import dispatcher

    allowed: set[tuple[str, str]] = set()

    @around(dispatcher, "require")
    def _(original: Any, permission: str, caller: dict[str, str]) -> None:
        key = (caller["tenant_id"], permission)
        if key not in allowed:
            original(permission, caller)
            allowed.add(key)


@blind_defect(
    "TLD-04ma",
    "who has been allowed one tool in a session is allowed every other one in it",
    service="tools",
)
def _() -> None:
    # Observable: a customer of the free plan whose agent calls list_instances, and then (in that or a later run of the
    # session, at the same instance) stop_instances or tag_instances: it is carried out. Asked first, it is refused.
    from apex.tools import dispatcher

    sessions: set[str] = set()

    def require(permission: str, caller: dict[str, str]) -> None:
        session = caller.get("session_id", "")
        if session not in sessions:
            original(permission, caller)
            sessions.add(session)

    original = replace(dispatcher, "require", require)
