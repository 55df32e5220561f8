"""Seeded defects of concurrent transactions (DBP-02)."""

from __future__ import annotations

import time
import uuid
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, select, update

from apex.backend import allowance
from apex.http.identity import Identity
from apex.http.problems import allowance_exceeded, conflict
from apex.storage.tables import allowances
from defects import Scenario
from defects._patching import around, replace
from defects._transactions import final_so_far

serial = Scenario("Simultaneous changes to one allowance act as if made in turn", service="backend")
on_two = Scenario("Simultaneous changes on two backends act as if made in turn", service="backend")
unfinished = Scenario("Nobody sees a change before it is finished", service="backend")

_AS_IF = "the result is as if one change had come after the other"


def _count_what_was_read() -> None:
    """Spending is read, added to and written back: what was counted between is lost."""

    def count_spent(connection: Connection, identity: Identity, amount: Decimal) -> Any:
        own = allowances.c.tenant_id == identity.tenant_id
        row = connection.execute(select(allowances).where(own)).one()
        if row.spent + amount > row.monthly_amount:
            raise allowance_exceeded("The allowance of this month does not cover it.")
        values = {"spent": row.spent + amount, "version": str(uuid.uuid4())}
        connection.execute(update(allowances).where(own).values(values))
        return row.month

    replace(allowance, "count_spent", count_spent)


@serial.defect("DBP-02a", "spending is read and written back at too low an isolation level", step=_AS_IF)
def _() -> None:
    _count_what_was_read()


@serial.defect("DBP-02b", "budgets are compared with the allowance when its lock is gone", step=_AS_IF)
def _() -> None:
    @around(allowance, "lock_allowance")
    def lock_allowance(original: Any, connection: Connection, tenant_id: str) -> Row[Any]:
        row: Row[Any] = original(connection, tenant_id)
        final_so_far(connection, tenant_id)
        return row

    @around(allowance, "keep_ceiling")
    def keep_ceiling(original: Any, connection: Connection, allowed: Row[Any]) -> None:
        original(connection, allowed)
        time.sleep(0.5)


@serial.defect("DBP-02c", "who had to wait for somebody else is asked to try again", step=_AS_IF)
def _() -> None:
    @around(allowance, "count_spent")
    def count_spent(original: Any, connection: Connection, identity: Identity, amount: Decimal) -> Any:
        began = connection.scalar(select(allowances.c.version).where(allowances.c.tenant_id == identity.tenant_id))
        month = original(connection, identity, amount)
        if began is None:
            return month
        with connection.engine.begin() as other:
            other.exec_driver_sql("SELECT set_config('app.tenant_id', %s, true)", (identity.tenant_id,))
            now = other.scalar(select(allowances.c.version).where(allowances.c.tenant_id == identity.tenant_id))
        if now != began:
            raise conflict("Somebody else was faster.")
        return month


@on_two.defect("DBP-02d", "spending is kept apart for each backend until it is written", step=_AS_IF)
def _() -> None:
    _count_what_was_read()


@unfinished.defect(
    "DBP-02e",
    "spending is counted before the expense is stored",
    step="Ben of Acme sees nothing of the change while it is unfinished",
)
def _() -> None:
    @around(allowance, "count_share")
    def count_share(original: Any, connection: Connection, identity: Identity, amount: Decimal, month: date) -> None:
        final_so_far(connection, identity.tenant_id)
        original(connection, identity, amount, month)


@unfinished.defect(
    "DBP-02f", "what was seen while a change was unfinished stays", step="Ben of Acme sees the change after it"
)
def _() -> None:
    replace(allowance, "cached_version", lambda month, version: str(month))
