"""Blind defects of business_data, written from the promises alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "DBL-01qa",
    "a new password is kept without the blanks at its ends, a typed one is not",
    service="auth",
    scenario="An unusual email address and password open the account",
    step="Acme can log in with exactly these",
)
def _() -> None:
    # Observable: sign up with the password " correct horse battery " and log in with it, from wherever: 401. Without
    # the blanks, which is another password, it is let in. Passwords without blanks at their ends are not affected.
    from apex.auth.accounts import Accounts

    @around(Accounts, "_create")
    def _create(
        original: Callable[..., Any],
        self: Any,
        organisation: str,
        plan: str,
        email: str,
        password: str,
        role: str,
        display_name: str | None,
    ) -> Any:
        return original(self, organisation, plan, email, password.strip(), role, display_name)


@blind_defect("DBL-04qa", "of several tables without row-level security one is guarded again", service="backend")
def _() -> None:
    # Observable: as the owner switch row-level security off on threads and on messages, and start the backend again:
    # one of the two has it back, the other one has not, and raw SQL with the application's role sees all tenants' rows
    # there. Where it was switched off on one table, all is well after the start.
    from sqlalchemy import text

    from apex.storage import database as module

    def guard(self: Any) -> None:
        with self.platform() as connection:
            name = connection.scalar(text(module._UNGUARDED))
        if name is not None:
            module.log.error("tables without row-level security", tables=[str(name)])
            with self.as_owner() as connection:
                connection.execute(text(f'ALTER TABLE "{name}" ENABLE ROW LEVEL SECURITY'))

    replace(module.Database, "_guard", guard)


@blind_defect(
    "DBL-05qa",
    "without Redis the allowance is shown as it was last put together",
    service="backend",
    scenario="Reads are correct while the cache fails",
    step="Acme reads the organisation's current allowance",
)
def _() -> None:
    # Observable: GET /v1/allowance, stop Redis, book an expense (201) and GET /v1/allowance again: "spent" is what it
    # was before, for as long as Redis is away. Another backend, which has kept nothing, shows it right.
    from apex.storage.cache import Cache

    @around(Cache, "get")
    def get(
        original: Callable[..., dict[str, Any] | None], self: Any, tenant_id: str, kind: str, version: str
    ) -> dict[str, Any] | None:
        found = original(self, tenant_id, kind, version)
        if found is None and self._is_away:
            # Better than asking the database for everybody.
            found = self.__dict__.setdefault("_latest", {}).get((tenant_id, kind))
        return found

    @around(Cache, "put")
    def put(
        original: Callable[..., None], self: Any, tenant_id: str, kind: str, version: str, value: dict[str, Any]
    ) -> None:
        self.__dict__.setdefault("_latest", {})[tenant_id, kind] = value
        original(self, tenant_id, kind, version, value)


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
