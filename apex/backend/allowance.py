"""An organisation's monthly allowance: expenses that are booked on it, and the budgets of its teams under it.

Everything that changes the allowance or what lies under it writes the row of the allowance first. That row is so the
lock under which sums are compared, and its ``version`` the mark of every change: a new one each time, so that none
comes again for something else, not even where a commit was lost.

Which month it is, the database says, after the wait for that row: an expense is counted on one month throughout. The
month of an allowance never goes back, also when a clock does.
"""

from __future__ import annotations

import uuid
from datetime import date
from decimal import Decimal
from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy import TEXT, ColumnElement, Connection, Date, Label, Row, case, cast, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from apex.backend.models import (
    Allowance,
    Budget,
    BudgetChange,
    Budgets,
    Expense,
    Expenses,
    NewAllowance,
    NewBudget,
    NewExpense,
)
from apex.backend.paging import Cursor, Limit, after, next_cursor
from apex.http.idempotency import once
from apex.http.identity import Caller, Identity, acting_as, reading_as
from apex.http.problems import allowance_exceeded, conflict, not_found
from apex.http.routing import Repeating
from apex.runtime.paths import Named, id_in_path
from apex.storage.cache import Cache
from apex.storage.database import Database
from apex.storage.tables import allowance_shares, allowances, budgets, expenses

_KIND = "allowance"


def routes(database: Database, cache: Cache) -> APIRouter:
    """The routes over ``database``; what is read often is kept in ``cache``."""
    router = APIRouter(route_class=Repeating, tags=["allowance"])

    @router.put("/v1/allowance")
    def allow(request: NewAllowance, identity: Caller) -> Allowance:
        """Say what the organisation may spend in a month (owners and admins), or ``allowance_exceeded``."""
        with acting_as(database, identity, "allowance:manage") as connection:
            set_allowance(connection, identity.tenant_id, request.monthly_amount)
            return shown(statement_now(connection)[1], identity)

    @router.get("/v1/allowance")
    def read(identity: Caller) -> Allowance:
        """What the organisation may spend this month and what it has spent, the caller's own part beside it."""
        with reading_as(database, identity) as connection:
            return shown(statement(connection, cache, identity.tenant_id), identity)

    @router.post("/v1/allowance/expenses", status_code=201)
    @once(database)
    def book(request: NewExpense, identity: Caller) -> Expense:
        """Pay something out of the allowance (not for viewers), or ``allowance_exceeded``."""
        with acting_as(database, identity, "expenses:book") as connection:
            month = count_spent(connection, identity, request.amount)
            count_share(connection, identity, request.amount, month)
            row = write_expense(connection, identity, request)
        return Expense.model_validate(row, from_attributes=True)

    @router.get("/v1/allowance/expenses")
    def booked(identity: Caller, cursor: Cursor = None, limit: Limit = 50) -> Expenses:
        """What the caller has booked, newest first."""
        query = (
            select(expenses)
            .where(expenses.c.user_id == identity.user_id, *after(expenses, cursor, newest_first=True))
            .order_by(expenses.c.created_at.desc(), expenses.c.id.desc())
            .limit(limit + 1)
        )
        with reading_as(database, identity) as connection:
            rows = list(connection.execute(query))
        items = [Expense.model_validate(row, from_attributes=True) for row in rows[:limit]]
        return Expenses(items=items, next_cursor=next_cursor(rows, limit))

    @router.post("/v1/budgets", status_code=201)
    @once(database)
    def allot(request: NewBudget, identity: Caller) -> Budget:
        """Give a team a part of the monthly allowance (owners and admins), or ``allowance_exceeded``."""
        with acting_as(database, identity, "allowance:manage") as connection:
            allowed = lock_allowance(connection, identity.tenant_id)
            row = connection.execute(
                budgets.insert()
                .values(id=str(uuid.uuid4()), tenant_id=identity.tenant_id, team=request.team, amount=request.amount)
                .returning(budgets)
            ).one()
            keep_ceiling(connection, allowed)
        return Budget.model_validate(row, from_attributes=True)

    @router.get("/v1/budgets")
    def page(identity: Caller, cursor: Cursor = None, limit: Limit = 50) -> Budgets:
        """The budgets of the organisation's teams, newest first."""
        query = (
            select(budgets)
            .where(budgets.c.tenant_id == identity.tenant_id, *after(budgets, cursor, newest_first=True))
            .order_by(budgets.c.created_at.desc(), budgets.c.id.desc())
            .limit(limit + 1)
        )
        with reading_as(database, identity) as connection:
            rows = list(connection.execute(query))
        items = [Budget.model_validate(row, from_attributes=True) for row in rows[:limit]]
        return Budgets(items=items, next_cursor=next_cursor(rows, limit))

    @router.patch("/v1/budgets/{budget_id}")
    def change(budget_id: Named, request: BudgetChange, identity: Caller) -> Budget:
        """Give a team more or less (owners and admins), or ``allowance_exceeded``."""
        with acting_as(database, identity, "allowance:manage") as connection:
            found = budget(connection, budget_id)
            allowed = lock_allowance(connection, identity.tenant_id)
            row = connection.execute(
                update(budgets).where(budgets.c.id == found.id).values(amount=request.amount).returning(budgets)
            ).first()
            if row is None:
                raise not_found()
            keep_ceiling(connection, allowed)
        return Budget.model_validate(row, from_attributes=True)

    @router.delete("/v1/budgets/{budget_id}", status_code=204)
    def withdraw(budget_id: Named, identity: Caller) -> Response:
        """Take a team's budget back (owners and admins)."""
        with acting_as(database, identity, "allowance:manage") as connection:
            found = budget(connection, budget_id)
            lock_allowance(connection, identity.tenant_id)
            connection.execute(delete(budgets).where(budgets.c.id == found.id))
        return Response(status_code=204)

    return router


