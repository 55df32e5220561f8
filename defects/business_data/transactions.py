"""Seeded defects of interrupted transactions (DBL-06)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, delete
from sqlalchemy.exc import OperationalError

from apex.backend import allowance
from apex.backend import runs as backend_runs
from apex.backend.models import NewExpense
from apex.http.identity import Identity
from apex.http.problems import conflict
from apex.storage.runs import Ending
from apex.storage.tables import outbox
from apex.worker import supervisor
from defects import Scenario
from defects._endings import never_written_again
from defects._patching import around
from defects._transactions import final_so_far

booking = Scenario("An interrupted expense is not booked", service="backend")
booking_again = Scenario("An interrupted expense can be booked again", service="backend")
request = Scenario("A run whose request is interrupted does not start", service="backend")
request_again = Scenario("A run whose request was interrupted can be requested again", service="backend")
completion = Scenario("A run whose completion is interrupted still completes", service="worker")

_NO_PART = "Acme sees no part of the change during or after the interruption"


@booking.defect("DBL-06a", "an expense is counted in one transaction and stored in another", step=_NO_PART)
def _() -> None:
    @around(allowance, "write_expense")
    def write_expense(original: Any, connection: Connection, identity: Identity, request: NewExpense) -> Any:
        final_so_far(connection, identity.tenant_id)
        return original(connection, identity, request)


@request.defect("DBL-06b", "a run is stored in one transaction and its question in another", step=_NO_PART)
def _() -> None:
    @around(backend_runs, "new_message")
    def new_message(original: Any, connection: Connection, tenant_id: str, *others: Any) -> Any:
        final_so_far(connection, tenant_id)
        return original(connection, tenant_id, *others)


@booking_again.defect(
    "DBL-06c", "an interrupted booking is remembered as running for ever", step="Acme has exactly one booked expense"
)
def _() -> None:
    running: set[tuple[str, Decimal, str]] = set()

    @around(allowance, "write_expense")
    def write_expense(original: Any, connection: Connection, identity: Identity, request: NewExpense) -> Any:
        booking = (identity.user_id, request.amount, request.purpose)
        if booking in running:
            raise conflict("This is being booked already.")
        running.add(booking)
        row = original(connection, identity, request)
        running.discard(booking)
        return row


@request.defect("DBL-06d", "an interrupted request is reported as a conflict", step="Acme is asked to try again")
def _() -> None:
    @around(backend_runs, "new_message")
    def new_message(original: Any, *arguments: Any) -> Any:
        try:
            return original(*arguments)
        except OperationalError:
            raise conflict("This cannot be asked now.") from None


@request_again.defect(
    "DBL-06e", "the question of a run that is requested again is stored twice", step="Acme has exactly one complete run"
)
def _() -> None:
    interrupted: set[str] = set()

    @around(backend_runs, "new_message")
    def new_message(original: Any, connection: Connection, tenant_id: str, *others: Any) -> Any:
        try:
            row = original(connection, tenant_id, *others)
        except OperationalError:
            interrupted.add(tenant_id)
            raise
        return original(connection, tenant_id, *others) if tenant_id in interrupted else row


class _FinalAtOnce:
    """A connection on which everything that is written is final at once."""

    def __init__(self, connection: Connection, tenant_id: str) -> None:
        self._connection, self._tenant_id = connection, tenant_id

    def execute(self, *arguments: Any) -> Any:
        """Write, and never take it back."""
        result = self._connection.execute(*arguments)
        final_so_far(self._connection, self._tenant_id)
        return result


@completion.defect(
    "DBL-06f",
    "a run's state, answer and events are committed one after the other",
    step="Acme sees no part of the change during the interruption",
)
def _() -> None:
    @around(supervisor, "end_run")
    def end_run(original: Any, connection: Connection, run: Row[Any], ending: Ending, **others: Any) -> Any:
        return original(_FinalAtOnce(connection, run.tenant_id), run, ending, **others)


@completion.defect(
    "DBL-06g",
    "an interrupted completion is not repeated, and the run is lost with its answer",
    step="Acme has exactly one complete run",
)
def _() -> None:
    never_written_again()


@completion.defect(
    "DBL-06h",
    "a completion that is repeated sends no event",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    interrupted: set[str] = set()

    @around(supervisor, "end_run")
    def end_run(original: Any, connection: Connection, run: Row[Any], ending: Ending, **others: Any) -> Any:
        try:
            ended = original(connection, run, ending, **others)
        except OperationalError:
            interrupted.add(run.id)
            raise
        if run.id in interrupted:
            connection.execute(delete(outbox).where(outbox.c.payload["run_id"].astext == run.id))
        return ended
