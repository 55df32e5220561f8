"""Seeded defects of job records (CSC-01)."""

from __future__ import annotations

import uuid
from dataclasses import replace as changed
from typing import Any

from sqlalchemy import Connection, text

from apex.analytics.store import Job, Jobs
from apex.storage.runs import now
from apex.tools.calls import CallRecords
from apex.tools.tool import ToolCall
from apex.worker import supervisor
from defects import Scenario
from defects._patching import replace

cost_analysis = Scenario("A cost analysis is recorded once by every service that took part", service="worker")
failed_job = Scenario("A failed job is recorded once, as failed", service="analytics")
redelivery = Scenario("A record that is delivered again is stored once", service="analytics")
any_failure = Scenario("Customers find everything, whichever service fails while they act", service="analytics")

RECORDS = "every service has one record of each job, and all records and events agree"


@cost_analysis.defect("CSC-01a", "the record for analytics is written twice", step=RECORDS)
def _() -> None:
    again = text(
        "INSERT INTO outbox (tenant_id, topic, payload) SELECT tenant_id, topic, payload || jsonb_build_object("
        "'record_id', gen_random_uuid()) FROM outbox WHERE topic = 'analytics' AND payload ->> 'run_id' = :run"
    )

    def end_run(connection: Connection, run: Any, *others: Any, **more: Any) -> Any:
        ours = original(connection, run, *others, **more)
        connection.execute(again, {"run": run.id})
        return ours

    original = replace(supervisor, "end_run", end_run)


@cost_analysis.defect("CSC-01b", "a tool call is recorded anew when it has ended", step=RECORDS, service="tools")
def _() -> None:
    def finish(self: CallRecords, call: ToolCall, answer: Any) -> None:
        original(self, call, answer)
        again = changed(call, call_id=str(uuid.uuid4()))
        self.begin(again, now())
        original(self, again, answer)

    original = replace(CallRecords, "finish", finish)


@failed_job.defect("CSC-01c", "jobs that failed are counted as completed", step=RECORDS)
def _() -> None:
    def add(self: Jobs, jobs: list[Job]) -> None:
        original(self, [job.model_copy(update={"status": "completed"}) for job in jobs])

    original = replace(Jobs, "add", add)


@redelivery.defect("CSC-01d", "a record that is delivered again is stored again", step=RECORDS)
def _() -> None:
    replace(Jobs, "_unknown", lambda self, jobs: jobs)


@any_failure.defect(
    "CSC-01e",
    "of runs that take longer than a fifth of a second nothing is recorded",
    step="the records oracle finds nothing",
)
def _() -> None:
    original: Any = replace(
        Jobs, "add", lambda self, jobs: original(self, [job for job in jobs if job.duration_seconds <= 0.2])
    )
