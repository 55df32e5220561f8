"""Blind defects of DBP-08."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


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


@blind_defect(
    "DBP-08sa",
    "a request with an Idempotency-Key that was the victim of a deadlock is not done again",
    service="backend",
    scenario="A temporary fault goes unnoticed with a key, too",
    step="Acme's request succeeds",
)
def _() -> None:
    # Observable: move messages between two threads, both ways at once and with an Idempotency-Key each: with every
    # deadlock one of the two is answered with 503. Without a key both succeed. The same for a line that is lost.
    from apex.http import idempotency

    @around(idempotency, "repeated")
    def _(original: Any, work: Any, is_harmless: bool = False) -> Any:
        # Who sends a key sends the request again by themselves.
        return work if is_harmless else original(work)


@blind_defect(
    "DBP-08ua",
    "nothing is repeated half a second after its beginning",
    service="backend",
    scenario="A request aborted by a deadlock is retried and succeeds",
    step="Acme's request succeeds",
)
def _() -> None:
    # Observable: PostgreSQL looks for deadlocks after a second's wait (deadlock_timeout): by then it is too late for
    # the victim, who gets a 503 and whose messages are not moved. What fails sooner is still repeated, for a while.
    from apex.storage import repeating

    repeating._SECONDS = 0.5


@blind_defect(
    "DBP-08ub",
    "a transaction that was joined is not left when it fails",
    service="backend",
    scenario="A temporary fault goes unnoticed with a key, too",
    step="Acme's request succeeds",
)
def _() -> None:
    # Observable: the victim of a deadlock (or of 40001, or of a dropped connection) that has sent an Idempotency-Key
    # gets a 500: its second attempt goes into the transaction that was rolled back. Without a key all is well.
    from collections.abc import Iterator
    from contextlib import contextmanager

    from apex.storage import database

    @contextmanager
    def as_one(self: Any, tenant_id: str) -> Iterator[Any]:
        with self.tenant(tenant_id) as connection:
            token = database._joined.set((tenant_id, connection))
            yield connection
            database._joined.reset(token)

    replace(database.Database, "as_one", as_one)
