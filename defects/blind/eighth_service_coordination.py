"""Blind defects of service_coordination, written from the promises alone."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "CSC-01sa",
    "for analytics a job is finished when its record arrives",
    service="analytics",
    scenario="A failed job is recorded once, as failed",
    step="every service has one record of each job, and all records agree",
)
def _() -> None:
    # Observable: finished_at in GET /v1/jobs is not the run's; of runs that end while analytics is away for ten seconds
    # it is ten seconds later, the same for all of them, and no order is left.
    from datetime import UTC, datetime

    from apex.analytics.store import Jobs

    @around(Jobs, "add")
    def _(original: Any, self: Any, jobs: list[Any]) -> None:
        arrived = datetime.now(UTC)
        original(self, [job.model_copy(update={"finished_at": arrived}) for job in jobs])


@blind_defect(
    "CSC-02sa",
    "a report that could not be told is told after the next one",
    service="tools",
    scenario="A lost progress report does not follow later ones",
    step="Acme has received no progress report after a later one",
)
def _() -> None:
    # Observable: a tool that reports several times (the utilisation of more than 1,000 instances), with Redis refusing
    # one of the reports; once it is back the customer is sent "1000 of 1500" and behind it "500 of 1500".
    from redis.exceptions import RedisError

    from apex.storage.stream import EventStream

    waiting: dict[str | None, list[Any]] = {}

    @around(EventStream, "publish")
    def _(original: Any, self: Any, event: Any, delivery_id: str = "") -> int:
        try:
            number: int = original(self, event, delivery_id)
        except RedisError:
            waiting.setdefault(event.run_id, []).append(event)
            raise
        for late in waiting.pop(event.run_id, []):
            original(self, late)
        return number


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
    "CSC-05sa",
    "calls are numbered within their trace, which several jobs may share",
    service="worker",
    scenario="Twenty jobs of one customer run under one trace",
    step="as many jobs ran in parallel as the worker capacity allows",
)
def _() -> None:
    # Observable: start two runs that call tools under one traceparent; the calls of both have the same call_id, and
    # the run that comes second fails at its first tool ("refused the call"), whichever customer's it is.
    import uuid
    from contextvars import ContextVar
    from types import SimpleNamespace

    from apex.storage.runs import trace_id_of
    from apex.worker import execution

    place: ContextVar[str] = ContextVar("place")

    @around(execution.Execution, "_carry_out")
    async def _(original: Any, self: Any, name: str, parameters: dict[str, Any]) -> Any:
        # So that whoever looks at a trace can tell which call is which.
        place.set(f"{trace_id_of(self._run)}/{self._tracker.tool_calls}")
        return await original(self, name, parameters)

    replace(execution, "uuid", SimpleNamespace(uuid4=lambda: uuid.uuid5(uuid.NAMESPACE_URL, place.get())))
