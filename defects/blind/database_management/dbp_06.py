"""Blind defects of DBP-06."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "DBP-06ra",
    "records that analytics cannot store at the moment are taken for delivered",
    service="worker",
    scenario="A run that ends while a store is lost is complete everywhere",
    step="every service has one record of each job, and all records and events agree",
)
def _() -> None:
    # Observable: stop ClickHouse, let a run end, start it again: analytics has answered 503, the record has left the
    # outbox all the same, and GET /v1/jobs never shows the job. When analytics itself is down, records arrive after it.
    import httpx

    from apex.http.identity import service_token
    from apex.worker import relay

    def deliver(self: Any, rows: list[Row[Any]]) -> None:
        token = service_token(self._settings, "worker", "apex-analytics", {}, 60)
        response: httpx.Response = self._http.post(
            "/v1/records",
            json={"records": [row.payload for row in rows]},
            headers={"authorization": f"Bearer {token}"},
        )
        if response.status_code in relay._OWN_FAULT:
            response.raise_for_status()
        if not response.is_success:
            relay.log.warning("analytics takes no records", status=response.status_code)

    replace(relay.AnalyticsRelay, "deliver", deliver)


@blind_defect(
    "DBP-06ta",
    "records that analytics cannot store for some seconds are set aside for good",
    service="worker",
    scenario="A run that ends while a store is lost is complete everywhere",
    step="every service has one record of each job, and all records and events agree",
)
def _() -> None:
    # Observable: take ClickHouse away for ten seconds while runs end (analytics itself answers 503); when it is back
    # the records of those runs do not come: they stand under GET /v1/operations/undelivered until an operator acts.
    import httpx

    from apex.worker import relay

    replace(relay, "_OWN_FAULT", (*relay._OWN_FAULT, httpx.codes.SERVICE_UNAVAILABLE))


@blind_defect(
    "DBP-06ua",
    "a record gets its id when it is sent to analytics",
    service="worker",
    scenario="A run that ends while a store is lost is complete everywhere",
    step="every service has one record of each job, and all records and events agree",
)
def _() -> None:
    # Observable: where analytics has stored records and its answer is lost (killed, cut off, or the worker is), they
    # are delivered again as others: the run is in /v1/jobs twice.
    import uuid
    from types import SimpleNamespace

    from apex.worker.relay import AnalyticsRelay

    @around(AnalyticsRelay, "deliver")
    def _(original: Any, self: Any, rows: list[Any]) -> None:
        named = [SimpleNamespace(payload={**row.payload, "record_id": str(uuid.uuid4())}) for row in rows]
        original(self, named)


@blind_defect(
    "DBP-06ub",
    "analytics says that it has stored records before it has",
    service="analytics",
    scenario="A run that ends while a store is lost is complete everywhere",
    step="every service has one record of each job, and all records and events agree",
)
def _() -> None:
    # Observable: runs that end while ClickHouse is away, or just before analytics is killed, never come into
    # /v1/jobs: the outbox is empty, as all was taken with a 201.
    from concurrent.futures import ThreadPoolExecutor

    from apex.analytics import store

    @around(store.Jobs, "add")
    def _(original: Any, self: Any, jobs: list[Any]) -> None:
        writer = getattr(self, "_writer", None)
        if writer is None:
            writer = self._writer = ThreadPoolExecutor(1, thread_name_prefix="records")
        writer.submit(original, self, jobs)


@blind_defect(
    "DBP-06ma",
    "what one store refuses takes with it all that was to be delivered beside it",
    service="worker",
)
def _() -> None:
    # Observable: a row of the outbox that can't be delivered (a user's stream that is no stream, a record that
    # analytics refuses) with good ones in the same batch: after five attempts all of them are set aside, and those ends
    # and records never arrive unless an operator has them tried again.
    from apex.worker import relay

    def delivered(self: Any, rows: list[Any]) -> tuple[list[int], dict[int, Exception]]:
        try:
            self.deliver(rows)
        except self.unreachable:
            raise
        except Exception as error:
            relay.log.warning("outbox rows not delivered", topic=self.topic, exc_info=error)
            return [], {row.id: error for row in rows}
        return [row.id for row in rows], {}

    replace(relay.Relay, "_delivered", delivered)
