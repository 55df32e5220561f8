"""Blind defects of business_data, written from the promises alone."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from defects import blind_defect
from defects._patching import around


@blind_defect(
    "DBL-01sa",
    "somebody who was removed from an organisation cannot be taken into it again",
    service="auth",
    scenario="A removed colleague can be invited again",
    step="Ben of Acme is a member again, with a new account",
)
def _() -> None:
    # Observable: remove a member, invite the same address again (201) and accept: 409 "already has an account", though
    # nobody can log in under that address. In another organisation it is accepted.
    from sqlalchemy import func, select

    from apex.http.problems import conflict
    from apex.storage.tables import users

    accounts: Any = import_module("apex.auth.accounts")

    @around(accounts, "_insert_user")
    def _(original: Any, connection: Any, tenant_id: str, email: str, *given: Any) -> Any:
        # Before anything is written, and so without an error of the database.
        known = select(users.c.id).where(func.lower(users.c.email) == email.lower())
        if connection.scalar(known) is not None:
            raise conflict("This e-mail address already has an account.")
        return original(connection, tenant_id, email, *given)


@blind_defect(
    "DBL-03sa",
    "what a delegated agent has found is cut to what is shown of a tool's result",
    service="worker",
    scenario="Customers see how far the analysis of a large account has come",
    step="each answer equals what the customer's own data gives",
)
def _() -> None:
    # Observable: the advisor for an account with more than ten findings: in the stored answer its
    # cost_analysis.findings has ten of them and the text "... 3 more"; texts of more than 200 characters are cut. The
    # cost analysis asked by itself is whole.
    from apex.tools.sanitising import shown
    from apex.worker.execution import Execution

    @around(Execution, "perform")
    async def _(original: Any, self: Any) -> Any:
        answer = await original(self)
        return shown(answer) if self._delegated else answer


@blind_defect(
    "DBL-06sa",
    "the new thread of a run is begun in a transaction of its own",
    service="backend",
    scenario="A run whose request is interrupted does not start",
    step="Acme sees no part of the change during or after the interruption",
)
def _() -> None:
    # Observable: lock the table messages for longer than lock_seconds and POST /v1/runs without a thread: 503, no run
    # is stored, but GET /v1/threads shows an empty thread; with each attempt another one.
    from sqlalchemy import text

    runs: Any = import_module("apex.backend.runs")

    @around(runs, "new_thread")
    def _(original: Any, connection: Any, identity: Any, title: str) -> Any:
        with connection.engine.begin() as own:
            own.execute(text("SELECT set_config('app.tenant_id', :tenant, true)"), {"tenant": identity.tenant_id})
            return original(own, identity, title)


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
