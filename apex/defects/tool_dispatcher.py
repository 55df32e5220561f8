"""Seeded defects of tools (TLD)."""

from __future__ import annotations

import asyncio
import copy
import dataclasses
import time
from collections import Counter
from typing import Any

import structlog
from sqlalchemy import select

from apex import runs
from apex.agents import ToolFailed
from apex.database import Database
from apex.defects import defect
from apex.defects._patching import replace
from apex.problems import Problem, not_found, permission_denied
from apex.runs import now, trace_id_of
from apex.stream import Event
from apex.tables import users
from apex.tools import dispatcher, sanitising
from apex.tools.accounts import CloudAccount, CloudAccounts
from apex.tools.calls import CallRecords
from apex.tools.changes import Labelling, ResizeInstance, Resizing, StopInstances, TagInstances
from apex.tools.cloud import InstanceTypes, ListInstances, ReadPrices
from apex.tools.dispatcher import Dispatcher, Stopwatch
from apex.tools.errors import ToolError
from apex.tools.models import Execution as Call
from apex.tools.models import ExecutionAnswer
from apex.tools.permissions import Grant
from apex.tools.registered import RegisteredTool, RegisteredTools
from apex.tools.tool import Tool
from apex.worker import execution
from apex.worker.execution import Execution
from apex.worker.toolbox import ToolAnswer, Toolbox
from apex.worker.tracker import Tracker

# --- TLD-01 ----------------------------------------------------------------------------------------------------------


@defect(
    "TLD-01a",
    service="tools",
    summary="the value of a tag is dropped on the way to the cloud",
    scenario="A label stands on the servers that it was asked for",
    step="Acme's cloud account shows it done to these servers and to no others",
)
def _() -> None:
    def tag(self: TagInstances, account: CloudAccount, wanted: Labelling) -> dict[str, Any]:
        result: dict[str, Any] = original(self, account, wanted.model_copy(update={"value": ""}))
        return result

    original = replace(TagInstances, "_tag", tag)


@defect(
    "TLD-01b",
    service="tools",
    summary="servers are reported as stopped, but nobody stops them",
    scenario="Servers that were to be stopped do not run any more",
    step="Acme's cloud account shows it done to these servers and to no others",
)
def _() -> None:
    def stop(self: StopInstances, account: CloudAccount, resource_ids: list[str]) -> dict[str, Any]:
        return {"instances": [{"resource_id": id, "state": "stopped"} for id in resource_ids]}

    replace(StopInstances, "_stop", stop)


@defect(
    "TLD-01c",
    service="tools",
    summary="a server is restarted, but keeps its type",
    scenario="A server that was to be smaller or larger is so",
    step="Acme's cloud account shows it done to these servers and to no others",
)
def _() -> None:
    def resize(self: ResizeInstance, account: CloudAccount, wanted: Resizing) -> dict[str, Any]:
        described = account.ec2.describe_instances(InstanceIds=[wanted.resource_id])
        kept = described["Reservations"][0]["Instances"][0]["InstanceType"]
        result: dict[str, Any] = original(self, account, wanted.model_copy(update={"instance_type": kept}))
        return result

    original = replace(ResizeInstance, "_resize", resize)


@defect(
    "TLD-01d",
    service="worker",
    summary="what a tool gives is lost on the way to the agent",
    scenario="A label stands on the servers that it was asked for",
    step="the result tells it as the cloud account shows it",
)
def _() -> None:
    async def call(self: Toolbox, *arguments: Any) -> ToolAnswer:
        answer: ToolAnswer = await original(self, *arguments)
        return dataclasses.replace(answer, result={})

    original = replace(Toolbox, "call", call)


@defect(
    "TLD-01e",
    service="tools",
    summary="a tag goes to all servers of the account",
    scenario="A label stands on the servers that it was asked for",
    step="Acme's cloud account shows it done to these servers and to no others",
)
def _() -> None:
    def tag(self: TagInstances, account: CloudAccount, wanted: Labelling) -> dict[str, Any]:
        everything = [each["resource_id"] for each in ListInstances()._list(account)]
        original(self, account, wanted.model_copy(update={"resource_ids": everything}))
        result: dict[str, Any] = original(self, account, wanted)
        return result

    original = replace(TagInstances, "_tag", tag)


