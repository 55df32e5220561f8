"""Blind defects of DBP-03."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from sqlalchemy import Connection, RootTransaction

from defects import blind_defect
from defects._patching import around, replace


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
    "DBP-03ua",
    "what may be sent with a key is done again also where none was sent",
    service="backend",
    scenario="A commit of unknown outcome is reported as such",
    step="Acme's request is refused because its outcome is unknown",
)
def _() -> None:
    # Observable: a POST without an Idempotency-Key whose commit was sent when the primary was lost is not answered
    # with outcome_unknown: it is done once more, so that the message, expense or run may be there twice.
    from apex.http import idempotency
    from apex.storage.repeating import repeated

    replace(idempotency, "repeated", lambda work, is_harmless=False: repeated(work, is_harmless=True))


@blind_defect(
    "DBP-03ub",
    "auth, which reads nothing from the replica, does not know it at all",
    service="auth",
    scenario="Confirmed changes survive the loss of the primary database",
    step="everybody can log in again",
)
def _() -> None:
    # Observable: after the primary is lost and the replica promoted, the API goes on and nobody can log in, renew a
    # session, log out or sign up (503) until the old primary is back. With replay paused, a session that was ended is
    # still good for what the backend reads from the replica.
    from apex.storage import database

    replace(database, "Marks", lambda address: None)


@blind_defect(
    "DBP-03na",
    "who writes takes any server that answers, also a replica that takes no writes",
    service="backend",
    scenario="A database that refuses connections for a moment goes unnoticed",
    step="Acme's request succeeds",
)
def _() -> None:
    # Observable: kill the primary under write load: until the replica is promoted, writes are answered 500
    # internal_error instead of 503; and when the primary is only started again, they go on failing.
    from apex.storage import pool

    @around(pool, "servers")
    def _(original: Any, url: Any, replica: str | None, wanted: str) -> Any:
        return original(url, replica, "any" if wanted == pool.PRIMARY else wanted)
