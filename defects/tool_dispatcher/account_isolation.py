"""Seeded defects of whose cloud account a tool acts in (TLD-03)."""

from typing import Any

from apex.tools.accounts import CloudAccount, CloudAccounts
from apex.tools.changes import StopInstances
from apex.tools.cloud import ListInstances
from apex.tools.errors import ToolError
from defects import Scenario
from defects._patching import replace

_CHANGES = "every cloud account shows exactly the changes that its owner requested"
_RESULTS = "each result reports the servers as the customer's own cloud account shows them"

labels = Scenario("Two customers label servers at the same time, each only their own", service="tools")
lists = Scenario("Two customers list servers at the same time, each only their own", service="tools")
foreign = Scenario("A tool cannot stop another customer's server", service="tools")


@labels.defect("TLD-03a", "a shared client keeps the credentials of its first caller", step=_CHANGES)
def _() -> None:
    entered: list[CloudAccount] = []

    def of_tenant(self: CloudAccounts, tenant_id: str) -> CloudAccount:
        if not entered:
            entered.append(original(self, tenant_id))
        return entered[0]

    original = replace(CloudAccounts, "of_tenant", of_tenant)


@lists.defect("TLD-03b", "a list of servers is cached for all callers", step=_RESULTS)
def _() -> None:
    cached: list[Any] = []

    def listed(self: ListInstances, account: CloudAccount) -> Any:
        if not cached:
            cached.append(original(self, account))
        return cached[0]

    original = replace(ListInstances, "_list", listed)


@foreign.defect(
    "TLD-03c", "a server is looked for in every account that was entered before", step="Acme's servers are unchanged"
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


@foreign.defect(
    "TLD-03d",
    "after one refusal by the cloud a customer's calls are all refused",
    step="Borealis' agent has stopped its own server, with no result for Acme's",
)
def _() -> None:
    refused: set[str] = set()

    async def execute(self: StopInstances, call: Any, parameters: Any) -> Any:
        if call.tenant_id in refused:
            raise ToolError("Your cloud account refuses the change.")
        try:
            return await original(self, call, parameters)
        except ToolError:
            refused.add(call.tenant_id)
            raise

    original = replace(StopInstances, "execute", execute)


@labels.defect("TLD-03e", "the caller's tenant is kept in a shared variable during the sign-in", step=_CHANGES)
def _() -> None:
    current: list[str] = []

    def of_tenant(self: CloudAccounts, tenant_id: str) -> Any:
        current[:] = [tenant_id]
        original(self, tenant_id)
        return original(self, current[0])

    original = replace(CloudAccounts, "of_tenant", of_tenant)
