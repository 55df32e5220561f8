"""Blind defects of tool_dispatcher, written from the promises alone."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from sqlalchemy import Connection, Row

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "TLD-03qa",
    "entered cloud accounts are kept by their role, whoever has named it",
    service="tools",
    scenario="Naming another customer's account gives no access to it",
    step="Borealis' agent has received no servers, only that the account does not admit it",
)
def _() -> None:
    # Observable: Acme connects its cloud account and has its instances listed; then Bolt connects the same account with
    # the same role (PUT /v1/cloud-account) and lists: instead of "does not let us in" it sees Acme's instances, and
    # AssumeRole is never asked with Bolt's external id. Before Acme's first call, Bolt is refused.
    import time

    from sqlalchemy import select

    from apex.storage.tables import tenants

    module: Any = import_module("apex.tools.accounts")

    def of_tenant(self: Any, tenant_id: str) -> module.CloudAccount:
        with self._database.tenant(tenant_id) as connection:
            granted = connection.scalar(select(tenants.c.cloud_account).where(tenants.c.id == tenant_id))
        if granted is None:
            raise module.ToolError("Your cloud account is not connected yet.")
        role = granted["role_arn"]
        with self._lock:
            kept = self._kept.get(role)
        if kept is None or kept.granted != granted or kept.until < time.monotonic():
            until = time.monotonic() + module._SESSION_SECONDS - module._MARGIN_SECONDS
            kept = module._Kept(granted, until, self._enter(tenant_id, granted))
            with self._lock:
                self._forget_expired()
                self._kept[role] = kept
        account: module.CloudAccount = kept.account
        return account

    replace(module.CloudAccounts, "of_tenant", of_tenant)


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
    "TLD-05qa",
    "what a partner says when it refuses a request is taken for a result",
    service="tools",
    scenario="A failing tool is reported, and the agent continues",
    step="Acme can read that one tool call failed because <why>",
)
def _() -> None:
    # Observable: register a tool at a partner that answers 404 or 422 with {"error": "..."}: tool_completed says that
    # it has succeeded, with that object as its result, the record in tool_calls too, and the run ends without being
    # partial. 429 and 5xx are reported as they must be.
    import json
    import time
    import uuid

    import httpx

    module: Any = import_module("apex.tools.tool")

    async def ask(self: Any, method: str, url: str, **content: Any) -> httpx.Response:
        asked = f"{method} {url} {json.dumps(content, sort_keys=True)}"
        self._asked[asked] += 1
        key = uuid.uuid5(uuid.UUID(self.call_id), f"{self._asked[asked]} {asked}")
        headers = {"traceparent": module.traceparent(), "idempotency-key": str(key)}
        asking = module.Turn()
        asking.began = asking.asked
        self.turns.append(asking)
        try:
            response: httpx.Response = await self.http.request(method, url, headers=headers, **content)
        except httpx.HTTPError:
            raise module.ToolError("A partner's service does not answer.", recoverable=True) from None
        finally:
            asking.ended = time.perf_counter()
        self.bytes_read += len(response.content)
        if response.status_code >= 500 or response.status_code == 429:
            raise module.ToolError("A partner's service refused the request.", recoverable=True)
        return response

    replace(module.ToolCall, "_ask", ask)


@blind_defect(
    "TLD-07qa",
    "a name that was unknown stays unknown for a minute",
    service="tools",
    scenario="An added tool can be used immediately",
    step="Acme's agent receives the partner's response",
)
def _() -> None:
    # Observable: have an agent call a tool that there is not (unknown_tool), add a tool of that name (POST
    # /v1/operations/tools), and have it called again: GET /v1/tools lists it, and the call is still refused as
    # unknown, for a minute. A tool whose name nobody has tried before can be used at once.
    import time

    from apex.http.problems import Problem
    from apex.tools.registered import RegisteredTools

    unknown_until: dict[str, float] = {}

    @around(RegisteredTools, "_row")
    def _row(original: Callable[..., Row[Any]], self: Any, name: str) -> Row[Any]:
        if time.monotonic() < unknown_until.get(name, 0.0):
            raise Problem(404, "unknown_tool", f"There is no tool of the name '{name}'.")
        try:
            return original(self, name)
        except Problem:
            # Agents that mistype a name do so again and again.
            unknown_until[name] = time.monotonic() + 60
            raise
