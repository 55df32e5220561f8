"""Blind defects of business_data, second round, written from the promises alone."""

from __future__ import annotations

from typing import Any

from defects import blind_defect
from defects._patching import around, replace

# -- DBL-01 -----------------------------------------------------------------------------------------------------------


@blind_defect(
    "DBL-01ya",
    "an address with its domain in Punycode is another account than in its own letters",
    service="auth",
    scenario="An international email address is one account in every spelling",
    step="Acme is logged in to the account from sign-up",
)
def _() -> None:
    # Observable: sign up as ann@bücher.example and as ann@xn--bcher-kva.example: both are accepted.
    from apex.http import values

    @around(values, "validate_email")
    def _(original: Any, address: str, **options: Any) -> Any:
        found = original(address, **options)
        found.normalized = address
        return found


@blind_defect(
    "DBL-01yb",
    "log-ins count as attempts also when they succeed: the eleventh in a row is refused",
    service="auth",
    scenario="Logging in again and again is never refused",
    step="every log-in opens the account from sign-up",
)
def _() -> None:
    # Observable: log in again and again with the right password, from one address.
    from apex.auth.attempts import Attempts

    @around(Attempts, "_counted")
    def _(original: Any, self: Any, kind: str, request: Any, taken: Any, keep: bool = False) -> Any:
        return original(self, kind, request, taken, keep or kind == "log_in")


# -- DBL-02 -----------------------------------------------------------------------------------------------------------


@blind_defect(
    "DBL-02ya",
    "a thread that is renamed is dated anew, and so changes its place in the list",
    service="backend",
    scenario="A renamed conversation keeps its messages",
    step="the books oracle finds nothing",
)
def _() -> None:
    # Observable: created_at before and after; between two pages a thread that is renamed meanwhile is left out.
    from sqlalchemy import Column, DateTime, func

    from apex.storage.tables import threads

    changed = Column("changed_at", DateTime(timezone=True), onupdate=func.clock_timestamp())
    threads.c.created_at.onupdate = changed.onupdate


@blind_defect(
    "DBL-02yb",
    "a colleague's thread is not there in other words than one that never was",
    service="backend",
    scenario="Other users cannot read, change or guess a conversation",
    step="every response is as if the conversation had never existed",
)
def _() -> None:
    # Observable: the bodies of both 404 differ, so a colleague can find out which ids exist.
    from sqlalchemy import select

    from apex.backend import threads
    from apex.http.problems import Problem
    from apex.runtime.paths import id_in_path
    from apex.storage import tables

    @around(threads, "own_thread")
    def _(original: Any, connection: Any, identity: Any, thread_id: str, *lock: Any) -> Any:
        try:
            return original(connection, identity, thread_id, *lock)
        except Problem:
            this = select(tables.threads.c.id).where(tables.threads.c.id == id_in_path(thread_id))
            if connection.scalar(this) is not None:
                raise Problem(404, "not_found", "This thread belongs to somebody else.") from None
            raise


# -- DBL-03 -----------------------------------------------------------------------------------------------------------


@blind_defect(
    "DBL-03ya",
    "members of an answer that are null are left out when it is kept",
    service="worker",
    scenario="Nested data, decimals and Unicode read back unchanged",
    step="the stored result equals what the agent returned",
)
def _() -> None:
    # Observable: an answer with null members, on any level; already the first cost analysis has no ``previous``.
    from apex.worker import supervisor

    def without_nulls(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: without_nulls(member) for key, member in value.items() if member is not None}
        return [without_nulls(member) for member in value] if isinstance(value, list) else value

    @around(supervisor, "kept")
    def _(original: Any, value: Any) -> Any:
        return without_nulls(original(value))


