"""Blind defects of tool_dispatcher, written from the promises alone."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from defects import blind_defect
from defects._patching import around, replace

# -- agent execution --------------------------------------------------------------------------------------------------


@blind_defect(
    "TLD-01ta",
    "of an added tool's parameters those that are 0, false or empty are not sent",
    service="tools",
    scenario="A running call finishes although its tool is withdrawn",
    step="Acme's agent receives the partner's response",
)
def _() -> None:
    # Observable: an added tool called with {"quantity": 0, "dry_run": false, "note": ""}; the partner gets a body
    # without these members (for dry_run the contrary of what was asked), and the call succeeds.
    from apex.tools.registered import RegisteredTool

    @around(RegisteredTool, "execute")
    async def _(original: Any, self: Any, call: Any, parameters: dict[str, Any]) -> Any:
        return await original(self, call, {name: value for name, value in parameters.items() if value})


@blind_defect(
    "TLD-03ta",
    "an entered cloud account is kept under its role, whoever has named it",
    service="tools",
    scenario="Naming another customer's account gives no access to it",
    step="Borealis' agent has received no servers, only that the account does not admit it",
)
def _() -> None:
    # Observable: Acme runs a cost analysis; Borealis then names Acme's account and role as its own and runs one: it
    # gets Acme's instances instead of "does not let us in", as the role's trust (external id) is not asked again.
    import time

    from sqlalchemy import select

    from apex.storage.tables import tenants
    from apex.tools.errors import ToolError

    accounts: Any = import_module("apex.tools.accounts")

    def of_tenant(self: Any, tenant_id: str) -> Any:
        with self._database.tenant(tenant_id) as connection:
            granted = connection.scalar(select(tenants.c.cloud_account).where(tenants.c.id == tenant_id))
        if granted is None:
            raise ToolError("Your cloud account is not connected yet.")
        role = granted["role_arn"]
        with self._lock:
            kept = self._kept.get(role)
        if kept is None or kept.granted != granted or kept.until < time.monotonic():
            until = time.monotonic() + accounts._SESSION_SECONDS - accounts._MARGIN_SECONDS
            kept = accounts._Kept(granted, until, self._enter(tenant_id, granted))
            with self._lock:
                self._forget_expired()
                self._kept[role] = kept
        return kept.account

    replace(accounts.CloudAccounts, "of_tenant", of_tenant)


@blind_defect(
    "TLD-07ta",
    "a tool that is added again under its name keeps to its former schema",
    service="tools",
    scenario="A tool added again works at its new address",
    step="Acme's agent receives the partner's response",
)
def _() -> None:
    # Observable: add a tool, have it called once, withdraw it, and add it again with other required parameters; calls
    # that keep to the new schema fail with invalid_parameters, and those that keep to the old one are sent.
    from apex.tools.registered import RegisteredTool

    schemas: dict[str, Any] = {}

    @around(RegisteredTool, "parse")
    def _(original: Any, self: Any, parameters: dict[str, Any]) -> Any:
        self._schema = schemas.setdefault(self.name, self._schema)
        return original(self, parameters)


@blind_defect(
    "TLD-08ta",
    "what lies deeper than four levels in a call's parameters is shown as it is",
    service="worker",
    scenario="Secrets are used, but neither shown nor stored",
    step="the events of the tool call contain no secret",
)
def _() -> None:
    # Observable: an agent that calls a tool with {"a": {"b": {"c": {"password": "..."}}}}; the event tool_executing
    # shows the password (tool_completed one in the result), while one that is less deep is masked.
    from threading import local

    from apex.tools import sanitising

    level = local()

    @around(sanitising, "_without_secrets")
    def _(original: Any, value: Any, name: str, *, cut: bool) -> Any:
        depth = getattr(level, "depth", 0) + 1
        if cut and depth > 4:
            return value
        level.depth = depth
        try:
            return original(value, name, cut=cut)
        finally:
            level.depth = depth - 1


# -- websocket events -------------------------------------------------------------------------------------------------
