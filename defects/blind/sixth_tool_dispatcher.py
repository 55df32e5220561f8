"""Blind defects of tool_dispatcher, written from the promises alone."""

from __future__ import annotations

from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "TLD-01ua",
    "parameters that are zero, false or empty do not reach the partner",
    service="tools",
    scenario="An added tool can be used immediately",
    step="Acme's agent receives the partner's response",
)
def _() -> None:
    # Observable: a registered tool called with {"months": 0, "spot": false}: the partner is sent an object without
    # them, works with its own defaults, and the result is that of another question.
    from apex.tools.registered import RegisteredTool

    @around(RegisteredTool, "execute")
    def _(original: Any, self: Any, call: Any, parameters: dict[str, Any]) -> Any:
        return original(self, call, {name: value for name, value in parameters.items() if value})


@blind_defect(
    "TLD-01ub",
    "an instance that was stopped runs after it was resized",
    service="tools",
    scenario="A stopped server stays stopped when it is resized",
    step="every cloud account shows exactly the changes that its owner requested",
)
def _() -> None:
    # Observable: resize_instance of a stopped instance: it has the new type, and runs (and costs) afterwards.
    from apex.tools import changes

    def resize(self: Any, account: Any, wanted: Any) -> dict[str, Any]:
        ids = [wanted.resource_id]
        (before,) = changes._described(account, ids)
        if before["State"]["Name"] in ("pending", "running"):
            account.ec2.stop_instances(InstanceIds=ids)
        try:
            account.ec2.get_waiter("instance_stopped").wait(InstanceIds=ids)
            account.ec2.modify_instance_attribute(
                InstanceId=wanted.resource_id, InstanceType={"Value": wanted.instance_type}
            )
        finally:
            account.ec2.start_instances(InstanceIds=ids)
        (after,) = changes._described(account, ids)
        return {
            "resource_id": wanted.resource_id,
            "instance_type": after["InstanceType"],
            "state": after["State"]["Name"],
        }

    replace(changes.ResizeInstance, "_resize", resize)


@blind_defect(
    "TLD-02ua",
    "calls into the cloud of one customer go one at a time",
    service="tools",
    scenario="Two questions reach the cloud before either is answered",
    step="both of Acme's questions reach the cloud before either is answered",
)
def _() -> None:
    # Observable: two tools of a run that each read the cloud for a second take two seconds together; so do
    # read_utilisation and read_prices of every cost analysis. Tools that only wait for a partner are not concerned.
    from apex.tools.pools import FairThreads

    @around(FairThreads, "__init__")
    def _(original: Any, self: Any, total: int, share: int) -> None:
        original(self, total, 1)


@blind_defect(
    "TLD-02ub",
    "side by side, calls of the same tool are taken for one call and share its answer",
    service="worker",
    scenario="A second question is asked before the first is answered",
    step="both of Acme's questions reach the partner before either is answered",
)
def _() -> None:
    # Observable: an agent calls one tool twice side by side with different parameters: the tool works once, and both
    # calls are told the result of the first.
    import asyncio

    from apex.worker.toolbox import Toolbox

    at_work: dict[tuple[str, str], asyncio.Future[Any]] = {}

    @around(Toolbox, "call")
    async def _(original: Any, self: Any, call_id: str, name: str, parameters: Any, story: Any, caller: Any) -> Any:
        key = (str(story["run_id"]), name)
        if key not in at_work:
            at_work[key] = asyncio.ensure_future(original(self, call_id, name, parameters, story, caller))
            at_work[key].add_done_callback(lambda _: at_work.pop(key, None))
        return await at_work[key]


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
    scenario="Progress is shown to the caller, whoever used the tool before",
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
    "TLD-05ua",
    "the end of a run is told as whole although a failed tool has left a part out",
    service="worker",
    scenario="A failing tool is reported, and the agent continues",
    step="the run completes with a partial answer",
)
def _() -> None:
    # Observable: a tool fails, the advisor goes on without it: the run says partial, agent_completed does not.
    from apex.storage import runs

    @around(runs, "_payload")
    def _(original: Any, ending: Any, *others: Any) -> dict[str, Any]:
        payload: dict[str, Any] = original(ending, *others)
        return {**payload, "partial": False} if "partial" in payload else payload