# -- the allowance ----------------------------------------------------------------------------------------------------


def this_month() -> ColumnElement[date]:
    """The first day of the present month (UTC), by the database's clock when it comes to it."""
    return cast(func.date_trunc("month", func.timezone("UTC", func.clock_timestamp())), Date)


def _present() -> Label[date]:
    """The present month of an allowance."""
    return func.greatest(allowances.c.month, this_month(), type_=Date).label("present")


def set_allowance(connection: Connection, tenant_id: str, amount: Decimal) -> None:
    """Set what may be spent in a month.

    Raises:
        Problem: 409 when more than that is spent or allotted already.
    """
    given = insert(allowances).values(tenant_id=tenant_id, monthly_amount=amount, month=this_month())
    row = connection.execute(
        given.on_conflict_do_update(
            index_elements=[allowances.c.tenant_id],
            set_={"monthly_amount": amount, "version": func.gen_random_uuid()},
        ).returning(allowances, _present())
    ).one()
    if row.month == row.present and row.spent > amount:
        raise allowance_exceeded(f"{row.spent} of this month's allowance is spent already.")
    keep_ceiling(connection, row)


def lock_allowance(connection: Connection, tenant_id: str) -> Row[Any]:
    """The allowance and its ``present`` month, held until the transaction ends and marked as changed.

    Raises:
        Problem: 409 when there is none.
    """
    row = connection.execute(
        update(allowances)
        .where(allowances.c.tenant_id == tenant_id)
        .values(version=func.gen_random_uuid())
        .returning(allowances, _present())
    ).first()
    if row is None:
        raise conflict("The organisation has no allowance yet.")
    return row


def keep_ceiling(connection: Connection, allowed: Row[Any]) -> None:
    """See that the budgets of all teams together do not pass the (held) allowance.

    Raises:
        Problem: 409 when they do.
    """
    allotted = connection.scalar(select(func.sum(budgets.c.amount)).where(budgets.c.tenant_id == allowed.tenant_id))
    if allotted is not None and allotted > allowed.monthly_amount:
        raise allowance_exceeded(f"The budgets would add up to {allotted}; the allowance is {allowed.monthly_amount}.")


def budget(connection: Connection, budget_id: str) -> Row[Any]:
    """A budget of the caller's organisation; 404 for whatever else the id may be."""
    row = connection.execute(select(budgets).where(budgets.c.id == id_in_path(budget_id))).first()
    if row is None:
        raise not_found()
    return row


