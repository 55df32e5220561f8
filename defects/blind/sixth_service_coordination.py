"""Blind defects of service_coordination, written from the promises alone."""

from __future__ import annotations

from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "CSC-01ua",
    "the record of a lost run says that it called no tools",
    service="worker",
    scenario="A lost run is not run again",
    step="the records oracle finds nothing",
)
def _() -> None:
    # Observable: a run that called tools and whose worker was killed, or whose agent blocked past its limit; tool_calls
    # of its analytics record is 0, the tools service's records show the calls.
    from apex.storage import runs

    replace(runs, "_recorded_calls", lambda connection, run: 0)


@blind_defect(
    "CSC-01ub",
    "a tool call that its caller gives up stays running in the tools' records",
    service="tools",
    scenario="A job that takes too long is recorded once, as timed out",
    step="every service has one record of each job, and all records agree",
)
def _() -> None:
    # Observable: cancel a run, or let it time out, while a tool is at work; the run has ended, its row in tool_calls
    # stays "running" for ever.
    from apex.tools.calls import CallRecords

    replace(CallRecords, "withdraw", lambda self, call, seconds: None)


@blind_defect(
    "CSC-02ua",
    "a tool does not wait until what it reports has been told",
    service="tools",
)
def _() -> None:
    # Observable: a tool that reports several times in quick succession, or right before its end; reports come in the
    # wrong order, and the last is dropped because tool_completed was quicker.
    import asyncio

    from apex.tools.sanitising import masked
    from apex.tools.tool import ToolCall

    telling: set[asyncio.Task[None]] = set()

    async def report(self: ToolCall, message: str, done: int, total: int) -> None:
        told = {"message": masked(message), "done": done, "total": total}
        task = asyncio.create_task(asyncio.to_thread(self.tell, told))
        telling.add(task)
        task.add_done_callback(telling.discard)

    replace(ToolCall, "report", report)


@blind_defect(
    "CSC-02ub",
    "the tools service is not told that an agent works for another",
    service="worker",
    scenario="Customers see how far the analysis of a large account has come",
    step="the story oracle finds nothing",
)
def _() -> None:
    # Observable: a delegated agent's tool reports progress (advisor over more than 500 instances); tool_progress has no
    # parent_run_id, unlike the tool_executing and tool_completed around it.
    from apex.worker.toolbox import Toolbox

    @around(Toolbox, "call")
    def _(original: Any, self: Any, call_id: str, name: str, parameters: Any, story: Any, caller: Any) -> Any:
        return original(self, call_id, name, parameters, {**story, "delegated": False}, caller)


@blind_defect(
    "CSC-03ua",
    "a worker never forgets a tools instance that it has once found",
    service="worker",
    scenario="A crashed instance is no longer used",
    step="Acme's next job runs on only the first tools instance",
)
def _() -> None:
    # Observable: a tools instance crashes; long after its lease (and though operators do not see it any more) the
    # worker still sends every second call there first, as its log says ("tools instance broke off").
    from apex.runtime.discovery import Registry

    known: dict[str, Any] = {}

    @around(Registry, "instances")
    def _(original: Any, self: Any) -> list[Any]:
        known.update({instance.url: instance for instance in original(self)})
        return list(known.values())


@blind_defect(
    "CSC-03ub",
    "an instance that could not register once never registers again",
    service="tools",
    scenario="Instances are found again after the register could not be reached",
    step="the operator finds both tools instances in time",
)
def _() -> None:
    # Observable: Redis is away for a moment; a lease later the tools instances are gone from the operators' list, and
    # once a new one starts the workers use that one alone, until the others are restarted.
    from apex.runtime.discovery import Heartbeat, log

    def run(self: Heartbeat) -> None:
        try:
            while not self._closed.is_set():
                self._registry.register(self._instance)
                self._closed.wait(self._registry.settings.heartbeat_seconds)
        except Exception as error:
            log.warning("instance not registered", reason=type(error).__name__)

    replace(Heartbeat, "run", run)


@blind_defect(
    "CSC-04ua",
    "a call that is asked for again has a new key",
    service="worker",
    scenario="An instance that crashes and comes back at once loses no job",
    step="each job has its own results, and the partner has answered each request once",
)
def _() -> None:
    # Observable: kill a tools instance while a partner carries out its call; the other instance asks the partner under
    # another idempotency key, so that the work is done twice, and tool_calls has two rows for one call.
    import uuid

    from apex.worker.toolbox import Toolbox

    asked: set[str] = set()

    @around(Toolbox, "_post")
    def _(original: Any, self: Any, url: str, call_id: str, *others: Any) -> Any:
        key = str(uuid.uuid4()) if call_id in asked else call_id
        asked.add(call_id)
        return original(self, url, key, *others)


@blind_defect(
    "CSC-04ub",
    "calls of an instance that is started again under its name count as in hand",
    service="tools",
    scenario="An instance that crashes and comes back at once loses no job",
    step="each job has its own results, and the partner has answered each request once",
)
def _() -> None:
    # Observable: kill one of two tools instances during runs and start it again at once under its name; the calls that
    # it had in hand are refused as in progress until the workers give up, and their runs fail or lack a part.
    from redis.exceptions import RedisError

    from apex.tools.calls import CallRecords

    def is_free(self: CallRecords, known: Any) -> bool:
        if known.status == "cancelled":
            return True
        try:
            settled, instances = self._registry._known()
            return settled and all(instance.name != known.instance for instance in instances)
        except RedisError:
            return False

    replace(CallRecords, "_is_free", is_free)


@blind_defect(
    "CSC-05ua",
    "a token for the tools service is used again for the tenant's next calls",
    service="worker",
    scenario="Records agree whichever service fails while customers act",
    step="the identities oracle finds nothing",
)
def _() -> None:
    # Observable: runs of two users of one tenant within half a minute in one worker; the second one's tool calls are
    # recorded (and allowed or refused, and their progress told) as those of the first.
    import time

    from apex.worker import toolbox

    signed: dict[str, tuple[float, str]] = {}

    @around(toolbox, "service_token")
    def _(original: Any, settings: Any, service: str, audience: str, subject: Any, seconds: float) -> str:
        until, token = signed.get(subject["tenant_id"], (0.0, ""))
        if until < time.monotonic():
            token = original(settings, service, audience, subject, seconds)
            signed[subject["tenant_id"]] = (time.monotonic() + seconds / 2, token)
        return token


@blind_defect(
    "CSC-05ub",
    "records that are delivered together all belong to the first one's tenant",
    service="worker",
    scenario="Concurrent jobs of fifty customers have a record each",
    step="every service has one record of each job, and all records agree",
)
def _() -> None:
    # Observable: runs of several tenants that end at the same moment; some jobs are missing in their owners' GET
    # /v1/jobs and stand under another tenant in ClickHouse.
    from types import SimpleNamespace

    from apex.worker.relay import AnalyticsRelay

    @around(AnalyticsRelay, "deliver")
    def _(original: Any, self: Any, rows: list[Any]) -> None:
        owner = rows[0].payload["tenant_id"]
        original(self, [SimpleNamespace(id=row.id, payload={**row.payload, "tenant_id": owner}) for row in rows])
