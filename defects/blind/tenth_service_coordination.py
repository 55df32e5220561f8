"""Blind defects of service_coordination, written from the promises alone."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from importlib import import_module
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "CSC-01qa",
    "event and job record count a run from when it was asked for",
    service="worker",
    scenario="A failed job is recorded once, as failed",
    step="every service has one record of each job, and all records agree",
)
def _() -> None:
    # Observable: keep every slot busy for two seconds and start one more run: GET /v1/runs/{id} says that it took 0.3
    # s, agent_completed and the record of the same job in analytics (GET /v1/jobs) say 2.3 s. On an idle platform they
    # differ by the milliseconds that the run has waited.
    from types import SimpleNamespace

    from apex.storage import runs
    from apex.worker import leases, supervisor

    original = runs.end_run

    def end_run(connection: Any, run: Any, ending: Any, **others: Any) -> Any:
        began = {"started_at": run.created_at if run.started_at is not None else None}
        counted: Any = SimpleNamespace(**{**run._mapping, **began})
        return original(connection, counted, ending, **others)

    for module in (runs, supervisor, leases):
        replace(module, "end_run", end_run)


@blind_defect(
    "CSC-02qa",
    "reports of a tool are numbered like the events of the worker",
    service="tools",
    scenario="A progress report arrives while its tool is still running",
    step="Acme receives the first of two progress reports while the run is still running",
)
def _() -> None:
    # Observable: a tool that reports its progress five times in the first call of a run: the first three reports are
    # never told (the worker has told three events by then), and after the others the tool_completed of the call, and
    # what comes next, is missing: it has been told, as far as its number says. Calls that report nothing are complete.
    import itertools

    from redis.exceptions import RedisError

    from apex.storage.stream import Event

    module: Any = import_module("apex.tools.dispatcher")

    def teller(
        self: Any, call_id: str, tool: Any, request: Any, caller: dict[str, str]
    ) -> Callable[[dict[str, Any]], None]:
        told = {"call_id": call_id, "tool_name": tool.name}
        numbers = itertools.count(1)
        if request.delegated:
            told["parent_run_id"] = request.run_id

        def tell(report: dict[str, Any]) -> None:
            event = Event(
                "tool_progress",
                caller["user_id"],
                {**told, **report},
                module.trace_id(),
                module.request_id(),
                request.run_id,
                request.thread_id,
                request.agent_name,
                # Each of them once, also when it is said again.
                number=next(numbers),
            )
            try:
                self._stream.publish(event)
            except RedisError as error:
                module.log.warning("progress not told", tool_name=tool.name, reason=type(error).__name__)

        return tell

    replace(module.Dispatcher, "_teller", teller)


@blind_defect(
    "CSC-03qa",
    "an instance that broke off once is given no call any more",
    service="worker",
    scenario="An instance that crashes and comes back at once loses no job",
    step="Acme's next job runs on both tools instances",
)
def _() -> None:
    # Observable: kill -9 the second of two tools instances while runs go on, and start it again at its place: it is in
    # GET /v1/operations/instances, and yet all calls (tool_calls.instance) are made by the first, until the worker is
    # started anew. One that has never been killed has its share.
    from apex.runtime.discovery import Directory

    @around(Directory, "pick")
    def pick(original: Callable[..., str], self: Any, avoid: Collection[str] = ()) -> str:
        broken: set[str] = self.__dict__.setdefault("_broken", set())
        broken.update(avoid)
        return original(self, broken)


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