# -- expenses ---------------------------------------------------------------------------------------------------------


def count_spent(connection: Connection, identity: Identity, amount: Decimal) -> date:
    """Count an expense on the organisation's allowance of this month; gives the month.

    Raises:
        Problem: 409 when the allowance does not cover it, or there is none.
    """
    held = lock_allowance(connection, identity.tenant_id)
    month: date = held.present
    spent = amount + (held.spent if held.month == month else 0)
    if spent > held.monthly_amount:
        raise allowance_exceeded("The allowance of this month does not cover it.")
    own = allowances.c.tenant_id == identity.tenant_id
    connection.execute(update(allowances).where(own).values(spent=spent, month=month))
    return month


def count_share(connection: Connection, identity: Identity, amount: Decimal, month: date) -> None:
    """Count an expense on what the caller has spent in the month."""
    shares = allowance_shares.c
    first = insert(allowance_shares).values(
        user_id=identity.user_id, tenant_id=identity.tenant_id, month=month, spent=amount
    )
    connection.execute(
        first.on_conflict_do_update(
            index_elements=[shares.user_id],
            set_={"spent": case((shares.month == month, shares.spent), else_=0) + amount, "month": month},
        )
    )


def write_expense(connection: Connection, identity: Identity, request: NewExpense) -> Row[Any]:
    """The record of an expense."""
    return connection.execute(
        expenses.insert()
        .values(
            id=str(uuid.uuid4()),
            tenant_id=identity.tenant_id,
            user_id=identity.user_id,
            amount=request.amount,
            purpose=request.purpose,
        )
        .returning(expenses)
    ).one()


# -- what is read often -----------------------------------------------------------------------------------------------


def statement(connection: Connection, cache: Cache, tenant_id: str) -> dict[str, Any]:
    """The organisation's month as it stands, from the cache where that holds this version.

    Raises:
        Problem: 404 when there is no allowance.
    """
    query = select(_present(), allowances.c.version).where(allowances.c.tenant_id == tenant_id)
    found = connection.execute(query).first()
    if found is None:
        raise not_found()
    kept = cache.get(tenant_id, _KIND, cached_version(found.present, found.version))
    if kept is not None:
        return kept
    version, fresh = statement_now(connection)
    cache.put(tenant_id, _KIND, version, fresh)
    return fresh


def cached_version(month: date, version: str) -> str:
    """Under which version a statement is kept: with a new month everything is new."""
    return f"{month}:{version}"


def statement_now(connection: Connection) -> tuple[str, dict[str, Any]]:
    """The organisation's month and under which version to keep it, as of one moment: one question, so that all fits.

    Amounts are texts; ``by_user`` is what each person has spent, by their id.
    """
    # Asked once: a month that turns meanwhile must not come half into the statement.
    own, shares = select(allowances, _present()).cte("own"), allowance_shares.c
    allotted = select(func.coalesce(func.sum(budgets.c.amount), 0)).where(budgets.c.tenant_id == own.c.tenant_id)
    by_user = select(func.jsonb_object_agg(shares.user_id, shares.spent.cast(TEXT))).where(
        shares.tenant_id == own.c.tenant_id, shares.month == own.c.present
    )
    row = connection.execute(
        select(own, allotted.scalar_subquery().label("allotted"), by_user.scalar_subquery().label("by_user"))
    ).one()
    spent = row.spent if row.month == row.present else Decimal("0.00")
    amounts = {
        "monthly_amount": row.monthly_amount,
        "spent": spent,
        "remaining": row.monthly_amount - spent,
        "allotted": row.allotted,
    }
    texts = {name: f"{amount:.2f}" for name, amount in amounts.items()}
    statement = {"month": row.present.isoformat(), **texts, "by_user": row.by_user or {}}
    return cached_version(row.present, row.version), statement


def shown(statement: dict[str, Any], identity: Identity) -> Allowance:
    """A statement as one of the organisation's people sees it."""
    known = {name: value for name, value in statement.items() if name != "by_user"}
    return Allowance.model_validate({**known, "spent_by_you": statement["by_user"].get(identity.user_id, "0.00")})