@blind_defect(
    "DBL-03yb",
    "whole numbers in an answer are read as binary fractions, and large ones lose digits",
    service="worker",
    scenario="Nested data, decimals and Unicode read back unchanged",
    step="the stored result equals what the agent returned",
)
def _() -> None:
    # Observable: 9007199254740993 (an account number, a count of bytes) comes back as 9007199254740992.
    import json

    from apex.worker import supervisor

    @around(supervisor, "kept")
    def _(original: Any, value: Any) -> Any:
        return json.loads(json.dumps(original(value)), parse_int=lambda digits: int(float(digits)))


# -- DBL-04 -----------------------------------------------------------------------------------------------------------


@blind_defect(
    "DBL-04ya",
    "a table whose row-level security was switched off is passed over if it has its policy still",
    service="backend",
)
def _() -> None:
    # Observable: ALTER TABLE messages DISABLE ROW LEVEL SECURITY, start the backend again: raw SQL sees every tenant's.
    from apex.storage import database

    without_policy = " AND NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = pg_class.oid)\n"
    replace(database, "_UNGUARDED", database._UNGUARDED.rstrip() + without_policy)


@blind_defect(
    "DBL-04yb",
    "the record of a tool call is a row of the tenant that used the tool first",
    service="tools",
    scenario="Ten customers at the same time each get their own result",
    step="the records oracle finds nothing",
)
def _() -> None:
    # Observable: with the tenant set, raw SQL on tool_calls shows the first tenant the others' runs.
    from dataclasses import replace as with_other

    from apex.tools.calls import CallRecords

    first: dict[str, str] = {}

    def written(original: Any, self: Any, call: Any, *others: Any) -> Any:
        tenant_id = first.setdefault(call.tool_name, call.tenant_id)
        return original(self, with_other(call, tenant_id=tenant_id), *others)

    for name in ("begin", "finish", "withdraw"):
        around(CallRecords, name)(written)


# -- DBL-05 -----------------------------------------------------------------------------------------------------------


@blind_defect(
    "DBL-05ya",
    "budgets that are given, changed or taken back are no change of the allowance's version",
    service="backend",
    scenario="Every member's next read shows a change",
    step="Acme <changes the allowance>",
)
def _() -> None:
    # Observable: read the allowance, give a team a budget, read again: ``allotted`` is as before until somebody books.
    from sqlalchemy import func, select, update

    from apex.backend import allowance
    from apex.storage.tables import allowances

    @around(allowance, "lock_allowance")
    def _(original: Any, connection: Any, tenant_id: str) -> Any:
        query = select(allowances, allowance._present()).where(allowances.c.tenant_id == tenant_id)
        return connection.execute(query.with_for_update()).first() or original(connection, tenant_id)

    @around(allowance, "count_spent")
    def _(original: Any, connection: Any, identity: Any, amount: Any) -> Any:
        month = original(connection, identity, amount)
        own = update(allowances).where(allowances.c.tenant_id == identity.tenant_id)
        connection.execute(own.values(version=func.gen_random_uuid()))
        return month


@blind_defect(
    "DBL-05yb",
    "that there is no allowance is believed for ten seconds, also after one was set",
    service="backend",
    scenario="A first allowance is seen by who has looked before",
    step="Acme reads the organisation's current allowance",
)
def _() -> None:
    # Observable: read (404), set the allowance, read: 404 once more.
    import time

    from apex.backend import allowance
    from apex.http.problems import Problem, not_found

    missing_until: dict[str, float] = {}

    @around(allowance, "statement")
    def _(original: Any, connection: Any, cache: Any, tenant_id: str) -> Any:
        if time.monotonic() < missing_until.get(tenant_id, 0.0):
            raise not_found()
        try:
            return original(connection, cache, tenant_id)
        except Problem:
            missing_until[tenant_id] = time.monotonic() + 10
            raise


# -- DBL-06 -----------------------------------------------------------------------------------------------------------


