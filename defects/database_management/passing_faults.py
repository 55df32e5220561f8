"""Seeded defects of retried faults (DBP-11)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from tenacity import stop_after_delay

from apex.backend import allowance, threads
from apex.backend.models import NewExpense
from apex.http.identity import Identity
from apex.storage import database, repeating
from apex.storage.repeating import UnknownOutcome
from apex.worker import supervisor
from defects import Scenario
from defects._patching import around, replace
from defects._transactions import final_so_far

passing = Scenario("A temporary fault goes unnoticed", service="backend")
lasting = Scenario("A fault that persists is reported", service="backend")
unknown = Scenario("A commit of unknown outcome is reported as such", service="backend")
completion = Scenario("A run completes once although the commit of its end is interrupted", service="worker")

_SUCCEEDS, _ONCE = "Acme's request succeeds", "Acme's <change> took effect exactly once"
_ATTEMPTS = "the platform has made <attempts>"
_UNKNOWN = "Acme's request is refused because its outcome is unknown"


def _final_when_counted() -> None:
    """What an expense has changed of the allowance is final before the expense itself is written."""

    @around(allowance, "write_expense")
    def write_expense(original: Any, connection: Connection, identity: Identity, request: NewExpense) -> Any:
        final_so_far(connection, identity.tenant_id)
        return original(connection, identity, request)


@passing.defect("DBP-11a", "a serialization failure is not retried", step=_SUCCEEDS)
def _() -> None:
    replace(repeating, "_IN_THE_WAY", ("40P01",))


@passing.defect("DBP-11b", "a lost connection is not retried", step=_SUCCEEDS, service="auth")
def _() -> None:
    replace(repeating, "_LOST", ("40",))


@passing.defect("DBP-11c", "a request is given up within a moment", step=_SUCCEEDS)
def _() -> None:
    replace(repeating, "stop_after_attempt", lambda _: stop_after_delay(0.2))


@passing.defect("DBP-11d", "what failed is kept, and made again beside it", step=_ONCE)
def _() -> None:
    @around(threads, "new_thread")
    def new_thread(original: Any, connection: Connection, identity: Identity, title: str) -> Any:
        with connection.engine.begin() as other:
            other.exec_driver_sql("SELECT set_config('app.tenant_id', %s, true)", (identity.tenant_id,))
            original(other, identity, title)
        return original(connection, identity, title)


@passing.defect("DBP-11e", "an end that met a lost connection is not written again", step=_ONCE, service="worker")
def _() -> None:
    @around(supervisor, "end_run")
    def end_run(original: Any, *arguments: Any, **others: Any) -> Any:
        try:
            return original(*arguments, **others)
        except OperationalError:
            raise RuntimeError("the connection is lost") from None


@lasting.defect("DBP-11f", "every error of the database is retried", step=_ATTEMPTS)
def _() -> None:
    replace(repeating, "is_passing", lambda error: isinstance(error, DBAPIError))


@lasting.defect("DBP-11g", "attempts follow one another without a pause", step=_ATTEMPTS)
def _() -> None:
    replace(repeating, "wait_exponential_jitter", lambda **_: None)


@lasting.defect("DBP-11h", "a fault that goes on is retried for minutes", step=_ATTEMPTS)
def _() -> None:
    replace(repeating, "stop_after_attempt", lambda _: stop_after_delay(8))
    replace(repeating, "_SECONDS", 8)


@lasting.defect("DBP-11i", "what a failed booking has counted stays", step="Acme's expense never took effect")
def _() -> None:
    _final_when_counted()


@lasting.defect(
    "DBP-11j",
    "a violated constraint is reported as an outage that passes",
    step="Acme's request is refused because <reason>",
)
def _() -> None:
    @around(allowance, "write_expense")
    def write_expense(original: Any, *arguments: Any) -> Any:
        try:
            return original(*arguments)
        except IntegrityError as error:
            raise OperationalError("INSERT", {}, Exception("refused")) from error


@unknown.defect("DBP-11k", "a commit of unknown outcome is made again", step=_UNKNOWN)
def _() -> None:
    @around(repeating, "is_passing")
    def is_passing(original: Any, error: BaseException) -> bool:
        return isinstance(error, UnknownOutcome) or bool(original(error))


@unknown.defect("DBP-11l", "a commit of unknown outcome is reported as done", step=_UNKNOWN)
def _() -> None:
    @around(database, "_commit")
    def commit(original: Any, *arguments: Any) -> None:
        try:
            original(*arguments)
        except UnknownOutcome:
            return


@unknown.defect("DBP-11m", "the outcome of an interrupted commit is reported as a failure", step=_UNKNOWN)
def _() -> None:
    @around(database, "_commit")
    def commit(original: Any, *arguments: Any) -> None:
        try:
            original(*arguments)
        except UnknownOutcome as error:
            raise ValueError("not stored") from error


@unknown.defect("DBP-11n", "an expense is counted although its commit is lost", step="Acme's expense <took effect>")
def _() -> None:
    _final_when_counted()


@completion.defect(
    "DBP-11o",
    "an end whose commit is interrupted is given up",
    step="Acme's completion of a run took effect exactly once",
)
def _() -> None:
    def without_repeating(work: Any, **_: Any) -> Any:
        def at_most_once() -> Any:
            try:
                return work()
            except UnknownOutcome:
                raise KeyError("an outcome") from None

        return at_most_once

    replace(supervisor, "repeated", without_repeating)