def _asking(*, failed_from: int = 400, is_work: bool = True) -> Any:
    """``ToolCall._ask`` which takes answers below that status for good, and its time for work of the tool or not."""
    import json
    import time
    import uuid

    import httpx

    from apex.runtime.telemetry import traceparent
    from apex.tools.errors import ToolError
    from apex.tools.tool import Turn

    async def ask(self: Any, method: str, url: str, **content: Any) -> httpx.Response:
        asked = f"{method} {url} {json.dumps(content, sort_keys=True)}"
        self._asked[asked] += 1
        key = uuid.uuid5(uuid.UUID(self.call_id), f"{self._asked[asked]} {asked}")
        headers = {"traceparent": traceparent(), "idempotency-key": str(key)}
        asking = Turn()
        if is_work:
            asking.began = asking.asked
        self.turns.append(asking)
        try:
            response: httpx.Response = await self.http.request(method, url, headers=headers, **content)
        except httpx.HTTPError:
            raise ToolError("A partner's service does not answer.", recoverable=True) from None
        finally:
            asking.ended = time.perf_counter()
        self.bytes_read += len(response.content)
        if response.status_code >= failed_from or response.status_code == 429:
            again = response.status_code >= 500 or response.status_code == 429
            raise ToolError("A partner's service refused the request.", recoverable=again)
        return response

    return ask


@blind_defect(
    "TLD-05ub",
    "a partner that refuses with 4xx passes for one that has done the work",
    service="tools",
)
def _() -> None:
    # Observable: the partner answers a registered tool with 400 or 404 and a JSON object: the call succeeded, and the
    # partner's error is its result.
    from apex.tools.tool import ToolCall

    replace(ToolCall, "_ask", _asking(failed_from=500))


@blind_defect(
    "TLD-06ua",
    "a call that failed is told to have taken no time",
    service="worker",
    scenario="Stored durations equal those that were reported",
    step="the stored durations equal those that were reported to Acme",
)
def _() -> None:
    # Observable: a tool works for a second and then fails: tool_completed says duration_seconds 0.
    from apex.worker import toolbox

    def failed(*arguments: Any, **others: Any) -> Any:
        others.pop("duration_seconds", None)
        return original(*arguments, **others)

    original = replace(toolbox, "ToolFailed", failed)


@blind_defect(
    "TLD-06ub",
    "the time that a partner is at work counts as waiting",
    service="tools",
    scenario="The duration of a failed call is reported, too",
    step="the duration reported to Acme for the price list is the partner's response time",
)
def _() -> None:
    # Observable: a tool whose partner takes a second reports a duration of nearly nothing.
    from apex.tools.tool import ToolCall

    replace(ToolCall, "_ask", _asking(is_work=False))


@blind_defect(
    "TLD-07ua",
    "a call that is at work when its tool is withdrawn is refused at its end",
    service="tools",
    scenario="A running call finishes although its tool is withdrawn",
    step="Acme's agent receives the partner's response",
)
def _() -> None:
    # Observable: withdraw a registered tool while a call of it is in flight: the partner does the work, and the run is
    # told tool_withdrawn instead of the result.
    from apex.tools.dispatcher import Dispatcher

    @around(Dispatcher, "execute")
    async def _(original: Any, self: Any, tool: Any, *others: Any) -> Any:
        answer = await original(self, tool, *others)
        await self.find(tool.name)
        return answer


@blind_defect(
    "TLD-07ub",
    "a name once refused stays refused when a tool of that name is added",
    service="tools",
    scenario="A withdrawn tool can be added again",
    step="Acme's agent receives the partner's response",
)
def _() -> None:
    # Observable: call a tool before it is added, or after its withdrawal; add it (again): calls are still refused by
    # that instance, while the list of tools has it.
    from apex.http.problems import Problem
    from apex.tools.registered import RegisteredTools

    refused: dict[str, Problem] = {}

    @around(RegisteredTools, "find")
    def _(original: Any, self: Any, name: str) -> Any:
        known = refused.get(name)
        if known is not None:
            raise Problem(known.status, known.code, known.detail)
        try:
            return original(self, name)
        except Problem as problem:
            refused[name] = problem
            raise


@blind_defect(
    "TLD-08ua",
    "what stands in a list of a call's parameters is shown with its secrets",
    service="worker",
    scenario="Secrets are used, but neither shown nor stored",
    step="the events of the tool call contain no secret",
)
def _() -> None:
    # Observable: parameters {"accounts": [{"user": "ann", "password": "..."}]}: tool_executing shows the password.
    from apex.tools import sanitising

    @around(sanitising, "_without_secrets")
    def _(original: Any, value: Any, name: str, *, cut: bool) -> Any:
        if cut and isinstance(value, list) and not sanitising._SECRET_NAME.search(name):
            most = sanitising._LONGEST_LIST
            return value if len(value) <= most else [*value[:most], f"... {len(value) - most} more"]
        return original(value, name, cut=cut)


@blind_defect(
    "TLD-08ub",
    "a call that was cancelled with its run is never told to have ended",
    service="worker",
    scenario="Stopping one customer's call leaves another customer's alone",
    step="the story oracle finds nothing",
)
def _() -> None:
    # Observable: cancel a run while a tool works (or let its time run out): tool_executing without tool_completed.
    from apex.worker.execution import Execution

    @around(Execution, "_emit")
    def _(original: Any, self: Any, type: str, payload: dict[str, Any]) -> None:
        if type == "tool_completed" and payload["outcome"] == "cancelled":
            return
        original(self, type, payload)
