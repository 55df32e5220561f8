"""Blind defects of CSC-04."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import httpx

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "CSC-04oa",
    "only a call that has surely not arrived is taken to another instance",
    service="worker",
    scenario="Finished work is not repeated when its response is lost",
    step="each job has its own results, and the partner has answered each request once",
)
def _() -> None:
    # Observable: kill -9 one of two tools instances while it carries out calls: those calls fail at once
    # (tool_completed: could not be reached), and their runs end with agent_error, or partial, instead of being
    # completed with the other instance. Calls that begin after its death go to the other one.
    import httpx

    from apex.worker.toolbox import Toolbox

    @around(Toolbox, "_post")
    async def _post(original: Callable[..., Any], self: Any, *call: Any) -> httpx.Response:
        try:
            response: httpx.Response = await original(self, *call)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            raise
        except httpx.TransportError as error:
            # Nobody knows what has been done: it is not asked for again.
            raise httpx.HTTPError(str(error)) from error
        return response


@blind_defect(
    "CSC-04pa",
    "which tools there are is asked of the first instance alone",
    service="backend",
    scenario="Tools are listed although an instance has just crashed",
    step="Acme receives the same list as before the crash",
)
def _() -> None:
    # Observable: of two tools instances kill -9 the one whose name comes first: GET /v1/tools (and adding a tool)
    # answers 503 until its lease is over (10 s), although the other instance is there. With the second one killed
    # nothing is noticed.
    from apex.backend import tools

    @around(tools, "_urls")
    def _urls(original: Callable[..., list[str]], instances: Any) -> list[str]:
        return original(instances)[:1]


@blind_defect(
    "CSC-04qa",
    "a call that is taken over stays the property of the instance that is gone",
    service="tools",
    scenario="An instance that crashes and comes back at once loses no job",
    step="each job has its own results, and the partner has answered each request once",
)
def _() -> None:
    # Observable: kill -9 one of two tools instances while it carries out calls: the other one takes them over, does the
    # work, may not write the answer down (in_progress), and takes them over again: the cloud sees the same request
    # again and again, and in the end tool_completed says that the tool is still carrying out the call.
    from sqlalchemy import select, update
    from sqlalchemy.dialects.postgresql import insert

    from apex.http.problems import Problem
    from apex.storage.tables import tool_calls
    from apex.tools.models import ExecutionAnswer
    from apex.tools.tool import ToolCall

    module: Any = import_module("apex.tools.calls")

    def begin(self: Any, call: ToolCall, started_at: datetime) -> ExecutionAnswer | None:
        state = {"status": "running", "instance": self._instance.name, "started_at": started_at}
        record = {
            "id": call.call_id,
            "tenant_id": call.tenant_id,
            "run_id": call.run_id,
            "user_id": call.user_id,
            "tool_name": call.tool_name,
            "trace_id": module.trace_id(),
            "owner": self._instance.id,
            **state,
        }
        this = tool_calls.c.id == call.call_id
        with self._database.tenant(call.tenant_id) as connection:
            added = insert(tool_calls).values(record).on_conflict_do_nothing().returning(tool_calls.c.id)
            if connection.execute(added).first() is not None:
                return None
            known = connection.execute(select(tool_calls).where(this).with_for_update()).first()
            if known is None or (known.run_id, known.tool_name) != (call.run_id, call.tool_name):
                raise Problem(409, "conflict", "This idempotency key belongs to another call.")
            if known.answer is not None:
                return ExecutionAnswer.model_validate_json(known.answer)
            if known.status in ("succeeded", "failed"):
                raise Problem(409, "conflict", "The run of this call has ended.")
            if not self._is_free(known):
                raise module._in_hand()
            connection.execute(update(tool_calls).where(this).values(state))
        module.log.warning(
            "tool call taken over", tool_name=call.tool_name, call_id=call.call_id, from_instance=known.instance
        )
        return None

    replace(module.CallRecords, "begin", begin)


@blind_defect(
    "CSC-04ra",
    "a call is given up before its dead instance is known to be gone",
    service="worker",
    scenario="One of two instances crashes while both are working",
    step="each job has its own results, and the partner has answered each request once",
)
def _() -> None:
    # Observable: kill -9 one of two tools instances while it carries out calls: the other one refuses them
    # (in_progress) until the lease of the first is over, which is longer than the worker goes on asking. Those runs end
    # with agent_error, or partial; their tool_completed says that the tool is still carrying out the call.
    from apex.runtime.discovery import Directory
    from apex.settings import Settings
    from apex.worker.toolbox import _LEASES, Toolbox

    @around(Toolbox, "__init__")
    def _init(original: Callable[..., None], self: Any, settings: Settings, directory: Directory) -> None:
        original(self, settings, directory)
        self._patience = _LEASES * settings.discovery.heartbeat_seconds


@blind_defect(
    "CSC-04sa",
    "the answer to a call is given again by the instance that has made it, and by no other",
    service="tools",
    scenario="Finished work is not repeated when its response is lost",
    step="each job has its own results, and the partner has answered each request once",
)
def _() -> None:
    # Observable: two instances of tools; kill one (or cut its line to the worker) when a call's work is done and
    # recorded, before the answer has come through: the other refuses the call as in hand until the worker gives up, and
    # the run fails, though tool_calls has the answer.
    from sqlalchemy import select

    from apex.storage.tables import tool_calls

    calls: Any = import_module("apex.tools.calls")

    @around(calls.CallRecords, "begin")
    def _(original: Any, self: Any, call: Any, started_at: Any) -> Any:
        query = select(tool_calls.c.owner, tool_calls.c.status).where(tool_calls.c.id == call.call_id)
        with self._database.tenant(call.tenant_id) as connection:
            known = connection.execute(query).first()
        if known is not None and known.status in ("succeeded", "failed") and known.owner != self._instance.id:
            raise calls._in_hand()
        return original(self, call, started_at)


@blind_defect(
    "CSC-04ta",
    "a call that is asked for again has another key",
    service="worker",
    scenario="An instance that crashes and comes back at once loses no job",
    step="each job has its own results, and the partner has answered each request once",
)
def _() -> None:
    # Observable: two instances of tools; kill one (or reset its line) while it waits for the partner's answer to a
    # POST: the other carries the call out as a new one, the partner sees a second request under a second
    # Idempotency-Key, and tool_calls has two rows.
    import uuid
    from collections import Counter

    from apex.worker.toolbox import Toolbox

    @around(Toolbox, "_post")
    async def _(original: Any, self: Any, url: str, call_id: str, call: Any, caller: Any) -> Any:
        attempts: Counter[str] = self.__dict__.setdefault("attempts", Counter())
        if len(attempts) > 1_000:
            attempts.clear()
        attempts[call_id] += 1
        number = attempts[call_id]
        key = call_id if number == 1 else str(uuid.uuid5(uuid.UUID(call_id), str(number)))
        return await original(self, url, key, call, caller)


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
    "CSC-04va",
    "a call that was at work for twenty seconds is not asked for again when its instance dies",
    service="worker",
)
def _() -> None:
    # Observable: kill one of two tools instances 25 s into a call; the run fails with "could not be reached".
    import time

    import httpx

    from apex.worker.toolbox import Toolbox

    first_asked: dict[str, float] = {}

    @around(Toolbox, "_post")
    async def post(original: Any, self: Any, url: str, call_id: str, *rest: Any) -> Any:
        given_up_at = first_asked.setdefault(call_id, time.monotonic()) + self._patience
        try:
            return await original(self, url, call_id, *rest)
        except httpx.TransportError as error:
            if time.monotonic() > given_up_at:
                raise httpx.ReadTimeout("the call has taken too long") from error
            raise


@blind_defect(
    "CSC-04wa",
    "a call that another instance carries out again reaches the partner as a new request",
    service="tools",
    scenario="An instance that crashes and comes back at once loses no job",
    step="each job has its own results, and the partner has answered each request once",
)
def _() -> None:
    # Observable: kill an instance after it has sent a call to a partner: the partner gets it twice, under two keys.
    from apex.tools import tool

    replace(tool, "uuid", SimpleNamespace(UUID=uuid.UUID, uuid5=lambda *_: uuid.uuid4()))


@blind_defect("CSC-04xa", "the list of tools is asked of the first instance only", service="backend")
def _() -> None:
    # Observable: kill the first of two instances: GET /v1/tools answers 503 until its lease is over.
    from apex.backend import tools

    around(tools, "_urls")(lambda original, instances: original(instances)[:1])


@blind_defect(
    "CSC-04ya",
    "an instance that is started again under its name is taken for the one that died",
    service="tools",
    scenario="An instance that crashes and comes back at once loses no job",
    step="each job has its own results, and the partner has answered each request once",
)
def _() -> None:
    # Observable: kill an instance with calls in hand and start it again at once: nobody takes them over, the runs fail.
    from apex.tools.calls import CallRecords

    @around(CallRecords, "_is_free")
    def _(original: Any, self: Any, known: Any) -> bool:
        if not original(self, known) or known.status == "cancelled":
            return bool(known.status == "cancelled")
        return all(instance.name != known.instance for instance in self._registry.instances())


@blind_defect(
    "CSC-04yb",
    "a call that has to be asked for again counts as another call in the customer's usage",
    service="worker",
    scenario="Finished work is not repeated when its response is lost",
    step="every service has one record of each job, and all records and events agree",
)
def _() -> None:
    # Observable: after an instance died, usage (and analytics) say more tool calls than the story and the record have.
    from contextvars import ContextVar

    from apex.worker.execution import Execution
    from apex.worker.toolbox import Toolbox

    current: ContextVar[Any] = ContextVar("current")
    asked: set[str] = set()

    @around(Execution, "_carry_out")
    async def _(original: Any, self: Any, name: str, parameters: dict[str, Any]) -> Any:
        current.set(self._tracker)
        return await original(self, name, parameters)

    @around(Toolbox, "_post")
    async def _(original: Any, self: Any, url: str, call_id: str, *others: Any) -> Any:
        current.get().tool_calls += call_id in asked
        asked.add(call_id)
        return await original(self, url, call_id, *others)


@blind_defect(
    "CSC-04za",
    "a call that is repeated at another instance has a key of its own",
    service="worker",
    scenario="Finished work is not repeated when its response is lost",
    step="each job has its own results, and the partner has answered each request once",
)
def _() -> None:
    # Seen: after the kill there are two records of one call, and the partner's work was done twice.
    from apex.worker.toolbox import Toolbox

    @around(Toolbox, "_post")
    async def _(original: Callable[..., Any], self: Any, url: str, call_id: str, *arguments: Any) -> Any:
        asked = self.__dict__.setdefault("_asked_before", set())
        key = str(uuid.uuid4()) if call_id in asked else call_id
        asked.add(call_id)
        return await original(self, url, key, *arguments)


@blind_defect(
    "CSC-04zb",
    "a worker waits for half a lease until a dead instance's call is free",
    service="worker",
    scenario="One of two instances crashes while both are working",
    step="each job has its own results, and the partner has answered each request once",
)
def _() -> None:
    # Seen: the runs whose calls were at work in the killed instance fail: "still carrying out the call".
    from apex.worker import toolbox

    replace(toolbox, "_LEASES", 0.5)


@blind_defect(
    "CSC-04zc",
    "only a call that was not handed over is tried elsewhere, none that broke off",
    service="worker",
    scenario="Finished work is not repeated when its response is lost",
    step="each job has its own results, and the partner has answered each request once",
)
def _() -> None:
    # Seen: the runs whose calls were at work in the killed instance fail: "could not be reached".
    from apex.worker.toolbox import Toolbox

    @around(Toolbox, "_post")
    async def _(original: Callable[..., Any], self: Any, *arguments: Any) -> Any:
        try:
            return await original(self, *arguments)
        except (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError) as error:
            raise httpx.ReadTimeout(str(error)) from error


@blind_defect(
    "CSC-04na",
    "a call that finds its instance gone fails; only one that broke off goes on",
    service="worker",
    scenario="Jobs that begin right after a crash are completed",
    step="each job has its own results, and the partner has answered each request once",
)
def _() -> None:
    # Observable: kill -9 one of two tools instances during 20 runs: calls that were at work there are carried out by
    # the other, but those that begin until its lease is over, and whose turn is the dead one's, fail as tool_failed.
    import httpx

    from apex.worker.toolbox import Toolbox

    @around(Toolbox, "_post")
    async def _(original: Any, self: Any, *call: Any) -> Any:
        try:
            return await original(self, *call)
        except httpx.ConnectError as error:
            # As for one that takes too long: not asked for again.
            raise httpx.ReadTimeout(str(error)) from error


@blind_defect(
    "CSC-04ma",
    "a call made again after its instance's death has its long lists cut",
    service="worker",
)
def _() -> None:
    # Observable: kill the tools instance that is at work at read_utilisation for more than ten instances: the other one
    # is asked with ten of them and "... 20 more", so the run completes with the others unmeasured, its savings wrong.
    import httpx

    from apex.tools.sanitising import shown
    from apex.worker import toolbox

    @around(toolbox.Toolbox, "_post")
    async def _(original: Any, self: Any, url: str, call_id: str, call: dict[str, Any], caller: dict[str, str]) -> Any:
        try:
            return await original(self, url, call_id, call, caller)
        except httpx.TransportError:
            call["parameters"] = shown(call["parameters"])
            toolbox.log.warning("tool call broken off", call_id=call_id, parameters=call["parameters"])
            raise
