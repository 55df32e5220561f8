"""Blind defects of DBP-02."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row

from defects import blind_defect
from defects._patching import around, replace


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
    "DBP-02ua",
    "what a person has spent is read before the allowance is held",
    service="backend",
    scenario="Simultaneous changes to one allowance act as if made in turn",
    step="the result is as if one change had come after the other",
)
def _() -> None:
    # Observable: two expenses that one person books at the same moment (two tabs): both are there and counted in what
    # the organisation has spent, but spent_by_you has only one of them.
    from contextvars import ContextVar

    from sqlalchemy import select, update

    from apex.backend import allowance
    from apex.storage.tables import allowance_shares

    shares = allowance_shares.c
    before: ContextVar[Any] = ContextVar("before", default=None)

    @around(allowance, "count_spent")
    def _(original: Any, connection: Any, identity: Any, amount: Any) -> Any:
        own = select(shares.month, shares.spent).where(shares.user_id == identity.user_id)
        before.set(connection.execute(own).first())
        return original(connection, identity, amount)

    @around(allowance, "count_share")
    def _(original: Any, connection: Any, identity: Any, amount: Any, month: Any) -> None:
        known = before.get()
        if known is None:
            original(connection, identity, amount, month)
            return
        spent = amount + (known.spent if known.month == month else 0)
        own = update(allowance_shares).where(shares.user_id == identity.user_id)
        connection.execute(own.values(spent=spent, month=month))


@blind_defect(
    "DBP-02ub",
    "a change of a budget is held against what the others had before its turn",
    service="backend",
    scenario="Simultaneous changes to one allowance act as if made in turn",
    step="the result is as if one change had come after the other",
)
def _() -> None:
    # Observable: two budgets raised at the same moment with PATCH, each of which fits under the allowance alone: both
    # are accepted, and together they are more than the allowance. New budgets are still compared under the lock.
    from contextvars import ContextVar

    from sqlalchemy import func, select

    from apex.backend import allowance
    from apex.http.problems import allowance_exceeded
    from apex.storage.tables import budgets

    looked_at: ContextVar[tuple[str, Any] | None] = ContextVar("looked_at", default=None)

    @around(allowance, "budget")
    def _(original: Any, connection: Any, budget_id: str) -> Any:
        found = original(connection, budget_id)
        others = select(func.coalesce(func.sum(budgets.c.amount), 0)).where(
            budgets.c.tenant_id == found.tenant_id, budgets.c.id != found.id
        )
        looked_at.set((found.id, connection.scalar(others)))
        return found

    @around(allowance, "keep_ceiling")
    def _(original: Any, connection: Any, allowed: Any) -> None:
        found = looked_at.get()
        if found is None:
            original(connection, allowed)
            return
        budget_id, others = found
        allotted = others + connection.scalar(select(budgets.c.amount).where(budgets.c.id == budget_id))
        if allotted > allowed.monthly_amount:
            raise allowance_exceeded(
                f"The budgets would add up to {allotted}; the allowance is {allowed.monthly_amount}."
            )


@blind_defect(
    "DBP-02na",
    "a lower allowance is held against what was spent before its turn came",
    service="backend",
    scenario="Simultaneous changes to one allowance act as if made in turn",
    step="the result is as if one change had come after the other",
)
def _() -> None:
    # Observable: with 60 of 100 spent, lower the allowance to 70 while expenses of 20 are being booked, several times
    # over: both are answered well, and "remaining" is below nothing, which no order of the two allows.
    from sqlalchemy import func, select
    from sqlalchemy.dialects.postgresql import insert

    from apex.backend import allowance
    from apex.http.problems import allowance_exceeded
    from apex.storage.tables import allowances

    def set_allowance(connection: Any, tenant_id: str, amount: Decimal) -> None:
        known = select(allowances, allowance._present()).where(allowances.c.tenant_id == tenant_id)
        before = connection.execute(known).first()
        if before is not None and before.month == before.present and before.spent > amount:
            raise allowance_exceeded(f"{before.spent} of this month's allowance is spent already.")
        given = insert(allowances).values(tenant_id=tenant_id, monthly_amount=amount, month=allowance.this_month())
        changed = given.on_conflict_do_update(
            index_elements=[allowances.c.tenant_id],
            set_={"monthly_amount": amount, "version": func.gen_random_uuid()},
        )
        row = connection.execute(changed.returning(allowances, allowance._present())).one()
        allowance.keep_ceiling(connection, row)

    replace(allowance, "set_allowance", set_allowance)


@blind_defect("DBP-02ma", "a thread is deleted together with a run that is just being begun in it", service="backend")
def _() -> None:
    # Observable: send POST /v1/runs into a thread and DELETE of that thread at the same moment, again and again:
    # sometimes the answers are 202 and 204, and the run that was accepted is gone. One after the other they are right.
    from apex.backend import threads

    replace(threads, "ALONE", threads.KEPT)
