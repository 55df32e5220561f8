"""Seeded defects of concurrent writes (DBL-07)."""

from __future__ import annotations

import time
import uuid
from collections.abc import Collection
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from apex.backend import allowance
from apex.backend import threads as conversations
from apex.backend.models import Expense, Expenses
from apex.http.identity import Identity
from apex.http.problems import Problem, conflict
from apex.storage.tables import allowances, expenses, messages
from defects import Scenario
from defects._patching import around, replace
from defects._transactions import final_so_far
from defects.business_data._lists import list_instead

expenses_at_once = Scenario("All expenses that fifty people book concurrently are counted", service="backend")
budgets_at_once = Scenario("Budgets raised concurrently cannot exceed the allowance", service="backend")
moves_at_once = Scenario("Messages moved to two conversations concurrently end up in one", service="backend")
created_at_once = Scenario("Conversations that fifty customers create concurrently are all kept", service="backend")

_EACH_PERSON = "each person has spent exactly what was booked"
_ONE_BUDGET = "one request succeeds and the other is refused because the allowance is exceeded"
_MOMENT = 60.0


def _copy(connection: Connection, target_id: str, *which: Any) -> None:
    for row in connection.execute(select(messages).where(*which)).all():
        copied = {**row._mapping, "id": str(uuid.uuid4()), "thread_id": target_id}
        connection.execute(messages.insert().values(**copied))


@expenses_at_once.defect(
    "DBL-07a",
    "spending is read, added to and written back without a lock",
    step="each organisation has spent exactly what was booked",
)
def _() -> None:
    def count_spent(connection: Connection, identity: Identity, amount: Decimal) -> Any:
        own = allowances.c.tenant_id == identity.tenant_id
        row = connection.execute(select(allowances).where(own)).one()
        values = {"spent": row.spent + amount, "version": str(uuid.uuid4())}
        connection.execute(update(allowances).where(own).values(values))
        return row.month

    replace(allowance, "count_spent", count_spent)


@expenses_at_once.defect(
    "DBL-07b", "all spending is counted for the person of the organisation who booked first", step=_EACH_PERSON
)
def _() -> None:
    first: dict[str, Identity] = {}

    @around(allowance, "count_share")
    def count_share(original: Any, connection: Connection, identity: Identity, amount: Decimal, month: date) -> None:
        original(connection, first.setdefault(identity.tenant_id, identity), amount, month)


@budgets_at_once.defect("DBL-07c", "the sum of the budgets is compared without a lock", step=_ONE_BUDGET)
def _() -> None:
    def lock_allowance(connection: Connection, tenant_id: str) -> Row[Any]:
        return connection.execute(select(allowances).where(allowances.c.tenant_id == tenant_id)).one()

    replace(allowance, "lock_allowance", lock_allowance)


@budgets_at_once.defect(
    "DBL-07d",
    "a refused raise of a budget is stored all the same",
    step="Acme's budgets add up to no more than the allowance",
)
def _() -> None:
    @around(allowance, "keep_ceiling")
    def keep_ceiling(original: Any, connection: Connection, allowed: Row[Any]) -> None:
        try:
            original(connection, allowed)
        except Problem:
            final_so_far(connection, allowed.tenant_id)
            raise


@moves_at_once.defect(
    "DBL-07e",
    "messages are moved by copying them and deleting the originals",
    step="one request succeeds and the other is refused because the messages have moved",
)
def _() -> None:
    def move_messages(connection: Connection, source_id: str, target_id: str, chosen: Collection[str] | None) -> int:
        moving = (messages.c.thread_id == source_id, messages.c.id.in_(chosen or ()))
        _copy(connection, target_id, *moving)
        connection.execute(delete(messages).where(*moving))
        return len(chosen or ())

    replace(conversations, "move_messages", move_messages)


@moves_at_once.defect(
    "DBL-07f", "a refused move copies the messages", step="every message is in exactly one conversation"
)
def _() -> None:
    @around(conversations, "move_messages")
    def move_messages(original: Any, connection: Connection, *arguments: Any) -> Any:
        _, target_id, chosen = arguments
        try:
            return original(connection, *arguments)
        except Problem:
            _copy(connection, target_id, messages.c.id.in_(chosen or ()))
            driver: Any = connection.connection.driver_connection
            driver.commit()
            raise


@expenses_at_once.defect("DBL-07g", "a person's expenses include those of their colleagues", step=_EACH_PERSON)
def _() -> None:
    list_instead(allowance, "/v1/allowance/expenses", expenses, (Expense, Expenses))


@budgets_at_once.defect(
    "DBL-07h", "an exceeded allowance is reported as a conflict with another request", step=_ONE_BUDGET
)
def _() -> None:
    replace(allowance, "allowance_exceeded", lambda detail: conflict("Somebody else is changing the budgets."))


@created_at_once.defect(
    "DBL-07i",
    "who creates two conversations within a moment is given the first one twice",
    step="every user finds exactly the conversations that they created",
)
def _() -> None:
    created: dict[str, tuple[float, Row[Any]]] = {}

    @around(conversations, "new_thread")
    def _(original: Any, connection: Connection, identity: Identity, title: str) -> Any:
        at, thread = created.get(str(identity.user_id), (0.0, None))
        if thread is not None and time.monotonic() - at < _MOMENT:
            return thread
        thread = original(connection, identity, title)
        created[str(identity.user_id)] = time.monotonic(), thread
        return thread
