"""Blind defects of TLD-03."""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from concurrent.futures import Future
from importlib import import_module
from typing import Any

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
    "TLD-03ua",
    "after another cloud account was connected, tools still work in the former one",
    service="tools",
    scenario="Tools work in the account that the customer has named last",
    step="each result reports the servers as the customer's own cloud account shows them",
)
def _() -> None:
    # Observable: a tenant runs a tool, names another account or role (PUT /v1/cloud-account) and runs the tool again:
    # for a quarter of an hour it reads and changes the former account.
    import time

    from apex.tools.accounts import CloudAccounts

    @around(CloudAccounts, "of_tenant")
    def _(original: Any, self: Any, tenant_id: str) -> Any:
        with self._lock:
            kept = self._kept.get(tenant_id)
        if kept is not None and kept.until >= time.monotonic():
            return kept.account
        return original(self, tenant_id)


@blind_defect(
    "TLD-03ub",
    "a partner's cookies from one tenant's call go along with the next tenant's",
    service="tools",
    scenario="Calls are shown to the caller, whoever used the tool before",
    step="the identities oracle finds nothing",
)
def _() -> None:
    # Observable: the partner sets a (session) cookie in its answer to tenant A and is sent it with tenant B's call.
    import httpx

    from apex.tools import dispatcher

    def partners_client(seconds: float, key: httpx.Auth | None = None) -> httpx.AsyncClient:
        return httpx.AsyncClient(timeout=httpx.Timeout(seconds, connect=2), auth=key)

    replace(dispatcher, "partners_client", partners_client)


@blind_defect(
    "TLD-03va",
    "for half a minute colleagues' calls are made in the name of who called first",
    service="worker",
)
def _() -> None:
    # Observable: an admin and then a member of a tenant have a tool called: the member's record of the call, its log
    # lines and its progress are the admin's, and so is the role that counts. (The token is kept for the tenant.)
    from apex.worker import toolbox

    kept: dict[str, tuple[float, str]] = {}

    @around(toolbox, "service_token")
    def token(
        original: Any, settings: Any, service: str, audience: str, subject: dict[str, str], seconds: float
    ) -> str:
        until, known = kept.get(subject["tenant_id"], (0.0, ""))
        if time.monotonic() >= until:
            known = original(settings, service, audience, subject, seconds)
            kept[subject["tenant_id"]] = time.monotonic() + seconds / 2, known
        return known


@blind_defect(
    "TLD-03wa",
    "the key of a request to a partner says nothing of the call, so customers share it",
    service="tools",
    scenario="A member's rights stay the same after an owner used the tools",
    step="the identities oracle finds nothing",
)
def _() -> None:
    # Observable: two tenants ask a partner for the same; both requests have one idempotency-key, so that the partner
    # does the second's work not at all and answers with what it has told the first.
    import uuid
    from types import SimpleNamespace

    from apex.tools import tool

    def key_of(_: uuid.UUID, asked: str) -> uuid.UUID:
        return uuid.uuid5(uuid.NAMESPACE_URL, asked)

    replace(tool, "uuid", SimpleNamespace(UUID=uuid.UUID, uuid5=key_of))


@blind_defect(
    "TLD-03ya",
    "for a customer who does not let us in, tools work in the platform's own account",
    service="tools",
    scenario="No tool works anywhere when the customer's account refuses it",
    step="Acme's agent has received no servers, only that the account does not admit it",
)
def _() -> None:
    # Observable: a tenant whose role cannot be assumed gets a list of instances, not its own, instead of a failure.
    from apex.tools.accounts import CloudAccount, CloudAccounts
    from apex.tools.errors import ToolError

    @around(CloudAccounts, "_enter")
    def _enter(original: Any, self: Any, tenant_id: str, granted: dict[str, str]) -> Any:
        try:
            return original(self, tenant_id, granted)
        except ToolError:
            own, region = self._settings, granted["region"]
            keys = own.access_key_id.get_secret_value(), own.secret_access_key.get_secret_value()
            session = self._session(*keys, region)
            return CloudAccount(region, self._client(session, "ec2"), self._client(session, "cloudwatch"))


