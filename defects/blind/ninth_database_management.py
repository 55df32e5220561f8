"""Blind defects of database_management, written from the promises alone."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from sqlalchemy import Row

from defects import blind_defect
from defects._patching import replace


@blind_defect(
    "DBP-06ra",
    "records that analytics cannot store at the moment are taken for delivered",
    service="worker",
    scenario="A run that ends while a store is lost is complete everywhere",
    step="every service has one record of each job, and all records agree",
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
    "DBP-09ra",
    "a replica that was away is left alone for half an hour",
    service="backend",
    scenario="Operators see that there is no replica",
    step="every service says that it is replicated, and the replica answers Acme, once it is back",
)
def _() -> None:
    # Observable: stop the replica, read something (the primary answers), start the replica again: reads go on at the
    # primary, and the statistics of the replica show none of the backend's for 2,000 s instead of 2 s.
    from apex.storage import database

    # In milliseconds, as nobody else here has them.
    replace(database, "_REPLICA_PAUSE_SECONDS", 2_000.0)


@blind_defect(
    "DBP-11ra",
    "a statement that was ended for taking too long is run again",
    service="backend",
    scenario="A fault that persists is reported",
    step="the platform has made <attempts>",
)
def _() -> None:
    # Observable: set database.statement_seconds to 0.5 and have a statement take longer than that (a trigger that
    # sleeps on the insertion of a thread): it is run again and again, as the log of PostgreSQL (57014) and the
    # backend's "transaction repeated" say, and the customer hears of it (time_limit_exceeded) after three seconds
    # instead of half a second.
    from apex.storage import repeating

    # All of the class "operator intervention", and so also the query that was cancelled.
    replace(repeating, "_LOST", ("08", "57"))


@blind_defect(
    "DBP-13ra",
    "who has waited for a connection in vain is not in the wait times",
    service="backend",
    scenario="The metrics count waits in vain, too",
    step="the pool metrics count every wait with its duration",
)
def _() -> None:
    # Observable: hold every connection of the pool and send ten requests: each is answered 503 after the wait of
    # database.pool_wait_seconds, and apex_database_pool_wait_seconds has none of them: its count stays, its sum, too.
    import time

    from sqlalchemy.exc import TimeoutError as PoolTimeout
    from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

    pool: Any = import_module("apex.storage.pool")

    def do_get(self: Any) -> ConnectionPoolEntry:
        began = time.perf_counter()
        if not self._turns.take(self._timeout):
            raise PoolTimeout(f"no database connection became free within {self._timeout:g} s")
        (pool.READER_WAIT_SECONDS if self.reads else pool.WAIT_SECONDS).observe(time.perf_counter() - began)
        try:
            entry = QueuePool._do_get(self)
        except BaseException:
            self._turns.give()
            raise
        kept: Any = entry.dbapi_connection
        if kept is not None:
            pool.WATCH.expect(kept, pool._PING_SECONDS)
        return entry

    replace(pool.FairPool, "_do_get", do_get)
