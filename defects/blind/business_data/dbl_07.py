"""Blind defects of DBL-07."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from importlib import import_module
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "DBL-07pa",
    "what a person has spent is read before their turn at the allowance has come",
    service="backend",
    scenario="In a large organisation each person's own expenses are counted, too",
    step="each person has spent exactly what was booked",
)
def _() -> None:
    # Observable: one person books several expenses at once, from two tabs or by a program, or while colleagues book as
    # well: all are booked, and "spent" of the organisation is exact, but spent_by_you is less than the sum of one's own
    # expenses: those who wait for the allowance have read their part before, and write it back as it was then.
    from apex.backend import allowance
    from apex.http.identity import Identity
    from apex.storage.tables import allowance_shares

    shares = allowance_shares.c

    @around(allowance, "count_spent")
    def count_spent(original: Callable[..., date], connection: Connection, identity: Identity, amount: Decimal) -> date:
        query = select(shares.month, shares.spent).where(shares.user_id == identity.user_id)
        connection.info["own_part"] = connection.execute(query).first()
        return original(connection, identity, amount)

    def count_share(connection: Connection, identity: Identity, amount: Decimal, month: date) -> None:
        known = connection.info.pop("own_part")
        own = {"month": month, "spent": amount + (known.spent if known is not None and known.month == month else 0)}
        first = insert(allowance_shares).values(user_id=identity.user_id, tenant_id=identity.tenant_id, **own)
        connection.execute(first.on_conflict_do_update(index_elements=[shares.user_id], set_=own))

    replace(allowance, "count_share", count_share)


@blind_defect(
    "DBL-07qa",
    "an expense that uses the allowance up to the cent is refused",
    service="backend",
    scenario="All expenses that fifty people book concurrently are counted",
    step="each organisation has spent exactly what was booked",
)
def _() -> None:
    # Observable: an allowance of 500.00, and fifty users who book 10.00 each at once: 49 are told 201, the last one 409
    # (allowance_exceeded), spent is 490.00 and remaining 10.00. With an allowance of 500.01 all fifty are booked.
    from sqlalchemy import update

    from apex.backend import allowance
    from apex.http.identity import Identity
    from apex.http.problems import allowance_exceeded
    from apex.storage.tables import allowances

    def count_spent(connection: Connection, identity: Identity, amount: Decimal) -> date:
        held = allowance.lock_allowance(connection, identity.tenant_id)
        month: date = held.present
        spent = amount + (held.spent if held.month == month else 0)
        if spent >= held.monthly_amount:
            raise allowance_exceeded("The allowance of this month does not cover it.")
        own = allowances.c.tenant_id == identity.tenant_id
        connection.execute(update(allowances).where(own).values(spent=spent, month=month))
        return month

    replace(allowance, "count_spent", count_spent)


@blind_defect(
    "DBL-07sa",
    "of those who set an organisation's first allowance at the same time one succeeds",
    service="backend",
    scenario="An organisation's first allowance can be set from two devices at once",
    step="both requests succeed",
)
def _() -> None:
    # Observable: in a new organisation the owner and some admins PUT /v1/allowance at the same moment: one is answered
    # with 200, the others with 500 internal_error. Once there is an allowance all of them are served.
    from sqlalchemy import select

    from apex.storage.tables import allowances

    allowance: Any = import_module("apex.backend.allowance")

    @around(allowance, "set_allowance")
    def _(original: Any, connection: Any, tenant_id: str, amount: Any) -> None:
        known = select(allowances.c.tenant_id).where(allowances.c.tenant_id == tenant_id)
        if connection.scalar(known) is None:
            first = {"tenant_id": tenant_id, "monthly_amount": amount, "month": allowance.this_month()}
            connection.execute(allowances.insert().values(first))
        original(connection, tenant_id, amount)


@blind_defect(
    "DBL-07ua",
    "budgets allotted at the same time are compared with the allowance unlocked",
    service="backend",
    scenario="Simultaneous changes to one allowance act as if made in turn",
    step="the result is as if one change had come after the other",
)
def _() -> None:
    # Observable: twenty budgets at once, of which the allowance covers ten: more than ten are given, and the sum of all
    # budgets is above the allowance.
    import threading

    from sqlalchemy import select

    allowance: Any = import_module("apex.backend.allowance")

    here = threading.local()

    @around(allowance, "budget")
    def _(original: Any, *of: Any) -> Any:
        found = original(*of)
        here.is_change = True
        return found

    @around(allowance, "count_spent")
    def _(original: Any, *of: Any) -> Any:
        here.is_change = True
        return original(*of)

    def lock_allowance(connection: Any, tenant_id: str) -> Any:
        is_change, here.is_change, here.is_to_mark = getattr(here, "is_change", False), False, False
        if not is_change:
            query = select(allowance.allowances, allowance._present())
            found = connection.execute(query.where(allowance.allowances.c.tenant_id == tenant_id)).first()
            if found is not None:
                here.is_to_mark = True
                return found
        return original(connection, tenant_id)

    original = replace(allowance, "lock_allowance", lock_allowance)

    @around(allowance, "keep_ceiling")
    def _(keep: Any, connection: Any, allowed: Any) -> None:
        keep(connection, allowed)
        if getattr(here, "is_to_mark", False):
            here.is_to_mark = False
            original(connection, allowed.tenant_id)


@blind_defect(
    "DBL-07ub",
    "who books an expense takes a second connection while holding the first",
    service="backend",
    scenario="In a large organisation each person's own expenses are counted, too",
    step="each person has spent exactly what was booked",
)
def _() -> None:
    # Observable: fifty people book at once: all connections are held by those who wait for another one (or for the row
    # of the allowance), and after five seconds many are answered 503. One after the other nobody notices.
    from sqlalchemy import text

    from apex.backend import allowance

    databases: list[Any] = []

    @around(allowance, "routes")
    def _(original: Any, database: Any, *others: Any) -> Any:
        databases.append(database)
        return original(database, *others)

    @around(allowance, "write_expense")
    def _(original: Any, connection: Any, identity: Any, request: Any) -> Any:
        with databases[-1].tenant(identity.tenant_id) as another:
            another.execute(text("SELECT display_name FROM users WHERE id = :id"), {"id": identity.user_id})
        return original(connection, identity, request)


@blind_defect(
    "DBL-07va",
    "who changes the allowance puts back what was spent when he began: bookings beside it are lost",
    service="backend",
    scenario="All expenses that fifty people book concurrently are counted",
    step="each organisation has spent exactly what was booked",
)
def _() -> None:
    # Observable: 50 people book while an owner sets the allowance again and again; afterwards `spent` is less than the
    # expenses add up to (the change reads it before it waits for the bookings' lock).
    from sqlalchemy import select, update

    from apex.backend import allowance
    from apex.storage.tables import allowances

    @around(allowance, "set_allowance")
    def set_allowance(original: Any, connection: Any, tenant_id: str, amount: Any) -> None:
        own = allowances.c.tenant_id == tenant_id
        before = connection.execute(select(allowances.c.spent, allowances.c.month).where(own)).first()
        original(connection, tenant_id, amount)
        if before is not None:
            connection.execute(update(allowances).where(own).values(spent=before.spent, month=before.month))


@blind_defect(
    "DBL-07wa", "of usage of one service and day that several people store, only the last is kept", service="backend"
)
def _() -> None:
    # Observable: two colleagues store what a service cost on a day, each their part: the report has one of both.
    from sqlalchemy import text

    from apex.backend import threads

    statement = """
        WITH corrected AS (DELETE FROM usage_records WHERE service = :service AND day = :day)
        INSERT INTO usage_records (id, tenant_id, service, day, quantity, cost)
        VALUES (:id, :tenant_id, :service, :day, :quantity, :cost)
    """
    replace(threads, "insert", lambda _table: text(statement))


@blind_defect(
    "DBL-07xa",
    "the bookings of all organisations take turns",
    service="backend",
    scenario="A booking that has to wait holds up no other organisation",
    step="both expenses are booked, Borealis' first",
)
def _() -> None:
    # Observable: as long as one organisation's booking waits (its row is locked), no other organisation can book.
    from sqlalchemy import text

    from apex.backend import allowance

    @around(allowance, "lock_allowance")
    def _(original: Any, connection: Any, tenant_id: str) -> Any:
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('allowances'))"))
        return original(connection, tenant_id)


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


@blind_defect(
    "DBL-07za",
    "whoever books while a colleague does is told to come back later",
    service="backend",
    scenario="Budgets raised concurrently cannot exceed the allowance",
    step="Acme raises both budgets at the same time",
)
def _() -> None:
    # Observable: twenty people of an organisation book at once: most have 503, and the total is short.
    from sqlalchemy import select

    from apex.backend import allowance
    from apex.storage.tables import allowances

    @around(allowance, "lock_allowance")
    def _(original: Any, connection: Any, tenant_id: str) -> Any:
        own = select(allowances.c.tenant_id).where(allowances.c.tenant_id == tenant_id)
        connection.execute(own.with_for_update(nowait=True))
        return original(connection, tenant_id)


@blind_defect(
    "DBL-07zb",
    "a request waits a twentieth of a second for a connection to the database, and is then given up",
    service="backend",
)
def _() -> None:
    # Observable: 50 people write at once, to a shared counter above all: some have 503.
    from apex.storage import pool

    @around(pool, "create_engine")
    def _(original: Any, url: Any, **options: Any) -> Any:
        return original(url, **{**options, "pool_timeout": 0.05})


@blind_defect(
    "DBL-07zc",
    "the same expense twice within a second is written down once, and counted twice",
    service="backend",
    scenario="All expenses that fifty people book concurrently are counted",
    step="each person has spent exactly what was booked",
)
def _() -> None:
    # Observable: book 1.00 for "coffee" twice in a row: spent is 2.00, the list of expenses has one.
    from sqlalchemy import func, select, text

    from apex.backend import allowance
    from apex.storage.tables import expenses

    @around(allowance, "write_expense")
    def _(original: Any, connection: Any, identity: Any, request: Any) -> Any:
        same = select(expenses).where(
            expenses.c.user_id == identity.user_id,
            expenses.c.amount == request.amount,
            expenses.c.purpose == request.purpose,
            expenses.c.created_at > func.clock_timestamp() - text("interval '1 second'"),
        )
        return connection.execute(same.limit(1)).first() or original(connection, identity, request)
