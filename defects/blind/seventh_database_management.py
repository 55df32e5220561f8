"""Blind defects of database_management, written from the promises alone."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from defects import blind_defect
from defects._patching import around, replace

# -- agent execution --------------------------------------------------------------------------------------------------


@blind_defect(
    "DBP-01ta",
    "each request that has waited for a connection in vain costs the pool a place",
    service="backend",
    scenario="Requests without a free connection are refused with Retry-After",
    step="the service can use every connection again",
)
def _() -> None:
    # Observable: hold all connections (a locked table) until some requests are answered 503; when they are free again
    # the backend has as many places less as requests were refused: after ten or more every request is a 503 for ever.
    import threading
    import time

    pool: Any = import_module("apex.storage.pool")

    def take(self: Any, seconds: float) -> bool:
        began = time.monotonic()
        with self._lock:
            if self._free:
                self._free -= 1
                return True
            turn = threading.Event()
            self._waiting.append(turn)
        until = began + seconds
        while not turn.wait(until - time.monotonic()):
            with self._lock:
                until = min(max(began, self._given_at) + seconds, began + pool._MOVING * seconds)
            if turn.is_set():
                break
            if until <= time.monotonic():
                # Still in the queue: a place that is given to it comes back from nobody.
                return False
        return True

    replace(pool.Turns, "take", take)


@blind_defect(
    "DBP-03ta",
    "what may have been committed is done again, with or without a key",
    service="backend",
    scenario="A commit of unknown outcome is reported as such",
    step="Acme's request is refused because its outcome is unknown",
)
def _() -> None:
    # Observable: the primary is lost, or its line cut, after it has taken a COMMIT and before it has answered, under a
    # POST without Idempotency-Key (a thread, a message, an expense): it is there twice and answered 201, instead of
    # once and 503 outcome_unknown.
    from apex.http import idempotency

    @around(idempotency, "repeated")
    def _(original: Any, work: Any, is_harmless: bool = False) -> Any:
        return original(work, is_harmless=True)


@blind_defect(
    "DBP-06ta",
    "records that analytics cannot store for some seconds are set aside for good",
    service="worker",
    scenario="A run that ends while a store is lost is complete everywhere",
    step="every service has one record of each job, and all records agree",
)
def _() -> None:
    # Observable: take ClickHouse away for ten seconds while runs end (analytics itself answers 503); when it is back
    # the records of those runs do not come: they stand under GET /v1/operations/undelivered until an operator acts.
    import httpx

    from apex.worker import relay

    replace(relay, "_OWN_FAULT", (*relay._OWN_FAULT, httpx.codes.SERVICE_UNAVAILABLE))


@blind_defect(
    "DBP-09ta",
    "what auth has written is not waited for by those who read from the replica",
    service="auth",
    scenario="Customers find what they have just written while the replica lags",
    step="everything is read as it was written, for as long as the replica lags",
)
def _() -> None:
    # Observable: with a replica whose replay is paused, a user of an existing organisation logs in and reads its
    # threads: 401, as the session is not there yet; and after a log-out the old token still reads (200).
    from apex.storage.database import Database

    @around(Database, "_mark")
    def _(original: Any, self: Any, marks: Any, connection: Any, tenant_id: str) -> None:
        """Nothing is read from the replica here."""
