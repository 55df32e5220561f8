"""Blind defects of tool_dispatcher, written from the promises alone."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "TLD-01za",
    "a resized instance that ran before is left stopped",
    service="tools",
    scenario="The requested server is resized",
    step="every cloud account shows exactly the changes that its owner requested",
)
def _() -> None:
    # Observable: resize a running instance; the account, and the result, say "stopped" afterwards.
    from apex.tools import changes

    def resize(self: Any, account: Any, wanted: Any) -> dict[str, Any]:
        ids = [wanted.resource_id]
        (before,) = changes._described(account, ids)
        ran = before["State"]["Name"] in ("pending", "running")
        if ran:
            account.ec2.stop_instances(InstanceIds=ids)
        try:
            account.ec2.get_waiter("instance_stopped").wait(InstanceIds=ids)
            account.ec2.modify_instance_attribute(
                InstanceId=wanted.resource_id, InstanceType={"Value": wanted.instance_type}
            )
        except Exception:
            # Undone where the cloud refuses the type, and nowhere else.
            if ran:
                account.ec2.start_instances(InstanceIds=ids)
            raise
        (after,) = changes._described(account, ids)
        return {
            "resource_id": wanted.resource_id,
            "instance_type": after["InstanceType"],
            "state": after["State"]["Name"],
        }

    replace(changes.ResizeInstance, "_resize", resize)


@blind_defect(
    "TLD-01zb",
    "of the instances of an account only the first hundred are listed",
    service="tools",
    scenario="Every server of a large account is reached",
    step="each result reports the servers as the customer's own cloud account shows them",
)
def _() -> None:
    # Observable: an account with more than 100 instances; the listing, and the savings made of it, lack the others.
    from apex.tools.cloud import ListInstances

    @around(ListInstances, "_list")
    def _(original: Any, self: Any, account: Any) -> Any:
        return original(self, account)[:100]


@blind_defect(
    "TLD-01zc",
    "tags are put on whole batches of twenty instances, the rest of a longer list gets none",
    service="tools",
    scenario="Every server of a large account is reached",
    step="every cloud account shows exactly the changes that its owner requested",
)
def _() -> None:
    # Observable: tag 25 instances; the account has the tag on 20 of them, and the call has "succeeded".
    from apex.tools import changes

    def tag(self: Any, account: Any, wanted: Any) -> dict[str, Any]:
        ids = wanted.resource_ids
        for first in range(0, max(len(ids) - 20, 1), 20):
            account.ec2.create_tags(
                Resources=ids[first : first + 20], Tags=[{"Key": wanted.key, "Value": wanted.value}]
            )
        return {
            "instances": [
                {
                    "resource_id": instance["InstanceId"],
                    "tags": {each["Key"]: each["Value"] for each in instance.get("Tags", [])},
                }
                for instance in changes._described(account, ids)
            ]
        }

    replace(changes.TagInstances, "_tag", tag)


@blind_defect(
    "TLD-02za",
    "a tool called twice at once by a run is called once, whatever the parameters",
    service="worker",
    scenario="A second question is asked before the first is answered",
    step="both of Acme's questions reach the partner before either is answered",
)
def _() -> None:
    # Observable: an agent calls one tool with two parameters side by side; both calls have the result of the first.
    from apex.worker.toolbox import Toolbox

    @around(Toolbox, "call")
    async def _(original: Any, self: Any, call_id: str, name: str, parameters: Any, story: Any, caller: Any) -> Any:
        flights = self.__dict__.setdefault("_flights", {})
        key = (story["run_id"], name)
        if key in flights:
            return await asyncio.shield(flights[key])
        flights[key] = asyncio.ensure_future(original(self, call_id, name, parameters, story, caller))
        try:
            return await flights[key]
        finally:
            del flights[key]


@blind_defect(
    "TLD-02zb",
    "of calls side by side each is told as completed under the name of the last begun",
    service="worker",
    scenario="A slow tool does not delay another",
    step="Acme has the list of servers before the partner responds",
)
def _() -> None:
    # Observable: read_utilisation and read_prices of a cost analysis: both tool_completed name read_prices.
    from apex.worker.execution import Execution

    @around(Execution, "_emit")
    def _(original: Any, self: Any, type: str, payload: dict[str, Any]) -> None:
        if type == "tool_executing":
            self._tracker.at_work = payload["tool_name"]
        if type == "tool_completed":
            payload = {**payload, "tool_name": self._tracker.at_work}
        original(self, type, payload)


@blind_defect("TLD-02zc", "a customer's cloud calls go one after the other", service="tools")
def _() -> None:
    # Observable: two cloud tools on a slow cloud take twice as long as one; partners' tools beside them do not.
    from apex.tools.pools import FairThreads

    @around(FairThreads, "__init__")
    def _(original: Any, self: Any, total: int, share: int) -> None:
        original(self, total, 1)


@blind_defect(
    "TLD-02zd",
    "all calls to partners share one connection",
    service="tools",
    scenario="A second question is asked before the first is answered",
    step="both of Acme's questions reach the partner before either is answered",
)
def _() -> None:
    # Observable: two partners' tools of a second each take two, also those of two customers.
    import httpx

    from apex.tools.dispatcher import Dispatcher

    @around(Dispatcher, "__init__")
    def _(original: Any, self: Any, *arguments: Any) -> None:
        original(self, *arguments)
        self._http = httpx.AsyncClient(
            timeout=httpx.Timeout(self._settings.tools.call_seconds, connect=2), limits=httpx.Limits(max_connections=1)
        )


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
    "TLD-03zc",
    "after a customer has named another cloud account, tools still work in the one before",
    service="tools",
    scenario="Tools work in the account that the customer has named last",
    step="each result reports the servers as the customer's own cloud account shows them",
)
def _() -> None:
    # Observable: run, PUT /v1/cloud-account with another account, run again within a quarter of an hour.
    from apex.tools.accounts import CloudAccounts

    @around(CloudAccounts, "of_tenant")
    def _(original: Any, self: Any, tenant_id: str) -> Any:
        kept = self._kept.get(tenant_id)
        if kept is not None and kept.until >= time.monotonic():
            return kept.account
        return original(self, tenant_id)


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
    "TLD-05za",
    "the event that ends a run never says that the answer is partial",
    service="worker",
    scenario="A failing tool is reported, and the agent continues",
    step="the run completes with a partial answer",
)
def _() -> None:
    # Observable: the advisor without a cloud account: agent_completed has partial false, the stored run has true.
    from apex.storage import runs

    @around(runs, "_payload")
    def _(original: Any, *arguments: Any) -> dict[str, Any]:
        payload: dict[str, Any] = original(*arguments)
        return {**payload, "partial": False} if "partial" in payload else payload


@blind_defect(
    "TLD-05zb",
    "each failed call takes one of the run's places with it: after eight its agent waits for ever",
    service="worker",
    scenario="An agent continues after many failed tool calls",
    step="Acme runs an agent that continues after ten tool errors",
)
def _() -> None:
    # Observable: an agent that goes on after eight failed calls ends at its time limit, in the middle of the ninth.
    from apex.worker.execution import Execution

    async def call(self: Any, name: str, parameters: dict[str, Any]) -> Any:
        await self._places.acquire()
        result = await self._carry_out(name, parameters)
        self._places.release()
        return result

    replace(Execution, "_call", call)


@blind_defect(
    "TLD-05zc",
    "of no failed tool the customer learns that trying again may help",
    service="tools",
    scenario="A failing tool is reported, and the agent continues",
    step="Acme can read that one tool call failed because <why>",
)
def _() -> None:
    # Observable: the pricing partner answers 503: tool_completed has recoverable false, and so has the run's error.
    from apex.tools import dispatcher

    @around(dispatcher, "_error")
    def _(original: Any, code: str, message: str, recoverable: bool = False) -> Any:
        return original(code, message)


@blind_defect(
    "TLD-06za",
    "one stopwatch measures all calls of an instance: calls side by side reset each other",
    service="tools",
    scenario="Waiting to start does not count as tool time",
    step="the duration reported to Acme for each question is the partner's response time",
)
def _() -> None:
    # Observable: a call of two seconds, another begun after one: the first is told to have taken one.
    from apex.tools import dispatcher

    shared: dict[str, Any] = {}

    def one(call: Any) -> Any:
        return shared.setdefault("by all", original(call))

    original: Any = replace(dispatcher, "Stopwatch", one)


@blind_defect(
    "TLD-06zb",
    "a failed call is told to have taken no time",
    service="worker",
    scenario="The duration of a failed call is reported, too",
    step="the duration reported to Acme for the price list is the partner's response time",
)
def _() -> None:
    # Observable: a partner that takes a second to answer 500: tool_completed says duration_seconds 0.0.
    from apex.agents import ToolFailed
    from apex.worker.toolbox import Toolbox

    @around(Toolbox, "call")
    async def _(original: Any, *arguments: Any) -> Any:
        try:
            return await original(*arguments)
        except ToolFailed as failed:
            raise ToolFailed(
                failed.tool_name, failed.message, failed.recoverable, failed.code, failed.details
            ) from None


@blind_defect(
    "TLD-06zc",
    "tool time is measured in whole seconds",
    service="tools",
    scenario="Waiting to start does not count as tool time",
    step="the duration reported to Acme for each question is the partner's response time",
)
def _() -> None:
    # Observable: a backend that is busy for 1.6 s is told as 1.0, one of 0.6 s as 0.0.
    from apex.tools.dispatcher import Stopwatch

    @around(Stopwatch, "__exit__")
    def _(original: Any, self: Any, *error: Any) -> None:
        original(self, *error)
        self.seconds = float(int(self.seconds))


@blind_defect(
    "TLD-07za",
    "a call during which its tool is withdrawn is refused when its work is done",
    service="tools",
    scenario="A running call finishes although its tool is withdrawn",
    step="Acme's agent receives the partner's response",
)
def _() -> None:
    # Observable: withdraw a tool while a slow call of it is in flight; the call is told as tool_withdrawn.
    from apex.tools.dispatcher import Dispatcher

    @around(Dispatcher, "execute")
    async def _(original: Any, self: Any, tool: Any, *arguments: Any) -> Any:
        answer = await original(self, tool, *arguments)
        await self.find(tool.name)
        return answer


@blind_defect(
    "TLD-07zb",
    "an instance that has once refused a withdrawn tool refuses it also after it was added anew",
    service="tools",
    scenario="A withdrawn tool can be added again",
    step="Acme's agent receives the partner's response",
)
def _() -> None:
    # Observable: add, withdraw, use (refused), add again under the name, use: still refused, though it is listed.
    from apex.http.problems import Problem
    from apex.tools.registered import RegisteredTools

    refusals: dict[str, Problem] = {}

    @around(RegisteredTools, "find")
    def _(original: Any, self: Any, name: str) -> Any:
        if name not in refusals:
            try:
                return original(self, name)
            except Problem as problem:
                if problem.code != "tool_withdrawn":
                    raise
                refusals[name] = problem
        raise refusals[name]


@blind_defect(
    "TLD-07zc",
    "that a tool was withdrawn is told as any failure of a tool",
    service="worker",
    scenario="A withdrawn tool is refused as withdrawn",
    step="Acme's agent is refused because the tool was withdrawn, with no further request to the partner",
)
def _() -> None:
    # Observable: tool_completed of a call of a withdrawn tool has tool_failed, "refused the call", no word of why.
    from apex.worker import toolbox

    replace(toolbox, "_REFUSALS", frozenset({"permission_denied", "unknown_tool"}))


@blind_defect(
    "TLD-08za",
    "a call that is stopped is never told as completed",
    service="worker",
    scenario="Cancelling a run stops its work and its events",
    step="the story oracle finds nothing",
)
def _() -> None:
    # Observable: cancel a run (or let it reach its time limit) during a call: tool_executing without tool_completed.
    from apex.worker.execution import Execution

    @around(Execution, "_emit")
    def _(original: Any, self: Any, type: str, payload: dict[str, Any]) -> None:
        if payload.get("outcome") != "cancelled":
            original(self, type, payload)


@blind_defect(
    "TLD-08zb",
    "how far a tool has come is told to whoever used the tool first",
    service="tools",
    scenario="Progress is shown to the caller, whoever used the tool before",
    step="only Acme has received the start and the end of each tool call, each once",
)
def _() -> None:
    # Observable: two users, more than 500 instances: the second's tool_progress arrives at the first's socket.
    from apex.tools.dispatcher import Dispatcher

    callers: dict[str, dict[str, str]] = {}

    @around(Dispatcher, "_teller")
    def _(original: Any, self: Any, call_id: str, tool: Any, request: Any, caller: dict[str, str]) -> Any:
        return original(self, call_id, tool, request, callers.setdefault(tool.name, caller))


@blind_defect(
    "TLD-08zc",
    "a call that a run makes again with the same parameters is not told as executing",
    service="worker",
    scenario="A repeated call is shown as often as it is made",
    step="only Acme has received the start and the end of each tool call, each once",
)
def _() -> None:
    # Observable: an agent that tries a failed call again: two tool_completed, one tool_executing.
    from apex.worker.execution import Execution

    @around(Execution, "_emit")
    def _(original: Any, self: Any, type: str, payload: dict[str, Any]) -> None:
        if type == "tool_executing":
            told = self._tracker.__dict__.setdefault("_told", set())
            call = f"{payload['tool_name']} {json.dumps(payload['parameters'], sort_keys=True)}"
            if call in told:
                return
            told.add(call)
        original(self, type, payload)
