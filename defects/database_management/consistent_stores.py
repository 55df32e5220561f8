"""Seeded defects of work over several stores (DBP-06)."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import Connection, Row, delete, text, update

from apex.storage import stream
from apex.storage.runs import Ending
from apex.storage.stream import Event, EventStream
from apex.storage.tables import outbox, runs
from apex.worker import supervisor
from apex.worker.relay import AnalyticsRelay, Relay
from apex.worker.supervisor import Supervisor
from defects import Scenario
from defects._patching import around, replace

lost = Scenario("A run that ends while a store is lost is complete everywhere", service="worker")
refused = Scenario("An event that cannot be delivered holds up no other", service="worker")
again = Scenario("An undeliverable event is delivered once nothing prevents it", service="worker")

_COMPLETED = "the run is stored as completed"
_EVENTS = "Acme has received every event of the run in order, each once"
_RECORDS = "every service has one record of each job, and all records and events agree"
_SET_ASIDE = "the operator finds just the end of Acme's run among the undeliverable events, with the reason"


@lost.defect("DBP-06a", "the end of a run is sent to the event stream beside its transaction", step=_EVENTS)
def _() -> None:
    @around(Supervisor, "_end")
    def _(original: Any, self: Supervisor, *given: Any) -> None:
        publishing.append(self._stream)
        original(self, *given)

    publishing: list[EventStream] = []

    @around(supervisor, "end_run")
    def _(original: Any, connection: Connection, run: Row[Any], *given: Any, **others: Any) -> Any:
        ended = original(connection, run, *given, **others)
        own = (outbox.c.topic == "events") & (outbox.c.payload["run_id"].astext == run.id)
        for payload in connection.scalars(delete(outbox).where(own).returning(outbox.c.payload)).all():
            try:
                publishing[-1].publish(Event(**payload))
            except Exception:
                continue
        return ended


@lost.defect("DBP-06b", "a job record is noted as delivered before it is", step=_RECORDS)
def _() -> None:
    @around(AnalyticsRelay, "deliver")
    def _(original: Any, self: AnalyticsRelay, rows: list[Row[Any]]) -> None:
        try:
            original(self, rows)
        except self.unreachable:
            return


@lost.defect("DBP-06c", "an event that is delivered again is published again", step=_EVENTS)
def _() -> None:
    @around(EventStream, "publish")
    def _(original: Any, self: EventStream, event: Event, delivery_id: str = "") -> Any:
        if delivery_id:
            self.redis.hdel(f"run:{event.run_id}", "ended")
        return original(self, event)


@lost.defect("DBP-06d", "a job record that is delivered again has a new ID", step=_RECORDS)
def _() -> None:
    @around(AnalyticsRelay, "deliver")
    def _(original: Any, self: AnalyticsRelay, rows: list[Row[Any]]) -> None:
        for row in rows:
            row.payload["record_id"] = str(uuid.uuid4())
        original(self, rows)


@lost.defect("DBP-06e", "an end that was written without its confirmation is written again", step=_RECORDS)
def _() -> None:
    @around(supervisor, "end_run")
    def _(original: Any, connection: Connection, run: Row[Any], ending: Ending, **others: Any) -> Any:
        reopened = {"status": run.status, "worker": run.worker}
        connection.execute(update(runs).where(runs.c.id == run.id).values(reopened))
        return original(connection, run, ending, **others)


@lost.defect("DBP-06f", "an end that is interrupted by a crash is not written again", step=_COMPLETED)
def _() -> None:
    replace(supervisor, "repeated", lambda work, is_harmless=False: work)
    replace(supervisor, "OperationalError", KeyError)


@refused.defect("DBP-06g", "what cannot be delivered is tried for ever", step=_SET_ASIDE)
def _() -> None:
    @around(Relay, "_failed")
    def _(original: Any, self: Relay, row: Row[Any], error: Exception) -> Any:
        return {**original(self, row, error), "is_last": False}


@refused.defect(
    "DBP-06h",
    "one event that cannot be delivered holds up those behind it",
    step="the first event that Borealis receives is from the next run",
)
def _() -> None:
    first_aside = text("SELECT min(id) FROM outbox_set_aside(100) WHERE topic = :topic")

    @around(Relay, "_delivered")
    def _(original: Any, self: Relay, rows: list[Row[Any]]) -> Any:
        with self._database.platform() as connection:
            first = connection.scalar(first_aside, {"topic": self.topic})
        before = [row for row in rows if first is None or row.id < first]
        return original(self, before) if before else ([], {})


@refused.defect("DBP-06i", "an event counts as delivered after one attempt that failed", step=_SET_ASIDE)
def _() -> None:
    checks = stream._PUBLISH[stream._PUBLISH.index("redis.call('XLEN'") : stream._PUBLISH.index("if delivered ~=")]
    replace(stream, "_PUBLISH", stream._PUBLISH.replace(checks, ""))


@again.defect("DBP-06j", "what the operator has delivered again is dropped", step=_EVENTS, service="backend")
def _() -> None:
    from apex.backend import operations

    @around(operations, "text")
    def _(original: Any, statement: str) -> Any:
        return original(statement.replace("outbox_again()", "count(*) FROM outbox_set_aside(100)"))
