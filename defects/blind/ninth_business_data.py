"""Blind defects of business_data, written from the promises alone."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row

from defects import blind_defect
from defects._patching import replace


@blind_defect(
    "DBL-02ra",
    "the cursor of a page knows milliseconds, the rows know microseconds",
    service="backend",
    scenario="A conversation reads back as it was written",
    step="the books oracle finds nothing",
)
def _() -> None:
    # Observable: page through the messages of a thread: the last one of each page is the first one of the next page
    # again (with limit=1 it never goes on). Of threads, newest first, those that were begun within the same millisecond
    # as the last of a page are on no page at all.
    from uuid import UUID

    from apex.backend import allowance, operations, paging, runs, threads

    def next_cursor(rows: list[Row[Any]], limit: int) -> str | None:
        if len(rows) <= limit:
            return None
        last = rows[limit - 1]
        milliseconds = (last.created_at - paging._EPOCH) // timedelta(milliseconds=1)
        return f"{milliseconds * 1000}_{UUID(last.id).hex}"

    for module in (paging, threads, runs, allowance, operations):
        replace(module, "next_cursor", next_cursor)


@blind_defect(
    "DBL-03ra",
    "texts of an answer are kept in composed letters, however they came",
    service="worker",
    scenario="Nested data, decimals and Unicode read back unchanged",
    step="the stored result equals what the agent returned",
)
def _() -> None:
    # Observable: an agent answers with a text that holds a decomposed letter ("e" and U+0301, as in names that come
    # from a Mac), or a server has such a name: the answer in agent_completed, in GET /v1/runs/{id} and in the thread's
    # newest message has the composed one (U+00E9) instead, in keys as in values; compared by its code points it is
    # another.
    import unicodedata

    from apex.storage import storable
    from apex.worker import execution, supervisor

    original = storable.kept

    def composed(value: Any) -> Any:
        match value:
            case str():
                return unicodedata.normalize("NFC", value)
            case dict():
                return {composed(key): composed(member) for key, member in value.items()}
            case list():
                return [composed(member) for member in value]
        return value

    def kept(value: Any) -> Any:
        return composed(original(value))

    for module in (storable, execution, supervisor):
        replace(module, "kept", kept)


@blind_defect(
    "DBL-05ra",
    "a change of the teams' budgets leaves the cached allowance as it is",
    service="backend",
    scenario="Every member's next read shows a change",
    step="Acme reads the organisation's current allowance",
)
def _() -> None:
    # Observable: GET /v1/allowance (which is cached then), POST /v1/budgets with 300.00, GET /v1/allowance again:
    # "allotted" is what it was, for ten minutes or until the next expense. The same for PATCH and DELETE of a budget.
    from sqlalchemy import func, select, update

    from apex.backend import allowance
    from apex.http.identity import Identity
    from apex.http.problems import allowance_exceeded, conflict
    from apex.storage.tables import allowances

    def lock_allowance(connection: Connection, tenant_id: str) -> Row[Any]:
        query = select(allowances, allowance._present()).where(allowances.c.tenant_id == tenant_id)
        row = connection.execute(query.with_for_update()).first()
        if row is None:
            raise conflict("The organisation has no allowance yet.")
        return row

    def count_spent(connection: Connection, identity: Identity, amount: Decimal) -> date:
        held = lock_allowance(connection, identity.tenant_id)
        month: date = held.present
        spent = amount + (held.spent if held.month == month else 0)
        if spent > held.monthly_amount:
            raise allowance_exceeded("The allowance of this month does not cover it.")
        own = allowances.c.tenant_id == identity.tenant_id
        marked = {"spent": spent, "month": month, "version": func.gen_random_uuid()}
        connection.execute(update(allowances).where(own).values(marked))
        return month

    replace(allowance, "lock_allowance", lock_allowance)
    replace(allowance, "count_spent", count_spent)


@blind_defect(
    "DBL-06ra",
    "a sign-up that is refused leaves its organisation behind",
    service="auth",
    scenario="Two concurrent sign-ups with one email address make one account",
    step="the database holds one account and one organisation of them",
)
def _() -> None:
    # Observable: sign up twice with the same address: the second is refused (409), and the table tenants has another
    # row with the organisation's name, of which nobody is a member. So does a sign-up with a fault between its two
    # writes.
    import uuid

    from apex.auth.accounts import Accounts, _insert_user
    from apex.auth.models import Account, Tenant
    from apex.storage.tables import tenants

    def create(
        self: Any, organisation: str, plan: str, email: str, password: str, role: str, display_name: str | None
    ) -> Account:
        tenant_id = str(uuid.uuid4())
        with self._database.tenant(tenant_id) as connection:
            connection.execute(tenants.insert().values(id=tenant_id, name=organisation, plan=plan))
        password_hash = self._passwords.hash(password)
        with self._database.tenant(tenant_id) as connection:
            user = _insert_user(connection, tenant_id, email, role, display_name, password_hash)
        return Account(tenant=Tenant(id=tenant_id, name=organisation, plan=plan), user=user)

    replace(Accounts, "_create", create)
