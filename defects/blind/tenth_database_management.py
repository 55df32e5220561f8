"""Blind defects of database_management, written from the promises alone."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from sqlalchemy import Connection, RootTransaction, Row

from defects import blind_defect
from defects._patching import replace


@blind_defect(
    "DBP-01qa",
    "whoever has waited in vain for a connection stays in the queue",
    service="backend",
    scenario="Requests without a free connection are refused with Retry-After",
    step="the service can use every connection again",
)
def _() -> None:
    # Observable: hold every connection of the pool and send five requests, which are answered 503 after the wait; then
    # release them: five places are given to those who have left, and are lost. After as many refusals as the pool has
    # connections every request is answered 503, for ever; apex_database_pool_waiting never comes back to 0.
    import threading
    import time

    from apex.storage import pool

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
                if turn.is_set():
                    break
                until = min(max(began, self._given_at) + seconds, began + pool._MOVING * seconds)
                if until <= time.monotonic():
                    return False
        return True

    replace(pool.Turns, "take", take)


@blind_defect(
    "DBP-02qa",
    "whether the allowance is still as it was read is asked, and the answer not heeded",
    service="backend",
    scenario="Simultaneous changes to one allowance act as if made in turn",
    step="the result is as if one change had come after the other",
)
def _() -> None:
    # Observable: twenty users of one organisation book 1.00 each at the same moment: all are told 201, and "spent" is
    # less than 20.00 (expenses and shares add up to 20.00). Of many budgets that are allotted at once some may pass
    # the ceiling together. One after the other all is right.
    from sqlalchemy import func, select, update

    from apex.backend import allowance
    from apex.http.problems import conflict
    from apex.storage.tables import allowances

    def lock_allowance(connection: Connection, tenant_id: str) -> Row[Any]:
        own = allowances.c.tenant_id == tenant_id
        row = connection.execute(select(allowances, allowance._present()).where(own)).first()
        if row is None:
            raise conflict("The organisation has no allowance yet.")
        unchanged = own & (allowances.c.version == row.version)
        connection.execute(update(allowances).where(unchanged).values(version=func.gen_random_uuid()))
        return row

    replace(allowance, "lock_allowance", lock_allowance)


@blind_defect(
    "DBP-03qa",
    "a commit whose answer was lost is taken for one that was not made",
    service="backend",
    scenario="A commit of unknown outcome is reported as such",
    step="Acme's request is refused because its outcome is unknown",
)
def _() -> None:
    # Observable: cut the line to the database (or kill the primary) between a COMMIT and its answer while POST
    # /v1/threads, or a message, is being written: instead of 503 outcome_unknown the customer is told 201, and there
    # are two of them: the transaction was done again.

    database: Any = import_module("apex.storage.database")

    def commit(connection: Connection, transaction: RootTransaction) -> None:
        driver: Any = connection.connection.dbapi_connection
        unreplicated: list[str] = []

        def hear(notice: Any) -> None:
            if notice.source_function == database._NOT_REPLICATED:
                unreplicated.append(str(notice.message_primary))

        driver.add_notice_handler(hear)
        try:
            transaction.commit()
        finally:
            driver.remove_notice_handler(hear)
        if unreplicated:
            raise database.UnknownOutcome(unreplicated[0])

    replace(database, "_commit", commit)


@blind_defect(
    "DBP-08qa",
    "requests that may have an Idempotency-Key and have none are not done again",
    service="backend",
    scenario="A request aborted by a deadlock is retried and succeeds",
    step="Acme's request succeeds",
)
def _() -> None:
    # Observable: move the messages of two threads into each other, both ways at once and without a key, until
    # PostgreSQL finds a deadlock (40P01): the victim is told 503 (unavailable), its messages are where they were, and
    # the log has no "transaction repeated". With a key it is done again.

    idempotency: Any = import_module("apex.http.idempotency")

    original = idempotency.repeated

    def repeated(work: Callable[..., Any], is_harmless: bool = False) -> Callable[..., Any]:
        return original(work, is_harmless=True) if is_harmless else work

    replace(idempotency, "repeated", repeated)