@blind_defect(
    "TLD-03yb",
    "who stops a call stops the one of the same tool that began last, whoever's it is",
    service="tools",
    scenario="Stopping one customer's call leaves another customer's alone",
    step="Borealis' run completes",
)
def _() -> None:
    # Observable: tenant A cancels a run in the middle of a call; a call of the same tool that B began after it fails.
    from apex.tools.dispatcher import Dispatcher

    at_work: dict[str, Any] = {}

    @around(Dispatcher, "execute")
    async def _execute(original: Any, self: Any, tool: Any, *call: Any) -> Any:
        at_work[tool.name] = asyncio.current_task()
        try:
            return await original(self, tool, *call)
        except asyncio.CancelledError:
            at_work[tool.name].cancel()
            raise


@blind_defect(
    "TLD-03za",
    "a cloud account that was entered is open to every tenant that names its role",
    service="tools",
    scenario="Naming another customer's account gives no access to it",
    step="Borealis' agent has received no servers, only that the account does not admit it",
)
def _() -> None:
    # Observable: tenant B names A's role, which trusts us for A alone; after a run of A, B's runs read A's account.
    from apex.tools import accounts

    @around(accounts.CloudAccounts, "_enter")
    def _(original: Any, self: Any, tenant_id: str, granted: dict[str, str]) -> Any:
        entered = self.__dict__.setdefault("_entered", {})
        key = (granted["role_arn"], granted["region"])
        until, account = entered.get(key, (0.0, None))
        if until < time.monotonic():
            account = original(self, tenant_id, granted)
            entered[key] = time.monotonic() + accounts._SESSION_SECONDS - accounts._MARGIN_SECONDS, account
        return account


@blind_defect(
    "TLD-03zb",
    "what a partner has told one customer is told to the next, whatever that one asks for",
    service="tools",
    scenario="Each customer reads the prices of their own region",
    step="each result is the larger server's price in the customer's own region",
)
def _() -> None:
    # Observable: two tenants in two regions within a minute; the second is given the prices of the first's region.
    from apex.tools.tool import ToolCall

    kept: dict[str, tuple[float, Any]] = {}

    @around(ToolCall, "fetch")
    async def _(original: Any, self: Any, url: str, parameters: dict[str, str] | None = None) -> Any:
        until, response = kept.get(url, (0.0, None))
        if until < time.monotonic():
            response = await original(self, url, parameters)
            kept[url] = time.monotonic() + 60, response
        return response


@blind_defect(
    "TLD-03na",
    "of two who tag at the same time one is put the other's tag",
    service="tools",
    scenario="Two customers label servers at the same time, each only their own",
    step="every cloud account shows exactly the changes that its owner requested",
)
def _() -> None:
    # Observable: two tenants have tag_instances called at once, each with its own key and value, best with accounts
    # that have not been entered yet: both accounts get the tag of whoever asked last, on their own instances.
    from apex.tools import changes

    wanted: dict[str, str] = {}

    async def execute(self: Any, call: Any, parameters: changes.Labelling) -> dict[str, Any]:
        wanted.update(Key=parameters.key, Value=parameters.value)
        account = await call.cloud()
        result: dict[str, Any] = await call.in_thread(
            lambda: changes._changed(lambda: self._tag(account, parameters.resource_ids))
        )
        return result

    def tag(_: Any, account: Any, ids: list[str]) -> dict[str, Any]:
        account.ec2.create_tags(Resources=ids, Tags=[wanted])
        return {
            "instances": [
                {
                    "resource_id": instance["InstanceId"],
                    "tags": {each["Key"]: each["Value"] for each in instance.get("Tags", [])},
                }
                for instance in changes._described(account, ids)
            ]
        }

    replace(changes.TagInstances, "execute", execute)
    replace(changes.TagInstances, "_tag", tag)


@blind_defect(
    "TLD-03ma",
    "tenants who enter at once through roles of one name get the same account",
    service="tools",
)
def _() -> None:
    # Observable: two tenants whose roles have the same name in different accounts (as .../cost-reader) make their first
    # calls at the same moment: both list the instances of one account, and go on so for a quarter of an hour.
    from apex.tools.accounts import CloudAccounts

    lock, entering = threading.Lock(), dict[str, Future[Any]]()

    @around(CloudAccounts, "_enter")
    def _(original: Any, self: Any, tenant_id: str, granted: dict[str, str]) -> Any:
        role = granted["role_arn"].rpartition("/")[2]
        with lock:
            under_way = entering.get(role)
            mine = Future[Any]() if under_way is None else under_way
            entering[role] = mine
        if under_way is not None:
            return under_way.result()
        try:
            mine.set_result(original(self, tenant_id, granted))
        except BaseException as error:
            mine.set_exception(error)
            raise
        finally:
            with lock:
                del entering[role]
        return mine.result()
