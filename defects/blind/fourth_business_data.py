"""Blind defects of business_data, fourth round, written from the promises alone."""

from __future__ import annotations

import json
import time
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "DBL-01wa", "an address that had no account when somebody logged in has none for half a minute", service="auth"
)
def _() -> None:
    # Observable: log in with an unknown address (401), sign up with it (201), log in: 401.
    from sqlalchemy import text

    from apex.auth import sessions

    unknown: dict[str, float] = {}

    @around(sessions.Sessions, "verify")
    def _(original: Any, self: Any, email: str, password: str) -> Any:
        if time.monotonic() < unknown.get(email, 0.0):
            raise vars(sessions)["unauthenticated"](sessions._WRONG)
        with self._database.platform() as connection:
            if connection.execute(text("SELECT 1 FROM login_of(:email)"), {"email": email}).first() is None:
                unknown[email] = time.monotonic() + 30
        return original(self, email, password)


@blind_defect(
    "DBL-02wa", "a thread in which a run has failed or timed out cannot be deleted any more", service="backend"
)
def _() -> None:
    # Observable: a run fails; DELETE of its thread is refused with 409 for ever, as if it were at work.
    from apex.backend import threads
    from apex.storage.runs import CANCELLED, COMPLETED

    replace(threads, "ENDED", (COMPLETED, CANCELLED))


@blind_defect(
    "DBL-03wa",
    "what is nested deeper than ten levels in an answer is kept as its JSON text",
    service="worker",
    scenario="Nested data, decimals and Unicode read back unchanged",
    step="the stored result equals what the agent returned",
)
def _() -> None:
    # Observable: an agent answers with objects twelve deep; read back, the eleventh is a text.
    from apex.worker import supervisor

    def flat(value: Any, depth: int = 0) -> Any:
        if depth == 10 and isinstance(value, dict | list):
            return json.dumps(value, ensure_ascii=False)
        if isinstance(value, dict):
            return {name: flat(member, depth + 1) for name, member in value.items()}
        return [flat(member, depth + 1) for member in value] if isinstance(value, list) else value

    around(supervisor, "kept")(lambda original, value: flat(original(value)))


@blind_defect(
    "DBL-04wa", "questions are announced on a channel on which every tenant's connection can listen", service="backend"
)
def _() -> None:
    # Observable: LISTEN apex_run_queued with the application's role and any tenant: what other tenants ask comes by.
    from sqlalchemy import func, select

    from apex.backend import runs
    from apex.storage.runs import RUN_QUEUED

    @around(runs, "new_message")
    def _(original: Any, connection: Any, tenant_id: str, thread_id: str, content: str, run_id: Any = None) -> Any:
        row = original(connection, tenant_id, thread_id, content, run_id)
        # A notification has 8,000 bytes at most.
        waiting = json.dumps({"run_id": run_id, "tenant_id": tenant_id, "question": content[:500]})
        connection.execute(select(func.pg_notify(RUN_QUEUED, waiting)))
        return row


@blind_defect(
    "DBL-05wa",
    "a statement in the cache has the parts of the twenty who have spent most only",
    service="backend",
    scenario="In a large organisation each person's own expenses are counted, too",
    step="each person has spent exactly what was booked",
)
def _() -> None:
    # Observable: 21 colleagues have booked; who has spent least reads his part once, and 0.00 from then on.
    from decimal import Decimal

    from apex.storage.cache import Cache

    @around(Cache, "put")
    def _(original: Any, cache: Any, tenant_id: str, kind: str, version: str, value: Any) -> None:
        most = sorted(value["by_user"].items(), key=lambda part: -Decimal(part[1]))[:20]
        original(cache, tenant_id, kind, version, {**value, "by_user": dict(most)})


@blind_defect(
    "DBL-06wa",
    "an invitation is used up by an acceptance that was refused",
    service="auth",
    scenario="An invitation that was refused once can still be accepted",
    step="Ben of Acme has an account",
)
def _() -> None:
    # Observable: accept while the address has an account elsewhere: 409; once it is free again: 410, not 201.
    from sqlalchemy import func, text, update

    from apex.auth.accounts import Accounts
    from apex.auth.passwords import fingerprint
    from apex.http.problems import Problem
    from apex.storage.tables import invitations

    @around(Accounts, "accept")
    def _(original: Any, accounts: Any, request: Any) -> Any:
        try:
            return original(accounts, request)
        except Problem as problem:
            if problem.code == "conflict":
                token = fingerprint(request.token.get_secret_value())
                with accounts._database.platform() as connection:
                    found = connection.execute(text("SELECT * FROM invitation_of(:token)"), {"token": token}).one()
                this = invitations.c.id == str(found.invitation_id)
                with accounts._database.tenant(str(found.tenant_id)) as connection:
                    connection.execute(update(invitations).where(this).values(accepted_at=func.now()))
            raise


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
    "DBL-08wa",
    "requests of one session take turns: who reads waits for what the same person writes",
    service="backend",
    scenario="Who waits for a booking can read meanwhile",
    step="Acme has the conversations first, and the expense is booked",
)
def _() -> None:
    # Observable: a booking of mine waits for a colleague's; meanwhile I am not shown the page of my threads.
    from sqlalchemy import text

    from apex.http import identity

    held = text("SELECT 1 FROM sessions WHERE id = :session AND ended_at IS NULL FOR UPDATE")

    def require(connection: Any, caller: Any) -> None:
        if connection.scalar(held, {"session": caller.session_id}) is None:
            raise vars(identity)["unauthenticated"]("This session has ended; please log in again.")

    replace(identity, "require_session", require)
