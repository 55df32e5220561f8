"""Blind defects of CSC-01."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "CSC-01oa",
    "for analytics a run that timed out has failed",
    service="worker",
    scenario="A job that takes too long is recorded once, as timed out",
    step="every service has one record of each job, and all records and events agree",
)
def _() -> None:
    # Observable: have a run pass its time limit: GET /v1/runs/{id} of the backend says timed_out, and so does the
    # operators' list; the record of the same job in GET /v1/jobs of analytics says failed.
    from types import SimpleNamespace

    from apex.storage.runs import FAILED, TIMED_OUT
    from apex.worker.relay import AnalyticsRelay

    # The reports tell three ends.
    reported = {TIMED_OUT: FAILED}

    @around(AnalyticsRelay, "deliver")
    def deliver(original: Callable[..., None], self: Any, rows: list[Row[Any]]) -> None:
        payloads = [
            row.payload | {"status": reported.get(row.payload["status"], row.payload["status"])} for row in rows
        ]
        original(self, [SimpleNamespace(payload=payload) for payload in payloads])


@blind_defect(
    "CSC-01pa",
    "for analytics a job has succeeded or failed: cancelled and timed out are failures",
    service="worker",
    scenario="A job that takes too long is recorded once, as timed out",
    step="every service has one record of each job, and all records and events agree",
)
def _() -> None:
    # Observable: cancel a run, or let one run into its time limit: GET /v1/runs/{id} says cancelled (timed_out), the
    # record of the same job in GET /v1/jobs says failed. Of runs that are completed or failed both say the same.
    from apex.worker.relay import AnalyticsRelay

    @around(AnalyticsRelay, "deliver")
    def deliver(original: Callable[..., None], self: Any, rows: list[Row[Any]]) -> None:
        for row in rows:
            if row.payload["status"] != "completed":
                row.payload["status"] = "failed"
        original(self, rows)


@blind_defect(
    "CSC-01qa",
    "event and job record count a run from when it was asked for",
    service="worker",
    scenario="A failed job is recorded once, as failed",
    step="every service has one record of each job, and all records and events agree",
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
    "CSC-01ra",
    "tool calls side by side are one call in the job record",
    service="worker",
    scenario="A cost analysis is recorded once by every service that took part",
    step="every service has one record of each job, and all records and events agree",
)
def _() -> None:
    # Observable: the cost analysis makes three calls, two of them side by side: the usage of the run and the records of
    # the tools service say 3, the record of the same job in analytics (GET /v1/jobs) says tool_calls 2.
    from apex.storage import runs
    from apex.worker import leases, supervisor

    class Recording:
        """The connection, over which the job record is written with the number of the steps that were calls."""

        def __init__(self, connection: Any, steps: list[dict[str, Any]]) -> None:
            self._connection = connection
            self._calls = sum(1 for step in steps if step["kind"] == "tool")

        def __getattr__(self, name: str) -> Any:
            return getattr(self._connection, name)

        def execute(self, statement: Any, rows: Any = None) -> Any:
            for row in rows if isinstance(rows, list) else []:
                if row["topic"] == "analytics":
                    row["payload"]["tool_calls"] = self._calls
            return self._connection.execute(statement, rows)

    original = runs.end_run

    def end_run(connection: Any, run: Any, ending: Any, *, steps: list[dict[str, Any]], **others: Any) -> Any:
        recording: Any = Recording(connection, steps)
        return original(recording, run, ending, steps=steps, **others)

    for module in (runs, supervisor, leases):
        replace(module, "end_run", end_run)


@blind_defect(
    "CSC-01sa",
    "for analytics a job is finished when its record arrives",
    service="analytics",
    scenario="A failed job is recorded once, as failed",
    step="every service has one record of each job, and all records and events agree",
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
    "CSC-01ta",
    "a job's record gets its id anew with each attempt to deliver it",
    service="worker",
    scenario="A record that is delivered again is stored once",
    step="every service has one record of each job, and all records and events agree",
)
def _() -> None:
    # Observable: let the answer of analytics to POST /v1/records be lost once (cut it, or delay it beyond 10 s); the
    # record is sent again, and GET /v1/jobs shows the same run twice.
    import uuid
    from types import SimpleNamespace

    from apex.worker.relay import AnalyticsRelay

    @around(AnalyticsRelay, "deliver")
    def _(original: Any, self: Any, rows: list[Any]) -> None:
        anew = [SimpleNamespace(payload={**row.payload, "record_id": str(uuid.uuid4())}) for row in rows]
        original(self, anew)


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
    step="every service has one record of each job, and all records and events agree",
)
def _() -> None:
    # Observable: cancel a run, or let it time out, while a tool is at work; the run has ended, its row in tool_calls
    # stays "running" for ever.
    from apex.tools.calls import CallRecords

    replace(CallRecords, "withdraw", lambda self, call, seconds: None)


@blind_defect(
    "CSC-01wa",
    "analytics dates a job by when its record arrives, not by when it ended",
    service="analytics",
    scenario="A failed job is recorded once, as failed",
    step="every service has one record of each job, and all records and events agree",
)
def _() -> None:
    # Observable: a run ends while analytics is away: its job's finished_at is minutes after the run's.
    from apex.analytics.store import Jobs

    @around(Jobs, "add")
    def _(original: Any, jobs: Any, records: Any) -> None:
        arrived = {"finished_at": datetime.now(UTC)}
        original(jobs, [record.model_copy(update=arrived) for record in records])


@blind_defect("CSC-01xa", "tools record the calls of a delegated agent under a run of its own", service="worker")
def _() -> None:
    # Observable: an advisor's run has four tool calls in its usage, and none in tool_calls under its id.
    from apex.worker.toolbox import Toolbox

    @around(Toolbox, "call")
    async def _(original: Any, toolbox: Any, call_id: str, name: str, parameters: Any, story: Any, caller: Any) -> Any:
        if story["delegated"]:
            story = {**story, "run_id": str(uuid.uuid5(uuid.UUID(story["run_id"]), story["agent_name"]))}
        return await original(toolbox, call_id, name, parameters, story, caller)


@blind_defect(
    "CSC-01ya",
    "records of jobs that end while analytics is away are taken for delivered",
    service="worker",
    scenario="A record that is delivered again is stored once",
    step="Acme runs a usage report while acknowledgements of the run's job record are lost",
)
def _() -> None:
    # Observable: stop analytics, let a run end, start it again: the job never appears.
    import httpx
    import structlog

    from apex.worker.relay import AnalyticsRelay, Undelivered

    @around(AnalyticsRelay, "deliver")
    def _(original: Any, self: Any, rows: Any) -> None:
        try:
            original(self, rows)
        except (httpx.HTTPError, Undelivered) as error:
            structlog.get_logger().warning("analytics does not answer", reason=type(error).__name__)


@blind_defect(
    "CSC-01yb",
    "analytics keeps the duration of a job in whole seconds",
    service="analytics",
    scenario="A failed job is recorded once, as failed",
    step="every service has one record of each job, and all records and events agree",
)
def _() -> None:
    # Observable: the job's duration is not the run's; that of a quick run is 0.
    from apex.analytics.store import Jobs

    @around(Jobs, "add")
    def _(original: Any, self: Any, jobs: Any) -> None:
        original(self, [job.model_copy(update={"duration_seconds": job.duration_seconds // 1}) for job in jobs])


@blind_defect(
    "CSC-01za",
    "tool calls side by side are counted as one",
    service="worker",
    scenario="A cost analysis is recorded once by every service that took part",
    step="every service has one record of each job, and all records and events agree",
)
def _() -> None:
    # Seen: a cost analysis has three calls in the tools' record, two in its usage and in its analytics record.
    from apex.worker.tracker import Tracker

    @around(Tracker, "call_started")
    def _(original: Callable[..., None], self: Any, *arguments: Any) -> None:
        beside = bool(self._open_calls)
        original(self, *arguments)
        if beside:
            self.tool_calls -= 1


@blind_defect(
    "CSC-01zb",
    "a timed-out run is a failed job in the analytics",
    service="worker",
    scenario="A job that takes too long is recorded once, as timed out",
    step="every service has one record of each job, and all records and events agree",
)
def _() -> None:
    # Seen: the run is timed_out in the API and failed in GET /v1/jobs.
    from types import SimpleNamespace

    from apex.worker.relay import AnalyticsRelay

    @around(AnalyticsRelay, "deliver")
    def _(original: Callable[..., None], self: Any, rows: list[Any]) -> None:
        told = {"timed_out": "failed"}
        records = [{**row.payload, "status": told.get(row.payload["status"], row.payload["status"])} for row in rows]
        original(self, [SimpleNamespace(id=row.id, payload=record) for row, record in zip(rows, records, strict=True)])


@blind_defect(
    "CSC-01zc",
    "a tool call that fails stays running in the tools' record",
    service="tools",
    scenario="A failed job is recorded once, as failed",
    step="every service has one record of each job, and all records and events agree",
)
def _() -> None:
    # Seen: the story says that the call has failed, the record of the call says running, for ever.
    from apex.tools.calls import CallRecords

    @around(CallRecords, "finish")
    def _(original: Callable[..., None], self: Any, call: Any, answer: Any) -> None:
        if answer.status == "succeeded":
            original(self, call, answer)


@blind_defect(
    "CSC-01zd",
    "of runs under one trace that end together one is recorded",
    service="analytics",
    scenario="Jobs that belong to one trace are recorded each",
    step="the analytics service has a record of each job",
)
def _() -> None:
    # Seen: start several runs with the same traceparent at once; some have no job in the analytics.
    from apex.analytics.store import Jobs

    @around(Jobs, "add")
    def _(original: Callable[..., None], self: Any, jobs: list[Any]) -> None:
        original(self, list({job.trace_id: job for job in jobs}.values()))


@blind_defect(
    "CSC-01na",
    "a job that is asked for by its run is looked for among the newest only",
    service="analytics",
    scenario="Jobs that belong to one trace are recorded each",
    step="Acme finds the record of each job by its run",
)
def _() -> None:
    # Observable: after two runs, GET /v1/jobs?run_id=<first>&limit=1 (or, without a limit, after 51 runs) has no item,
    # though the job is recorded.
    from apex.analytics.store import Jobs

    @around(Jobs, "of_user")
    def _(original: Any, self: Any, tenant_id: str, user_id: str, run_id: str | None, limit: int) -> Any:
        newest = original(self, tenant_id, user_id, None, limit)
        return [job for job in newest if run_id is None or str(job["run_id"]) == run_id]


@blind_defect("CSC-01ma", "the job record counts only those tool calls that have succeeded", service="worker")
def _() -> None:
    # Observable: a run one of whose tool calls fails or is refused (an advice whose analysis is left out, for one): the
    # job in analytics has fewer tool_calls than the run's own usage, its events and the tools' records.
    from sqlalchemy import text

    from apex.worker import supervisor

    counted = text("""
        UPDATE outbox SET payload = jsonb_set(payload, '{tool_calls}', to_jsonb((
            SELECT count(*) FROM tool_calls WHERE run_id = CAST(:run AS uuid) AND status = 'succeeded')))
        WHERE topic = 'analytics' AND payload ->> 'run_id' = :run
    """)

    @around(supervisor, "end_run")
    def _(original: Any, connection: Any, run: Any, *others: Any, **more: Any) -> Any:
        ended = original(connection, run, *others, **more)
        if ended is not None:
            connection.execute(counted, {"run": str(run.id)})
        return ended