@defect(
    "TLD-01f",
    service="tools",
    summary="the result tells what the cloud was asked to do, not what it has done",
    scenario="Servers that were to be stopped do not run any more",
    step="the result tells it as the cloud account shows it",
)
def _() -> None:
    def stop(self: StopInstances, account: CloudAccount, resource_ids: list[str]) -> dict[str, Any]:
        result: dict[str, Any] = original(self, account, resource_ids)
        return {"instances": [{**each, "state": "stopping"} for each in result["instances"]]}

    original = replace(StopInstances, "_stop", stop)


@defect(
    "TLD-01g",
    service="tools",
    summary="the types to price are dropped on the way to the tool",
    scenario="A price list has what it was asked for",
    step="the result has that price as the partner lists it, and no other",
)
def _() -> None:
    async def execute(self: ReadPrices, call: Any, parameters: InstanceTypes) -> dict[str, Any]:
        dropped = parameters.model_copy(update={"instance_types": []})
        result: dict[str, Any] = await original(self, call, dropped)
        return result

    original = replace(ReadPrices, "execute", execute)


# --- TLD-02 ----------------------------------------------------------------------------------------------------------


@defect(
    "TLD-02a",
    service="worker",
    summary="a run's tools run one after the other",
    scenario="The second question is asked while the first waits for its answer",
    step="both questions were with the partner at the same time",
)
def _() -> None:
    def begin(self: Toolbox, *arguments: Any) -> None:
        original(self, *arguments)
        self.calls_at_once = 1

    original = replace(Toolbox, "__init__", begin)


@defect(
    "TLD-02b",
    service="tools",
    summary="an instance of the tools carries out one call at a time",
    scenario="The second question is asked while the first waits for its answer",
    step="both questions were with the partner at the same time",
)
def _() -> None:
    one_at_a_time = asyncio.Lock()

    async def execute(self: Dispatcher, *arguments: Any) -> ExecutionAnswer:
        async with one_at_a_time:
            answer: ExecutionAnswer = await original(self, *arguments)
            return answer

    original = replace(Dispatcher, "execute", execute)


@defect(
    "TLD-02c",
    service="worker",
    summary="results of a run are kept by the name of the tool",
    scenario="The second question is asked while the first waits for its answer",
    step="each question has its own answer, in the result and as shown to Acme",
)
def _() -> None:
    kept: dict[tuple[str, str], ToolAnswer] = {}

    async def call(
        self: Toolbox,
        call_id: str,
        name: str,
        parameters: dict[str, Any],
        story: dict[str, Any],
        caller: dict[str, str],
    ) -> ToolAnswer:
        answer = await original(self, call_id, name, parameters, story, caller)
        return kept.setdefault((story["run_id"], name), answer)

    original = replace(Toolbox, "call", call)


@defect(
    "TLD-02d",
    service="worker",
    summary="no call of a run is over before all those beside it are",
    scenario="A slow tool does not hold up another",
    step="the servers were listed before the partner had answered",
)
def _() -> None:
    at_work: Counter[str] = Counter()

    async def call(self: Toolbox, call_id: str, name: str, parameters: Any, story: Any, caller: Any) -> ToolAnswer:
        at_work[story["run_id"]] += 1
        try:
            answer: ToolAnswer = await original(self, call_id, name, parameters, story, caller)
        finally:
            at_work[story["run_id"]] -= 1
        while at_work[story["run_id"]]:
            await asyncio.sleep(0.01)
        return answer

    original = replace(Toolbox, "call", call)


# --- TLD-03 ----------------------------------------------------------------------------------------------------------


@defect(
    "TLD-03a",
    service="tools",
    summary="a shared client keeps the credentials of its first caller",
    scenario="The same tool, used by two customers at once, changes for each what is their own",
    step="each cloud account shows it done to its own servers and to no others",
)
def _() -> None:
    entered: list[CloudAccount] = []

    def of_tenant(self: CloudAccounts, tenant_id: str) -> CloudAccount:
        if not entered:
            entered.append(original(self, tenant_id))
        return entered[0]

    original = replace(CloudAccounts, "of_tenant", of_tenant)


@defect(
    "TLD-03b",
    service="tools",
    summary="a list of servers is kept for all who ask",
    scenario="The same tool, used by two customers at once, shows to each what is their own",
    step="each list names the customer's own servers and no others",
)
def _() -> None:
    kept: list[list[dict[str, str]]] = []

    def listed(self: ListInstances, account: CloudAccount) -> list[dict[str, str]]:
        if not kept:
            kept.append(original(self, account))
        return kept[0]

    original = replace(ListInstances, "_list", listed)


