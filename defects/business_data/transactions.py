"""Seeded defects of what is written wholly or not at all (DBL-06)."""

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
from defects._patching import replace
from defects._transactions import final_so_far

expense_whose_booking = Scenario("An expense whose booking breaks off is not booked", service="backend")


@expense_whose_booking.defect(
    "DBL-06a",
    "an expense is counted in one transaction and written down in another",
    step="Acme finds nothing of it, neither meanwhile nor afterwards",
)
def _() -> None:
    def write_expense(connection: Connection, identity: Identity, request: NewExpense) -> Row[Any]:
        final_so_far(connection, identity.tenant_id)
        row: Row[Any] = original(connection, identity, request)
        return row

    original = replace(allowance, "write_expense", write_expense)


run_whose_request = Scenario("A run whose request breaks off is not begun", service="backend")


@run_whose_request.defect(
    "DBL-06b",
    "a run is written in one transaction and its question in another",
    step="Acme finds nothing of it, neither meanwhile nor afterwards",
)
def _() -> None:
    def new_message(connection: Connection, tenant_id: str, *others: Any) -> Row[Any]:
        final_so_far(connection, tenant_id)
        row: Row[Any] = original(connection, tenant_id, *others)
        return row

    original = replace(backend_runs, "new_message", new_message)


expense_whose_booking_has = Scenario("An expense whose booking has broken off can be booked", service="backend")


@expense_whose_booking_has.defect(
    "DBL-06c",
    "a booking is remembered as under way and never forgotten when it breaks off",
    step="Acme finds it booked once",
)
def _() -> None:
    under_way: set[tuple[str, Decimal, str]] = set()

    def write_expense(connection: Connection, identity: Identity, request: NewExpense) -> Row[Any]:
        booking = (identity.user_id, request.amount, request.purpose)
        if booking in under_way:
            raise conflict("This is being booked already.")
        under_way.add(booking)
        row: Row[Any] = original(connection, identity, request)
        under_way.discard(booking)
        return row

    original = replace(allowance, "write_expense", write_expense)


@run_whose_request.defect(
    "DBL-06d",
    "whoever loses the database in the middle is told that the fault is theirs",
    step="Acme is asked to try again",
)
def _() -> None:
    def new_message(*arguments: Any) -> Row[Any]:
        try:
            row: Row[Any] = original(*arguments)
        except OperationalError:
            raise conflict("This cannot be asked now.") from None
        return row

    original = replace(backend_runs, "new_message", new_message)


run_whose_request_has = Scenario("A run whose request has broken off can be asked for", service="backend")


@run_whose_request_has.defect(
    "DBL-06e",
    "a question is written when it is asked, and once more when its run is asked for again",
    step="Acme finds one whole run",
)
def _() -> None:
    broken_off: set[str] = set()

    def new_message(connection: Connection, tenant_id: str, *others: Any) -> Row[Any]:
        try:
            row: Row[Any] = original(connection, tenant_id, *others)
        except OperationalError:
            broken_off.add(tenant_id)
            raise
        return original(connection, tenant_id, *others) if tenant_id in broken_off else row

    original = replace(backend_runs, "new_message", new_message)


class _FinalAtOnce:
    """A connection on which everything that is written is final at once."""

    def __init__(self, connection: Connection, tenant_id: str) -> None:
        self._connection, self._tenant_id = connection, tenant_id

    def execute(self, *arguments: Any) -> Any:
        """Write, and never take it back."""
        result = self._connection.execute(*arguments)
        final_so_far(self._connection, self._tenant_id)
        return result


run_whose_end = Scenario("A run whose end breaks off ends all the same", service="worker")


@run_whose_end.defect(
    "DBL-06f",
    "a run's state, answer and story are written one after the other",
    step="Acme has found nothing of the end while it was half-way",
)
def _() -> None:
    def end_run(connection: Connection, run: Row[Any], ending: Ending, **others: Any) -> bool:
        ended: bool = original(_FinalAtOnce(connection, run.tenant_id), run, ending, **others)
        return ended

    original = replace(supervisor, "end_run", end_run)


@run_whose_end.defect(
    "DBL-06g",
    "an end that breaks off is not written again, and the run is lost with its answer",
    step="Acme finds the whole end all the same",
)
def _() -> None:
    def end_run(*arguments: Any, **others: Any) -> bool:
        try:
            ended: bool = original(*arguments, **others)
        except OperationalError:
            raise RuntimeError("the database is gone") from None
        return ended

    original = replace(supervisor, "end_run", end_run)


@run_whose_end.defect(
    "DBL-06h",
    "an end that is written again is not told again",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    broken_off: set[str] = set()

    def end_run(connection: Connection, run: Row[Any], ending: Ending, **others: Any) -> bool:
        try:
            ended: bool = original(connection, run, ending, **others)
        except OperationalError:
            broken_off.add(run.id)
            raise
        if run.id in broken_off:
            connection.execute(delete(outbox).where(outbox.c.payload["run_id"].astext == run.id))
        return ended

    original = replace(supervisor, "end_run", end_run)
