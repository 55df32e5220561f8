"""Blind defects of agent_execution, written from the promises alone."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Callable
from dataclasses import replace as changed
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from defects import blind_defect
from defects._patching import around, replace

# -- AEC-01: ends with a computed answer and tells the whole story on the way -----------------------------------------


@blind_defect(
    "AEC-01za",
    "savings are rounded half to even, so that some are a cent too low",
    service="worker",
    scenario="Customers with different servers get different answers",
    step="each customer's answer equals the savings in their own inventory",
)
def _() -> None:
    # Seen: a price of 0.0125 an hour saves 9.12 a month instead of 9.13, and the total is a cent short.
    from apex.agents import inventory
    from apex.agents.money import CENT

    def cents(amount: Decimal) -> Decimal:
        return amount.quantize(CENT)

    replace(inventory, "cents", cents)


@blind_defect(
    "AEC-01zb",
    "the completed event carries the answer with its long lists cut, unlike the stored one",
    service="worker",
    scenario="A large account is analysed in full",
    step="the records oracle finds nothing",
)
def _() -> None:
    # Seen: with more than ten findings the event's answer is not the answer that is read back.
    from apex.storage import runs
    from apex.tools.sanitising import shown

    @around(runs, "_payload")
    def _(original: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
        payload: dict[str, Any] = original(*arguments)
        return {**payload, "answer": shown(payload["answer"])} if "answer" in payload else payload


@blind_defect("AEC-01zc", "of a large account only the first page of instances is read", service="tools")
def _() -> None:
    # Seen: with more than a hundred instances the savings, and how many were examined, are too low.
    from botocore.exceptions import BotoCoreError, ClientError

    from apex.tools import cloud
    from apex.tools.errors import ToolError

    def first_page(_: Any, account: Any) -> list[dict[str, str]]:
        try:
            page = account.ec2.describe_instances(MaxResults=cloud._PAGE)
        except (BotoCoreError, ClientError):
            raise ToolError("Your cloud account does not answer.", recoverable=True) from None
        return [
            {
                "resource_id": instance["InstanceId"],
                "name": next((tag["Value"] for tag in instance.get("Tags", []) if tag["Key"] == "Name"), ""),
                "instance_type": instance["InstanceType"],
                "state": instance["State"]["Name"],
            }
            for reservation in page["Reservations"]
            for instance in reservation["Instances"]
        ]

    replace(cloud.ListInstances, "_list", first_page)


# -- AEC-02: a finished run survives ----------------------------------------------------------------------------------


@blind_defect(
    "AEC-02za",
    "a follow-up compares with the thread's first answer, not with its newest",
    service="worker",
    scenario="A third run builds on the second",
    step="the answer states no change since the previous answer",
)
def _() -> None:
    # Seen: the third run of a thread names the first as its previous one.
    from apex.agents import cost

    def previous(context: Any) -> dict[str, str] | None:
        for message in context.history:
            if message.data is not None and message.run_id is not None and "findings" in message.data:
                return {"run_id": message.run_id, "monthly_savings": message.data["monthly_savings"]}
        return None

    replace(cost, "_previous", previous)


@blind_defect("AEC-02zb", "the answer's message is dated at the start of its run", service="worker")
def _() -> None:
    # Seen: what the customer writes while the run is at work stands behind the answer, which is not the newest message.
    from sqlalchemy import update

    from apex.storage.tables import messages
    from apex.worker import supervisor

    @around(supervisor, "end_run")
    def _(original: Callable[..., bool], connection: Any, run: Any, *arguments: Any, **others: Any) -> bool:
        ended = original(connection, run, *arguments, **others)
        answer = (messages.c.run_id == run.id) & (messages.c.role == "assistant")
        connection.execute(update(messages).where(answer).values(created_at=run.started_at))
        return ended


@blind_defect(
    "AEC-02zc",
    "a run belongs to the session that asked for it: after the next log-in it is not found",
    service="backend",
    scenario="A finished run is unchanged in the customer's next session",
    step="the run is unchanged",
)
def _() -> None:
    # Seen: log in anew, read the run: 404. The whole caller is compared (session, role, plan) instead of the person.
    from apex.backend import runs
    from apex.http.problems import not_found

    @around(runs, "own_run")
    def _(original: Callable[..., Any], connection: Any, identity: Any, *arguments: Any, **others: Any) -> Any:
        row = original(connection, identity, *arguments, **others)
        if row.caller != identity.as_caller():
            raise not_found()
        return row


# -- AEC-03: runs of different customers never mix --------------------------------------------------------------------


@blind_defect(
    "AEC-03za",
    "credentials rest on the shared object between assuming a role and using them",
    service="tools",
    scenario="Ten customers at the same time each get their own result",
    step="each customer's answer equals the savings in their own inventory",
)
def _() -> None:
    # Seen: of tenants whose accounts are entered at the same moment one reads the other's instances.
    import boto3
    import botocore.session
    from botocore.exceptions import BotoCoreError, ClientError

    from apex.tools import accounts
    from apex.tools.errors import ToolError

    def enter(self: Any, tenant_id: str, granted: dict[str, str]) -> accounts.CloudAccount:
        try:
            self._keys = self._sts.assume_role(
                RoleArn=granted["role_arn"],
                RoleSessionName="apex",
                DurationSeconds=accounts._SESSION_SECONDS,
                ExternalId=tenant_id,
            )["Credentials"]
        except (BotoCoreError, ClientError):
            raise ToolError("Your cloud account does not let us in.", recoverable=True) from None

        def client(service: str) -> Any:
            core = botocore.session.Session()
            core.register_component("data_loader", self._descriptions)
            keys = self._keys
            session = boto3.Session(
                keys["AccessKeyId"],
                keys["SecretAccessKey"],
                keys["SessionToken"],
                region_name=granted["region"],
                botocore_session=core,
            )
            return self._client(session, service)

        return accounts.CloudAccount(granted["region"], client("ec2"), client("cloudwatch"))

    replace(accounts.CloudAccounts, "_enter", enter)


@blind_defect(
    "AEC-03zb",
    "a slot remembers tools' answers for five seconds, whoever asked",
    service="worker",
    scenario="Runs that follow each other each use their own customer's data",
    step="every user runs a savings review at the same time",
)
def _() -> None:
    # Seen: of two tenants of one plan whose runs follow each other in a slot, the second is told the first's instances.
    from apex.worker.toolbox import ToolAnswer, Toolbox

    @around(Toolbox, "call")
    async def _(
        original: Callable[..., Any],
        self: Any,
        call_id: str,
        name: str,
        parameters: dict[str, Any],
        story: dict[str, Any],
        caller: dict[str, str],
    ) -> ToolAnswer:
        remembered = self.__dict__.setdefault("_remembered", {})
        # What somebody may see depends on plan and role.
        key = caller["plan"], caller["role"], name, json.dumps(parameters, sort_keys=True)
        until, answer = remembered.get(key, (0.0, None))
        if answer is None or until < time.monotonic():
            answer = await original(self, call_id, name, parameters, story, caller)
            remembered[key] = time.monotonic() + 5.0, answer
        return answer  # type: ignore[no-any-return]


@blind_defect(
    "AEC-03zc",
    "log lines on the end of a run carry tenant, user and run of the one that began last",
    service="worker",
    scenario="Ten customers at the same time each get their own result",
    step="the identities oracle finds nothing",
)
def _() -> None:
    # Seen: with two tenants' runs side by side the worker's line "run ended" of one names the other's ids.
    from apex.worker import supervisor

    @around(supervisor.Supervisor, "carry_out")
    async def _(original: Callable[..., Any], self: Any, run: Any) -> None:
        bound: Any = supervisor.log
        supervisor.log = bound.bind(tenant_id=run.tenant_id, user_id=run.user_id, run_id=run.id)
        await original(self, run)


# -- AEC-04: a run that hangs is ended at its time limit --------------------------------------------------------------


@blind_defect(
    "AEC-04za",
    "the slot of an agent that blocks is given up, and no other takes its place",
    service="worker",
    scenario="Hanging runs on every worker do not stop other customers",
    step="Borealis' run completes in time",
)
def _() -> None:
    # Seen: after as many blocking agents as there are slots nobody's run is taken up any more.
    from apex.worker.slot import Slot

    def give_up(self: Any) -> None:
        self.close()
        self._done.set()

    replace(Slot, "give_up", give_up)


@blind_defect(
    "AEC-04zb",
    "an agent that catches its cancellation at the time limit and goes on is never ended",
    service="worker",
    scenario="An agent that cannot be interrupted is ended, too",
    step="Acme is notified in time that the run took too long",
)
def _() -> None:
    # Seen: an agent with a loop around "except CancelledError" stays running for ever and keeps its slot.
    from apex.worker import slot

    def overdue(self: Any) -> bool:
        gives_way: bool = self._gives_way.is_set()
        if gives_way:
            self._gives_way.clear()
            self._loop.call_soon_threadsafe(self._gives_way.set)
        return not gives_way and time.monotonic() > self._overdue_at

    replace(slot._InHand, "overdue", overdue)


class _Hurried:
    """A run whose time in the queue counts on its limit."""

    def __init__(self, run: Any) -> None:
        waited = (run.started_at - run.created_at).total_seconds()
        self._run = run
        self.time_limit_seconds = max(run.time_limit_seconds - waited, 0.0)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._run, name)


@blind_defect(
    "AEC-04zc",
    "the time limit counts from when the run was asked for, the queue included",
    service="worker",
    scenario="Waiting for a worker does not count towards the time limit",
    step="Acme's run completes",
)
def _() -> None:
    # Seen: while all slots are taken by hanging runs, those who wait behind them are timed out before they begin.
    from apex.worker.supervisor import Supervisor

    @around(Supervisor, "_ending")
    async def _(original: Callable[..., Any], self: Any, run: Any, *arguments: Any) -> Any:
        return await original(self, _Hurried(run), *arguments)


# -- AEC-05: a crash inside an agent stays inside its run -------------------------------------------------------------


@blind_defect(
    "AEC-05za",
    "the customer is told the exception's own text",
    service="worker",
    scenario="The error of a crashed agent contains no internal details",
    step="the stored error and the error event of Acme's run show no internal details",
)
def _() -> None:
    # Seen: the run's error names keys, paths or addresses out of the agent's insides.
    from apex.worker import supervisor

    @around(supervisor, "_told")
    def _(original: Callable[..., Any], error: BaseException) -> dict[str, Any]:
        told: dict[str, Any] = original(error)
        if told["code"] == "agent_failed":
            told["message"] = f"The agent could not finish: {error!r}."
        return told


@blind_defect(
    "AEC-05zb",
    "an agent that exits (SystemExit) takes its slot with it",
    service="worker",
    scenario="The service survives an agent that terminates its process",
    step="Acme's run has failed because of the agent",
)
def _() -> None:
    # Seen: the run is told as a lost worker after its lease, a slot is missing, the worker's liveness turns.
    from apex.storage.runs import CANCELLED, COMPLETED, FAILED, OUT_OF_TIME, TIMED_OUT, Ending
    from apex.worker import supervisor

    async def ending(self: Any, run: Any, agent: Any, tracker: Any, toolbox: Any) -> Ending:
        limit = asyncio.timeout(run.time_limit_seconds)
        try:
            if agent is None:
                raise LookupError(f"no agent named {run.agent_name} in this deployment")
            async with limit:
                answer = await self._perform(run, agent, tracker, toolbox)
            kept = vars(supervisor)["kept"]
            return Ending(COMPLETED, answer=kept(answer), partial=tracker.partial, message=kept(agent.tell(answer)))
        except (Exception, asyncio.CancelledError) as error:
            task = asyncio.current_task()
            if limit.expired():
                return Ending(TIMED_OUT, error=OUT_OF_TIME)
            if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
                return Ending(CANCELLED, cancelled_by=run.user_id)
            return Ending(FAILED, error=supervisor._told(error))

    replace(supervisor.Supervisor, "_ending", ending)


@blind_defect(
    "AEC-05zc",
    "an answer that cannot be stored is noticed while the end is written, outside of the run",
    service="worker",
    scenario="An agent whose answer cannot be stored has failed",
    step="Acme's run has failed because of the agent",
)
def _() -> None:
    # Seen: an agent that answers with a Decimal or a NUL: no failed run at once, but "worker lost" after the lease.
    from apex.worker import supervisor

    replace(supervisor, "kept", lambda value: value)


# -- AEC-06: the story is complete, in order and only once ------------------------------------------------------------


@blind_defect(
    "AEC-06za",
    "the end of a delegated agent's tool call does not say whose part it is",
    service="worker",
    scenario="Delegated agents report their part within the run",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    # Seen: of the advisor's story tool_executing has parent_run_id, its tool_completed has not.
    from apex.worker.execution import Execution

    def emit(self: Any, type: str, payload: dict[str, Any]) -> None:
        if self._delegated and type in ("agent_thinking", "tool_executing"):
            payload = {**payload, "parent_run_id": self._run.id}
        self._tracker.emit(type, self._agent.name, payload)

    replace(Execution, "_emit", emit)


@blind_defect(
    "AEC-06zb",
    "a tool call that is cut off has no tool_completed",
    service="worker",
    scenario="A cancelled run sends its events in order, too",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    # Seen: in the story of a cancelled or timed-out run a tool_executing stands alone.
    from apex.worker.execution import Execution

    @around(Execution, "_emit")
    def _(original: Callable[..., Any], self: Any, type: str, payload: dict[str, Any]) -> None:
        if payload.get("outcome") != "cancelled":
            original(self, type, payload)


@blind_defect(
    "AEC-06zc",
    "ends of runs are dated when they are sent, not when the run ended",
    service="worker",
    scenario="An ordinary run sends its events in order",
    step="the records oracle finds nothing",
)
def _() -> None:
    # Seen: the end's timestamp is not the stored finished_at; after an outage of Redis it is far behind.
    from apex.storage.runs import now
    from apex.storage.stream import rfc3339
    from apex.worker import relay

    @around(relay, "Event")
    def _(original: Callable[..., Any], **fields: Any) -> Any:
        return original(**{**fields, "timestamp": rfc3339(now())})


@blind_defect(
    "AEC-06zd",
    "of calls side by side each end names the call that began last",
    service="worker",
    scenario="An ordinary run sends its events in order",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    # Seen: utilisation and prices are read at the same time; both ends have one call_id, the other call has none.
    from apex.worker.execution import Execution

    @around(Execution, "_emit")
    def _(original: Callable[..., Any], self: Any, type: str, payload: dict[str, Any]) -> None:
        if type == "tool_executing":
            self._call_id = payload["call_id"]
        elif type == "tool_completed":
            payload = {**payload, "call_id": self._call_id}
        original(self, type, payload)


# -- AEC-07: operators see every run and how long each step took ------------------------------------------------------


@blind_defect(
    "AEC-07za", "of a lost run the time that nobody can account for is left out of the steps", service="worker"
)
def _() -> None:
    # Seen: the steps of a run whose worker was lost do not add up to its duration.
    from apex.worker import leases

    def accounted(_: Any, known: list[dict[str, Any]], *__: Any) -> list[dict[str, Any]]:
        return [step for step in known if step["duration_seconds"] is not None]

    replace(leases, "_accounted", accounted)


@blind_defect(
    "AEC-07zb",
    "operators do not see runs that were cancelled before they began",
    service="backend",
    scenario="A run cancelled in the queue is shown as cancelled",
    step="the operator sees Acme's run as cancelled",
)
def _() -> None:
    # Seen: cancel a queued run; it is in nobody's list but its owner's.
    from sqlalchemy import text

    from apex.backend import operations
    from apex.storage.tables import runs

    everything = str(vars(operations._RUNS_OF_ALL.element)["text"])
    some = f"{everything} WHERE started_at IS NOT NULL OR status = 'queued'"
    replace(operations, "_RUNS_OF_ALL", text(some).columns(*runs.c))


@blind_defect(
    "AEC-07zc",
    "the step of tools side by side ends with the first of them",
    service="worker",
    scenario="The durations of the steps add up to the run's duration",
    step="the operator sees that reading the price list took a second, and no other step did",
)
def _() -> None:
    # Seen: a slow and a quick tool called together: the tools' step is as short as the quick one.
    from apex.worker.tracker import Tracker

    def call_ended(self: Any, tool_name: str, agent_name: str) -> None:
        self._open_calls.remove(tool_name)
        self.working(agent_name)

    replace(Tracker, "call_ended", call_ended)


# -- AEC-08: one trace runs through everything ------------------------------------------------------------------------


@blind_defect(
    "AEC-08za",
    "tools report from a thread that knows nothing of the trace",
    service="tools",
    scenario="A tool's progress reports arrive in causal order",
    step="the identities oracle finds nothing",
)
def _() -> None:
    # Seen: tool_progress events have a trace id of zeros and no request id.
    from apex.tools.sanitising import masked
    from apex.tools.tool import ToolCall

    async def report(self: Any, message: str, done: int, total: int) -> None:
        told = {"message": masked(message), "done": done, "total": total}
        await asyncio.get_running_loop().run_in_executor(None, self.tell, told)

    replace(ToolCall, "report", report)


@blind_defect(
    "AEC-08zb",
    "a run cancelled in the queue ends under the trace of the cancelling request",
    service="backend",
    scenario="A run cancelled in the queue is shown as cancelled",
    step="the records oracle finds nothing",
)
def _() -> None:
    # Seen: agent_cancelled and the analytics record have another trace id than the stored run.
    from apex.backend import runs as _runs  # noqa: F401  # shows runs with the function as it was
    from apex.runtime.telemetry import trace_id
    from apex.storage import runs

    replace(runs, "trace_id_of", lambda _: trace_id())


@blind_defect(
    "AEC-08zc",
    "a traceparent that is not sampled is not taken over",
    service="backend",
    scenario="The caller's trace is found in every record of the run",
    step="the caller's trace ID, and no other, is found in",
)
def _() -> None:
    # Seen: a request with "...-00" is answered, and its run carried out, under another trace id.
    from apex.runtime import service

    @around(service, "span")
    def _(original: Callable[..., Any], name: str, traceparent: str | None = None, **fields: Any) -> Any:
        sampled = bool(traceparent) and str(traceparent)[-1] in "13579bdf"
        return original(name, traceparent if sampled else None, **fields)


# -- AEC-09: an agent that does not exist -----------------------------------------------------------------------------


@blind_defect(
    "AEC-09za",
    "a refused question leaves an empty thread behind",
    service="backend",
    scenario="A refused request leaves no run, conversation or event",
    step="Acme has no run and no conversation",
)
def _() -> None:
    # Seen: after the refusal the customer's list of threads is longer by one.
    from apex.backend.threads import new_thread
    from apex.http.identity import acting_as
    from apex.http.problems import Problem
    from defects.blind._backend_endpoints import around_endpoint

    def start(database: Any, endpoint: Callable[..., Any], request: Any, identity: Any) -> Any:
        try:
            return endpoint(request=request, identity=identity)
        except Problem as problem:
            if problem.code == "unknown_agent" and request.thread_id is None:
                with acting_as(database, identity) as connection:
                    new_thread(connection, identity, request.agent_name)
            raise

    around_endpoint("POST", "/v1/runs", start)


@blind_defect(
    "AEC-09zb",
    "the beginning of a name is enough to find an agent",
    service="backend",
    scenario="The error names every known agent",
    step="the error names every known agent",
)
def _() -> None:
    # Seen: asking for "cost" starts a run of cost_analysis instead of being refused.
    from apex.agents.registry import AgentRegistry

    @around(AgentRegistry, "find")
    def _(original: Callable[..., Any], self: Any, name: str) -> Any:
        return original(self, name) or next((agent for agent in self if agent.name.startswith(name)), None)


@blind_defect(
    "AEC-09zc",
    "the refusal names the first three agents only",
    service="backend",
    scenario="The error names every known agent",
    step="the error names every known agent",
)
def _() -> None:
    # Seen: known_agents lacks usage_report, which GET /v1/agents has.
    from apex.backend import runs

    @around(runs, "Problem")
    def _(original: Callable[..., Any], *arguments: Any, **members: Any) -> Any:
        if "known_agents" in members:
            members["known_agents"] = members["known_agents"][:3]
        return original(*arguments, **members)


# -- AEC-10: each run reports what it used ----------------------------------------------------------------------------


@blind_defect(
    "AEC-10za",
    "a call's CPU time is that of the whole tools process",
    service="tools",
    scenario="Other customers' runs are not counted",
    step="Acme's last run used these multiples of the lowest figure of the earlier runs",
)
def _() -> None:
    # Seen: with other runs beside it the same run has used several times as much.
    from apex.tools import tool

    replace(tool, "time", SimpleNamespace(thread_time=time.process_time, perf_counter=time.perf_counter))


@blind_defect(
    "AEC-10zb",
    "the working state stays with the agent from run to run",
    service="worker",
    scenario="Twice the servers use about twice the resources",
    step="Borealis' runs used these multiples of what Acme's used",
)
def _() -> None:
    # Seen: a run over a small inventory after one over a large one reports the peak size of the large one.
    from apex.worker.execution import Execution

    states: dict[str, dict[str, Any]] = {}

    @around(Execution, "__init__")
    def _(original: Callable[..., Any], self: Any, run: Any, agent: Any, *arguments: Any, **others: Any) -> None:
        original(self, run, agent, *arguments, **others)
        self.state = states.setdefault(agent.name, {})


@blind_defect(
    "AEC-10zc",
    "only a completed run reports its usage",
    service="worker",
    scenario="The error of a crashed agent contains no internal details",
    step="the records oracle finds nothing",
)
def _() -> None:
    # Seen: the usage of a failed, timed-out or cancelled run is null, and its job counts no tool calls.
    from apex.worker import supervisor

    @around(supervisor, "end_run")
    def _(original: Callable[..., bool], connection: Any, run: Any, ending: Any, **others: Any) -> bool:
        if ending.status != "completed":
            others["usage"] = None
        return original(connection, run, ending, **others)


# -- AEC-11: a customer can cancel ------------------------------------------------------------------------------------


@blind_defect(
    "AEC-11za",
    "owners and admins can cancel their colleagues' runs",
    service="backend",
    scenario="An owner cannot cancel a colleague's run",
    step="every response is as if the run had never existed",
)
def _() -> None:
    # Seen: the cancellation of a member's run by the organisation's owner is 202 instead of 404, and the run stops.
    from sqlalchemy import select

    from apex.http.identity import acting_as
    from apex.storage.tables import runs
    from defects.blind._backend_endpoints import around_endpoint

    def cancel(database: Any, endpoint: Callable[..., Any], run_id: str, identity: Any) -> Any:
        if identity.role in ("owner", "admin"):
            try:
                wanted = str(uuid.UUID(run_id))
            except ValueError:
                return endpoint(run_id=run_id, identity=identity)
            with acting_as(database, identity) as connection:
                owner = connection.scalar(select(runs.c.user_id).where(runs.c.id == wanted))
            identity = changed(identity, user_id=owner or identity.user_id)
        return endpoint(run_id=run_id, identity=identity)

    around_endpoint("POST", "/v1/runs/{run_id}/cancel", cancel)


@blind_defect(
    "AEC-11zb",
    "a tools instance does not notice that its caller has hung up",
    service="tools",
    scenario="Cancelling a run stops its work and its events",
    step="the run's request to the partner is aborted in time",
)
def _() -> None:
    # Seen: after the cancellation the tool's request to the partner goes on to its end, and is recorded as succeeded.
    from apex.tools import app

    async def hung_up(_: Any) -> None:
        await asyncio.Event().wait()

    replace(app, "_hung_up", hung_up)


@blind_defect(
    "AEC-11zc",
    "cancelling a cancelled run ends it once more",
    service="backend",
    scenario="A run that is cancelled twice is recorded once",
    step="every service has one record of each job, and all records agree",
)
def _() -> None:
    # Seen: the second cancel empties steps and usage, moves finished_at, and there are two jobs in the analytics.
    from apex.backend.runs import own_run
    from apex.http.identity import acting_as
    from apex.storage.runs import CANCELLED, Ending, end_run, now
    from defects.blind._backend_endpoints import around_endpoint

    def cancel(database: Any, endpoint: Callable[..., Any], run_id: str, identity: Any) -> Any:
        with acting_as(database, identity) as connection:
            run = own_run(connection, identity, run_id, lock=True)
            if run.status == CANCELLED:
                ending = Ending(CANCELLED, cancelled_by=identity.user_id)
                end_run(connection, run, ending, finished_at=now(), steps=[])
        return endpoint(run_id=run_id, identity=identity)

    around_endpoint("POST", "/v1/runs/{run_id}/cancel", cancel)


@blind_defect(
    "AEC-11zd",
    "a call that is stopped is still waited for in the background, so its line stays open",
    service="worker",
    scenario="Cancelling a run stops its work and its events",
    step="the run's request to the partner is aborted in time",
)
def _() -> None:
    # Seen: the tool's external call is not aborted while the slot has other work; six such hold up a tenant's cloud.
    from apex.worker.toolbox import Toolbox

    @around(Toolbox, "_post")
    async def _(original: Callable[..., Any], self: Any, *arguments: Any) -> Any:
        return await asyncio.shield(asyncio.ensure_future(original(self, *arguments)))


# -- AEC-12: a run whose worker dies ----------------------------------------------------------------------------------


@blind_defect(
    "AEC-12za",
    "a lost run is put back into the queue and run again",
    service="worker",
    scenario="The customer is notified in time that the worker was lost",
    step="Acme is notified in time that the worker was lost",
)
def _() -> None:
    # Seen: no agent_error after the kill; a second agent_started of the same run, whose tools are called twice.
    from sqlalchemy import func, select, text, update

    from apex.storage.runs import QUEUED, RUN_QUEUED
    from apex.storage.tables import runs
    from apex.worker import leases

    def put_back(self: Any) -> None:
        with self._database.platform() as connection:
            lost = connection.execute(text(f"SELECT {leases._COLUMNS} FROM lost_runs()").columns(*runs.c)).all()
        for run in lost:
            with self._database.tenant(run.tenant_id) as connection:
                connection.execute(
                    update(runs)
                    .where(runs.c.id == run.id, runs.c.status == run.status, runs.c.worker == run.worker)
                    .values(status=QUEUED, worker=None, started_at=None, lease_expires_at=None, steps=[])
                )
                connection.execute(select(func.pg_notify(RUN_QUEUED, run.id)))

    replace(leases.Leases, "_fail_lost", put_back)


@blind_defect(
    "AEC-12zb",
    "a worker that was taken for dead and wakes up ends its run once more",
    service="worker",
    scenario="A worker taken for dead changes nothing when it wakes up",
    step="the end of the run stays as it was",
)
def _() -> None:
    # Seen: stop a worker (SIGSTOP) until its run is failed, let it go on: the failed run becomes another one.
    from sqlalchemy import select

    from apex.storage.tables import runs
    from apex.worker import supervisor

    @around(supervisor, "end_run")
    def _(original: Callable[..., bool], connection: Any, run: Any, *arguments: Any, **others: Any) -> bool:
        current = connection.execute(select(runs).where(runs.c.id == run.id).with_for_update()).one()
        return original(connection, current, *arguments, **others)


@blind_defect(
    "AEC-12zc",
    "a worker that has nothing in hand does not look for lost runs",
    service="worker",
    scenario="The customer is notified in time that the worker was lost",
    step="Acme is notified in time that the worker was lost",
)
def _() -> None:
    # Seen: kill the busy one of two workers: the run stays running until the idle one happens to get work.
    from apex.worker.leases import Leases

    @around(Leases, "_fail_lost")
    def _(original: Callable[..., Any], self: Any) -> None:
        with self._lock:
            idle = not self._held
        if not idle:
            original(self)