@defect(
    "TLD-03c",
    service="tools",
    summary="a server is looked for in every account that was entered before",
    scenario="Nobody's tool reaches into somebody else's account",
    step="Acme's servers are as they were",
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


@defect(
    "TLD-03d",
    service="tools",
    summary="after a refusal by the cloud nothing more is done for the customer",
    scenario="Nobody's tool reaches into somebody else's account",
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


# --- TLD-04 ----------------------------------------------------------------------------------------------------------

_EVERY_TOOL = "An agent uses the tools of its caller's plan and role, and no others"
_ALLOWED = "the agent could <do> servers, and do nothing else to them"


@defect(
    "TLD-04a",
    service="tools",
    summary="the permission is looked at when the tool has done its work",
    scenario=_EVERY_TOOL,
    step=_ALLOWED,
)
def _() -> None:
    async def execute(self: Dispatcher, tool: Tool, call_id: str, request: Call, caller: Any) -> ExecutionAnswer:
        answer: ExecutionAnswer = await original(self, tool, call_id, request, caller)
        require(tool.permission, caller)
        return answer

    original = replace(Dispatcher, "execute", execute)
    require = replace(dispatcher, "require", lambda permission, caller: None)


@defect(
    "TLD-04b",
    service="tools",
    summary="the plan decides alone, whatever the role",
    scenario=_EVERY_TOOL,
    step=_ALLOWED,
)
def _() -> None:
    replace(Grant, "covers", lambda self, plan, role: plan in self.plans)


@defect(
    "TLD-04c",
    service="tools",
    summary="the role decides alone, whatever the plan",
    scenario=_EVERY_TOOL,
    step=_ALLOWED,
)
def _() -> None:
    replace(Grant, "covers", lambda self, plan, role: role in self.roles)


@defect(
    "TLD-04d",
    service="tools",
    summary="a refusal does not name the plans that have the permission",
    scenario=_EVERY_TOOL,
    step="each refusal names the missing permission, and the plans and roles that have it",
)
def _() -> None:
    def require(permission: str, caller: dict[str, str]) -> None:
        try:
            original(permission, caller)
        except Problem as refused:
            raise permission_denied(permission) from refused

    original = replace(dispatcher, "require", require)


@defect(
    "TLD-04e",
    service="backend",
    summary="the published list tells everybody that they may use every tool",
    scenario=_EVERY_TOOL,
    step="the published list of tools says the same",
)
def _() -> None:
    replace(Grant, "covers", lambda self, plan, role: True)


@defect(
    "TLD-04f",
    service="tools",
    summary="tools of plugins are not bound by plans",
    scenario="A partner hears nothing of a call that is refused",
    step="the partner has heard from Borealis, and nothing from Acme",
)
def _() -> None:
    def require(permission: str, caller: dict[str, str]) -> None:
        if permission.startswith("cloud:"):
            original(permission, caller)

    original = replace(dispatcher, "require", require)


# --- TLD-05 ----------------------------------------------------------------------------------------------------------

_REPORTED = "A failing tool is reported, and the next one of the plan runs"


@defect(
    "TLD-05a",
    service="tools",
    summary="a failure is swallowed and reported as success",
    scenario=_REPORTED,
    step="Acme was shown that the tool failed, for a reason fit for a customer",
)
def _() -> None:
    async def execute(self: Dispatcher, *arguments: Any) -> ExecutionAnswer:
        answer: ExecutionAnswer = await original(self, *arguments)
        if answer.error is None:
            return answer
        return answer.model_copy(update={"status": "succeeded", "result": {}, "error": None})

    original = replace(Dispatcher, "execute", execute)


@defect(
    "TLD-05b",
    service="tools",
    summary="the text of a tool's exception is given as the reason",
    scenario=_REPORTED,
    step="Acme was shown that the tool failed, for a reason fit for a customer",
)
def _() -> None:
    async def find(self: Dispatcher, name: str) -> Tool:
        tool: Any = copy.copy(await original(self, name))
        execute = tool.execute

        async def telling(call: Any, parameters: Any) -> Any:
            try:
                return await execute(call, parameters)
            except ToolError:
                raise
            except Exception as error:
                raise ToolError(f"{type(error).__name__}: {error}") from None

        tool.execute = telling
        found: Tool = tool
        return found

    original = replace(Dispatcher, "find", find)


@defect(
    "TLD-05c",
    service="worker",
    summary="after a failed call a run gets no tool any more",
    scenario=_REPORTED,
    step="the next tool of the plan has done its work",
)
def _() -> None:
    async def call(self: Toolbox, call_id: str, name: str, parameters: Any, story: Any, caller: Any) -> ToolAnswer:
        if story["run_id"] in failed:
            raise ToolFailed(name, "The run has failed.", recoverable=False)
        try:
            answer: ToolAnswer = await original(self, call_id, name, parameters, story, caller)
            return answer
        except ToolFailed:
            failed.add(story["run_id"])
            raise

    failed: set[str] = set()
    original = replace(Toolbox, "call", call)


@defect(
    "TLD-05d",
    service="worker",
    summary="an answer from which a part is missing is not marked",
    scenario=_REPORTED,
    step="the run ends with an answer that is marked as partial",
)
def _() -> None:
    replace(Execution, "leave_out", lambda self, part: None)


@defect(
    "TLD-05e",
    service="worker",
    summary="a failing tool of a delegated agent ends the whole run",
    scenario="A review leaves out what cannot be known",
    step="the run ends with an answer that is marked as partial, and has the totals of Acme's own usage",
)
def _() -> None:
    async def delegate(self: Execution, *arguments: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = await original(self, *arguments)
            return answer
        except* ToolFailed as failed:
            raise RuntimeError("the delegate has failed") from failed

    original = replace(Execution, "delegate", delegate)


@defect(
    "TLD-05f",
    service="worker",
    summary="every answer that another agent has worked on is marked as partial",
    scenario="An answer from which nothing is missing is whole",
    step="the run ends with an answer that is not marked as partial",
)
def _() -> None:
    async def delegate(self: Execution, *arguments: Any) -> dict[str, Any]:
        self.leave_out("whatever was delegated")
        answer: dict[str, Any] = await original(self, *arguments)
        return answer

    original = replace(Execution, "delegate", delegate)


# --- TLD-06 ----------------------------------------------------------------------------------------------------------


@defect(
    "TLD-06a",
    service="tools",
    summary="only the processor's time is measured",
    scenario="A tool takes as long as the partner takes to answer",
    step="the time told for the price list is the time that the partner took",
)
def _() -> None:
    def begin(self: Stopwatch) -> Stopwatch:
        self._started = time.thread_time()
        return self

    def end(self: Stopwatch, *_: object) -> None:
        self.seconds = time.thread_time() - self._started

    replace(Stopwatch, "__enter__", begin)
    replace(Stopwatch, "__exit__", end)


@defect(
    "TLD-06b",
    service="worker",
    summary="the time of a tool includes the wait for its turn",
    scenario="Waiting for a turn does not count as work",
    step="the time told for each question is the time that the partner took, without the wait for its turn",
)
def _() -> None:
    began: dict[Any, float] = {}

    async def call(self: Execution, name: str, parameters: dict[str, Any]) -> Any:
        began[asyncio.current_task()] = time.monotonic()
        try:
            return await original_call(self, name, parameters)
        finally:
            del began[asyncio.current_task()]

    def emit(self: Tracker, type: str, agent_name: str, payload: dict[str, Any]) -> None:
        if type == "tool_completed":
            payload = {**payload, "duration_seconds": time.monotonic() - began[asyncio.current_task()]}
        original_emit(self, type, agent_name, payload)

    original_call, original_emit = Execution._call, Tracker.emit
    replace(Execution, "_call", call)
    replace(Tracker, "emit", emit)


@defect(
    "TLD-06c",
    service="tools",
    summary="the records hold whole seconds",
    scenario="A tool takes as long as the partner takes to answer",
    step="the records hold the times that Acme was told",
)
def _() -> None:
    def finish(self: CallRecords, call: Any, answer: ExecutionAnswer) -> None:
        whole = answer.usage.model_copy(update={"duration_seconds": float(round(answer.usage.duration_seconds))})
        original(self, call, answer.model_copy(update={"usage": whole}))

    original = replace(CallRecords, "finish", finish)


# --- TLD-07 ----------------------------------------------------------------------------------------------------------

_USED_AT_ONCE = "A tool that was added can be used at once"
_WITHDRAWN = "A tool that was withdrawn is refused by name"
_TOLD = "Acme's agent is told that it was withdrawn, and the partner is not asked again"


@defect(
    "TLD-07a",
    service="tools",
    summary="the tools are read once, when the first is looked for",
    scenario=_USED_AT_ONCE,
    step="Acme's agent can use it",
)
def _() -> None:
    known: list[dict[str, Tool]] = []

    def find(self: RegisteredTools, name: str) -> Tool:
        if not known:
            known.append({tool.name: tool for tool in self.in_use()})
        return known[0].get(name) or original(self, f"not {name}")

    original = replace(RegisteredTools, "find", find)


@defect(
    "TLD-07b",
    service="tools",
    summary="what was added before a start is not found after it",
    scenario="A tool that was added is still there after a crash",
    step="Acme's agent can use it",
)
def _() -> None:
    started = now()

    def begin(self: RegisteredTool, row: Any) -> None:
        original(self, row)
        vars(self)["added"] = row.created_at

    def find(self: RegisteredTools, name: str) -> RegisteredTool:
        tool: RegisteredTool = sought(self, name)
        if vars(tool)["added"] < started:
            raise Problem(404, "unknown_tool", "There is no such tool.")
        return tool

    original, sought = replace(RegisteredTool, "__init__", begin), replace(RegisteredTools, "find", find)


@defect(
    "TLD-07c",
    service="tools",
    summary="an instance goes on using the tools that it has used before",
    scenario=_WITHDRAWN,
    step=_TOLD,
)
def _() -> None:
    used: dict[str, RegisteredTool] = {}

    def find(self: RegisteredTools, name: str) -> RegisteredTool:
        if name not in used:
            used[name] = original(self, name)
        return used[name]

    original = replace(RegisteredTools, "find", find)


@defect(
    "TLD-07d",
    service="tools",
    summary="a withdrawn tool is refused as if it had never been there",
    scenario=_WITHDRAWN,
    step=_TOLD,
)
def _() -> None:
    def find(self: RegisteredTools, name: str) -> Any:
        try:
            return original(self, name)
        except Problem:
            raise Problem(404, "unknown_tool", f"There is no tool of the name '{name}'.") from None

    original = replace(RegisteredTools, "find", find)


@defect(
    "TLD-07e",
    service="tools",
    summary="withdrawing a tool ends the calls that are at work",
    scenario="A call at work when its tool is withdrawn is finished",
    step="Acme's agent is given the answer all the same",
)
def _() -> None:
    async def execute(self: Dispatcher, tool: Tool, *others: Any) -> ExecutionAnswer:
        work = asyncio.ensure_future(original(self, tool, *others))
        while not work.done():
            await asyncio.wait([work], timeout=0.05)
            try:
                await self.find(tool.name)
            except Problem:
                work.cancel()
                raise
        answer: ExecutionAnswer = work.result()
        return answer

    original = replace(Dispatcher, "execute", execute)


@defect(
    "TLD-07f",
    service="tools",
    summary="the published list leaves out what operators have added",
    scenario=_USED_AT_ONCE,
    step="the published list names it",
)
def _() -> None:
    async def known(self: Dispatcher) -> list[Tool]:
        return list(self.tools.values())

    replace(Dispatcher, "known", known)


@defect(
    "TLD-07g",
    service="tools",
    summary="the partner of an added tool is asked without the parameters",
    scenario=_USED_AT_ONCE,
    step="Acme's agent can use it",
)
def _() -> None:
    async def execute(self: RegisteredTool, call: Any, parameters: Any) -> dict[str, Any]:
        result: dict[str, Any] = await original(self, call, {})
        return result

    original = replace(RegisteredTool, "execute", execute)


@defect(
    "TLD-07h",
    service="tools",
    summary="the published list keeps every tool that was used once",
    scenario=_WITHDRAWN,
    step="the published list does not name it any more",
)
def _() -> None:
    used: dict[str, Tool] = {}

    def find(self: RegisteredTools, name: str) -> Tool:
        tool: Tool = original_find(self, name)
        used[name] = tool
        return tool

    def in_use(self: RegisteredTools) -> list[Tool]:
        return list({**{tool.name: tool for tool in original_in_use(self)}, **used}.values())

    original_find, original_in_use = RegisteredTools.find, RegisteredTools.in_use
    replace(RegisteredTools, "find", find)
    replace(RegisteredTools, "in_use", in_use)


# --- TLD-08 ----------------------------------------------------------------------------------------------------------

_SECRETS = "Secrets are used, but not shown"
_SHOWN = "Acme was shown the call without any secret"


@defect(
    "TLD-08a",
    service="worker",
    summary="parameters and results are shown as they are",
    scenario=_SECRETS,
    step=_SHOWN,
)
def _() -> None:
    replace(execution, "shown", lambda value: value)


@defect(
    "TLD-08b",
    service="worker",
    summary="secrets are known by their names only",
    scenario=_SECRETS,
    step=_SHOWN,
)
def _() -> None:
    replace(sanitising, "masked", lambda text: text)


@defect(
    "TLD-08c",
    service="worker",
    summary="results are shown with their secrets",
    scenario=_SECRETS,
    step=_SHOWN,
)
def _() -> None:
    given: dict[str, Any] = {}

    async def call(self: Toolbox, call_id: str, *others: Any) -> ToolAnswer:
        answer: ToolAnswer = await original_call(self, call_id, *others)
        given[call_id] = answer.result
        return answer

    def emit(self: Tracker, type: str, agent_name: str, payload: dict[str, Any]) -> None:
        if payload.get("result") is not None:
            payload = {**payload, "result": given.pop(payload["call_id"])}
        original_emit(self, type, agent_name, payload)

    original_call, original_emit = Toolbox.call, Tracker.emit
    replace(Toolbox, "call", call)
    replace(Tracker, "emit", emit)


@defect(
    "TLD-08d",
    service="worker",
    summary="the end of a call is told twice",
    scenario="Every call is shown as it begins and as it ends",
    step="each tool call on record was shown to Acme once at its beginning and once at its end",
)
def _() -> None:
    def emit(self: Tracker, type: str, agent_name: str, payload: dict[str, Any]) -> None:
        for _ in range(2 if type == "tool_completed" else 1):
            original(self, type, agent_name, payload)

    original = replace(Tracker, "emit", emit)


@defect(
    "TLD-08e",
    service="worker",
    summary="the whole organisation is told of tools at work",
    scenario="Nobody else is shown the tools at work",
    step="the tools at work were shown to Acme and to nobody else",
)
def _() -> None:
    def emit(self: Execution, type: str, payload: dict[str, Any]) -> None:
        original(self, type, payload)
        if not type.startswith("tool_"):
            return
        run, database = self._run, self._database
        for colleague in _others(database, run.tenant_id, run.user_id):
            event = Event(type, colleague, payload, trace_id_of(run), run.request_id, agent_name=run.agent_name)
            self._tracker._stream.publish(event)

    original = replace(Execution, "_emit", emit)


def _others(database: Database, tenant_id: str, user_id: str) -> list[str]:
    with database.tenant(tenant_id) as connection:
        return [str(id) for id in connection.scalars(select(users.c.id).where(users.c.id != user_id))]


@defect(
    "TLD-08f",
    service="tools",
    summary="a tool that does not exist is refused like a wrong address",
    scenario="A tool that does not exist is refused by name",
    step="Acme is told that there is no such tool, and that a retry will not help",
)
def _() -> None:
    async def find(self: Dispatcher, name: str) -> Tool:
        if name not in self.tools:
            raise not_found()
        found: Tool = await original(self, name)
        return found

    original = replace(Dispatcher, "find", find)


@defect(
    "TLD-08g",
    service="tools",
    summary="calls are logged with their parameters",
    scenario=_SECRETS,
    step="no secret was written down",
)
def _() -> None:
    async def execute(self: Dispatcher, tool: Tool, call_id: str, request: Call, caller: Any) -> ExecutionAnswer:
        structlog.get_logger().info("tool called", tool_name=tool.name, parameters=request.parameters)
        answer: ExecutionAnswer = await original(self, tool, call_id, request, caller)
        return answer

    original = replace(Dispatcher, "execute", execute)


@defect(
    "TLD-08h",
    service="worker",
    summary="a refused call is shown without the reason",
    scenario="A tool that does not exist is refused by name",
    step="Acme was shown one call, refused because there is no such tool",
)
def _() -> None:
    def emit(self: Tracker, type: str, agent_name: str, payload: dict[str, Any]) -> None:
        original(self, type, agent_name, {**payload, "error": None} if "error" in payload else payload)

    original = replace(Tracker, "emit", emit)


@defect(
    "TLD-08i",
    service="worker",
    summary="what tools have answered is kept for ever",
    scenario=_SECRETS,
    step="no secret was written down",
)
def _() -> None:
    replace(runs, "forget_answers", lambda connection, run: None)


@defect(
    "TLD-08j",
    service="worker",
    summary="an answer is kept with the secrets that tools gave to its agent",
    scenario=_SECRETS,
    step="no secret was written down",
)
def _() -> None:
    replace(execution, "hidden", lambda value: value)


@defect(
    "TLD-08k",
    service="worker",
    summary="what a run was asked with is kept as it is",
    scenario=_SECRETS,
    step="no secret was written down",
)
def _() -> None:
    replace(runs, "hidden", lambda value: value)
