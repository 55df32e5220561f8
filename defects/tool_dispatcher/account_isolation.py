"""Seeded defects of whose cloud account a tool reaches (TLD-03)."""

from __future__ import annotations

from typing import Any

from apex.tools.accounts import CloudAccount, CloudAccounts
from apex.tools.changes import StopInstances
from apex.tools.cloud import ListInstances
from apex.tools.errors import ToolError
from defects import Scenario
from defects._patching import replace

same_tool_used = Scenario(
    "The same tool, used by two customers at once, changes for each what is their own", service="tools"
)


@same_tool_used.defect(
    "TLD-03a",
    "a shared client keeps the credentials of its first caller",
    step="each cloud account shows it done to its own servers and to no others",
)
def _() -> None:
    entered: list[CloudAccount] = []

    def of_tenant(self: CloudAccounts, tenant_id: str) -> CloudAccount:
        if not entered:
            entered.append(original(self, tenant_id))
        return entered[0]

    original = replace(CloudAccounts, "of_tenant", of_tenant)


same_tool_used_two = Scenario(
    "The same tool, used by two customers at once, shows to each what is their own", service="tools"
)


@same_tool_used_two.defect(
    "TLD-03b",
    "a list of servers is kept for all who ask",
    step="each list names the customer's own servers and no others",
)
def _() -> None:
    kept: list[list[dict[str, str]]] = []

    def listed(self: ListInstances, account: CloudAccount) -> list[dict[str, str]]:
        if not kept:
            kept.append(original(self, account))
        return kept[0]

    original = replace(ListInstances, "_list", listed)


nobody_tool_reaches = Scenario("Nobody's tool reaches into somebody else's account", service="tools")


@nobody_tool_reaches.defect(
    "TLD-03c", "a server is looked for in every account that was entered before", step="Acme's servers are as they were"
)
def _() -> None:
    entered: dict[str, CloudAccount] = {}

    def of_tenant(self: CloudAccounts, tenant_id: str) -> CloudAccount:
        entered[tenant_id] = original_of_tenant(self, tenant_id)
        return entered[tenant_id]

    def stop(self: StopInstances, account: CloudAccount, resource_ids: list[str]) -> Any:
        for each in entered.values():
            if {server["resource_id"] for server in ListInstances()._list(each)} & set(resource_ids):
                return original_stop(self, each, resource_ids)
        return original_stop(self, account, resource_ids)

    original_of_tenant = replace(CloudAccounts, "of_tenant", of_tenant)
    original_stop = replace(StopInstances, "_stop", stop)


@nobody_tool_reaches.defect(
    "TLD-03d",
    "after a refusal by the cloud nothing more is done for the customer",
    step="Borealis' agent has stopped the second server and is told that there is no first",
)
def _() -> None:
    refused: set[str] = set()

    async def execute(self: StopInstances, call: Any, parameters: Any) -> dict[str, Any]:
        if call.tenant_id in refused:
            raise ToolError("Your cloud account refuses the change.")
        try:
            result: dict[str, Any] = await original(self, call, parameters)
            return result
        except ToolError:
            refused.add(call.tenant_id)
            raise

    original = replace(StopInstances, "execute", execute)


@same_tool_used.defect(
    "TLD-03e",
    "for whom an account is entered is kept in one place, and overwritten while the first caller still waits",
    step="each cloud account shows it done to its own servers and to no others",
)
def _() -> None:
    for_whom: list[str] = []

    def of_tenant(self: CloudAccounts, tenant_id: str) -> CloudAccount:
        for_whom[:] = [tenant_id]
        original(self, tenant_id)
        account: CloudAccount = original(self, for_whom[0])
        return account

    original = replace(CloudAccounts, "of_tenant", of_tenant)
