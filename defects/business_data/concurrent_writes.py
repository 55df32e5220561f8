"""Seeded defects of what many write at once (DBL-07)."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import date
from decimal import Decimal
from typing import Any

from fastapi import APIRouter
from sqlalchemy import Connection, Row, delete, select, update

from apex.backend import allowance
from apex.backend import threads as conversations
from apex.backend.models import Expense, Expenses
from apex.backend.paging import after, next_cursor
from apex.http.identity import Caller, Identity, acting_as
from apex.http.problems import Problem, conflict
from apex.storage.database import Database
from apex.storage.tables import allowances, expenses, messages
from defects import Scenario
from defects._patching import replace
from defects._routes import answer_instead
from defects._transactions import final_so_far

everything_counted_fifty = Scenario("Everything is counted that fifty people book at once", service="backend")


@everything_counted_fifty.defect(
    "DBL-07a",
    "what is spent is read, added to, and written back",
    step="each organisation has spent exactly what its people booked",
)
def _() -> None:
    def count_spent(connection: Connection, identity: Identity, amount: Decimal) -> date:
        own = allowances.c.tenant_id == identity.tenant_id
        row = connection.execute(select(allowances).where(own)).one()
        values = {"spent": row.spent + amount, "version": str(uuid.uuid4())}
        connection.execute(update(allowances).where(own).values(values))
        month: date = row.month
        return month

    replace(allowance, "count_spent", count_spent)


@everything_counted_fifty.defect(
    "DBL-07b",
    "what a person spends is counted for whoever of the organisation came first",
    step="each person has spent exactly what they booked",
)
def _() -> None:
    first: dict[str, Identity] = {}

    def count_share(connection: Connection, identity: Identity, amount: Decimal, month: date) -> None:
        original(connection, first.setdefault(identity.tenant_id, identity), amount, month)

    original = replace(allowance, "count_share", count_share)


two_budgets_raised = Scenario("Two budgets that are raised at once stay within the allowance", service="backend")


@two_budgets_raised.defect(
    "DBL-07c",
    "the sum of the budgets is compared while others change it",
    step="one is raised and the other refused for want of room",
)
def _() -> None:
    def lock_allowance(connection: Connection, tenant_id: str) -> Row[Any]:
        return connection.execute(select(allowances).where(allowances.c.tenant_id == tenant_id)).one()

    replace(allowance, "lock_allowance", lock_allowance)


@two_budgets_raised.defect(
    "DBL-07d", "a refused raise of a budget is made all the same", step="the budgets are within the allowance"
)
def _() -> None:
    def keep_ceiling(connection: Connection, allowed: Row[Any]) -> None:
        try:
            original(connection, allowed)
        except Problem:
            final_so_far(connection, allowed.tenant_id)
            raise

    original = replace(allowance, "keep_ceiling", keep_ceiling)


messages_moved_two = Scenario("Messages that are moved to two places at once are in one of them", service="backend")


@messages_moved_two.defect(
    "DBL-07e",
    "messages are moved by copying them and removing what was copied",
    step="one move is made and the other refused",
)
def _() -> None:
    def move_messages(connection: Connection, source_id: str, target_id: str, chosen: Collection[str] | None) -> int:
        moving = (messages.c.thread_id == source_id, messages.c.id.in_(chosen or ()))
        for row in connection.execute(select(messages).where(*moving)).all():
            copied = {**row._mapping, "id": str(uuid.uuid4()), "thread_id": target_id}
            connection.execute(messages.insert().values(**copied))
        connection.execute(delete(messages).where(*moving))
        return len(chosen or ())

    replace(conversations, "move_messages", move_messages)


@messages_moved_two.defect(
    "DBL-07f", "who comes too late to move a message copies it", step="every message is in one conversation"
)
def _() -> None:
    def move_messages(connection: Connection, source_id: str, target_id: str, chosen: Collection[str] | None) -> int:
        try:
            moved: int = original(connection, source_id, target_id, chosen)
        except Problem:
            for row in connection.execute(select(messages).where(messages.c.id.in_(chosen or ()))).all():
                copied = {**row._mapping, "id": str(uuid.uuid4()), "thread_id": target_id}
                connection.execute(messages.insert().values(**copied))
            driver: Any = connection.connection.driver_connection
            driver.commit()
            raise
        return moved

    original = replace(conversations, "move_messages", move_messages)


@everything_counted_fifty.defect(
    "DBL-07g",
    "whoever looks at their expenses sees those of their colleagues, too",
    step="each person has spent exactly what they booked",
)
def _() -> None:
    def own(database: Database, router: APIRouter) -> None:
        @router.get("/v1/allowance/expenses")
        def booked(identity: Caller, cursor: str | None = None, limit: conversations.Limit = 50) -> Expenses:
            query = select(expenses).where(*after(expenses, cursor, newest_first=True))
            with acting_as(database, identity) as connection:
                ordered = query.order_by(expenses.c.created_at.desc(), expenses.c.id.desc()).limit(limit + 1)
                rows = list(connection.execute(ordered))
            items = [Expense.model_validate(row, from_attributes=True) for row in rows[:limit]]
            return Expenses(items=items, next_cursor=next_cursor(rows, limit))

    answer_instead(allowance, own)


@two_budgets_raised.defect(
    "DBL-07h",
    "whoever finds no room is told that somebody else was quicker",
    step="one is raised and the other refused for want of room",
)
def _() -> None:
    replace(allowance, "allowance_exceeded", lambda detail: conflict("Somebody else is changing the budgets."))