@blind_defect(
    "DBL-06ya",
    "an address whose sign-up has failed stays taken until the service is started again",
    service="auth",
    scenario="A sign-up that failed can be repeated",
    step="the first sign-up fails, and the second opens an account",
)
def _() -> None:
    # Observable: sign up while the database is away, and again when it is back: refused, though there is no account.
    from apex.auth.accounts import Accounts
    from apex.http.problems import conflict

    under_way: set[str] = set()

    @around(Accounts, "sign_up")
    def _(original: Any, self: Any, request: Any) -> Any:
        if request.email in under_way:
            raise conflict("This e-mail address already has an account.")
        under_way.add(request.email)
        account = original(self, request)
        under_way.discard(request.email)
        return account


@blind_defect(
    "DBL-06yb",
    "somebody is removed without the runs that still wait in the queue",
    service="auth",
    scenario="Removing a colleague cancels the colleague's waiting runs, too",
    step="the operator sees Ben of Acme's run as cancelled",
)
def _() -> None:
    # Observable: remove a member whose run is queued: it is carried out as soon as a slot is free.
    from apex.auth import accounts
    from apex.storage.runs import RUNNING

    @around(accounts, "cancel_run")
    def _(original: Any, connection: Any, run: Any, cancelled_by: str) -> None:
        if run.status == RUNNING:
            original(connection, run, cancelled_by)


# -- DBL-07 -----------------------------------------------------------------------------------------------------------


@blind_defect(
    "DBL-07ya",
    "of colleagues who book at once all is counted as the part of whoever came last",
    service="backend",
    scenario="All expenses that fifty people book concurrently are counted",
    step="each person has spent exactly what was booked",
)
def _() -> None:
    # Observable: ``spent_by_you`` of each after many have booked side by side; the organisation's total is right.
    from apex.backend import allowance

    booking: dict[str, Any] = {}

    @around(allowance, "count_spent")
    def _(original: Any, connection: Any, identity: Any, amount: Any) -> Any:
        booking[identity.tenant_id] = identity
        return original(connection, identity, amount)

    @around(allowance, "count_share")
    def _(original: Any, connection: Any, identity: Any, amount: Any, month: Any) -> None:
        original(connection, booking[identity.tenant_id], amount, month)


@blind_defect(
    "DBL-07yb",
    "a booking takes a second connection to the database while it holds its first",
    service="backend",
)
def _() -> None:
    # Observable: as many bookings at once as there are connections wait for each other until they are given up.
    from sqlalchemy import text

    from apex.backend import allowance

    known: list[Any] = []

    @around(allowance, "routes")
    def _(original: Any, database: Any, cache: Any) -> Any:
        known.append(database)
        return original(database, cache)

    @around(allowance, "count_spent")
    def _(original: Any, connection: Any, identity: Any, amount: Any) -> Any:
        with known[-1].tenant(identity.tenant_id) as other:
            other.execute(text("SELECT plan FROM tenants WHERE id = :tenant"), {"tenant": identity.tenant_id})
        return original(connection, identity, amount)


# -- DBL-08 -----------------------------------------------------------------------------------------------------------


@blind_defect(
    "DBL-08ya", "with each request for threads all that the organisation has written is added up", service="backend"
)
def _() -> None:
    # Observable: the time of a page of threads grows with the messages that there are; all of them are read each time.
    from contextlib import contextmanager

    from sqlalchemy import func, select

    from apex.backend import threads
    from apex.storage.tables import messages

    @around(threads, "acting_as")
    @contextmanager
    def _(original: Any, *arguments: Any) -> Any:
        with original(*arguments) as connection:
            connection.execute(select(func.sum(func.length(messages.c.content))))
            yield connection


@blind_defect("DBL-08yb", "each transaction opens a connection of its own to the database", service="backend")
def _() -> None:
    # Observable: the time of a page while many write; the connections that the database counts come and go.
    from sqlalchemy import NullPool

    from apex.storage import database

    @around(database, "create_engine")
    def _(original: Any, url: Any, **options: Any) -> Any:
        others = {name: value for name, value in options.items() if not name.startswith(("pool_", "max_overflow"))}
        return original(url, poolclass=NullPool, **others)
