"""Blind defects of DBP-14."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection

from defects import blind_defect
from defects._patching import around, replace
from defects._transactions import final_so_far


@blind_defect(
    "DBP-14oa",
    "an Idempotency-Key stays claimed by a request that was rolled back",
    service="backend",
    scenario="A change that fails is as if it had never been tried",
    step="nothing of Acme has changed in any store",
)
def _() -> None:
    # Observable: POST /v1/allowance/expenses with an Idempotency-Key and more than the allowance covers: 409
    # allowance_exceeded, nothing booked. Raise the allowance and send the same again, with the same key: 409
    # in_progress, for a day, instead of 201; idempotency_keys has a row without an answer. So it is after every error
    # or fault in a request with a key.
    from apex.http import idempotency
    from apex.http.identity import Identity
    from apex.http.problems import Problem
    from defects._transactions import final_so_far

    @around(idempotency, "_known")
    def _known(
        original: Callable[..., str | None], connection: Connection, identity: Identity, key: str, fingerprint: str
    ) -> str | None:
        answer = original(connection, identity, key, fingerprint)
        if answer is None:
            # Whoever sends it a second time meanwhile is told so, and need not wait.
            final_so_far(connection, identity.tenant_id)
        elif answer == str(None):
            raise Problem(409, "in_progress", "This request is being worked on.", headers={"retry-after": "1"})
        return answer


@blind_defect(
    "DBP-14pa",
    "the Idempotency-Key of a request that failed stays used",
    service="backend",
    scenario="A change that fails is as if it had never been tried",
    step="nothing of Acme has changed in any store",
)
def _() -> None:
    # Observable: book an expense beyond the allowance with an Idempotency-Key (409 allowance_exceeded, nothing booked),
    # raise the allowance and send the same again with the same key: 409, "is being worked on already", for a day, and
    # the table idempotency_keys has the key, without an answer. The same after a 404, a fault, or a cut connection.
    from apex.http import idempotency
    from apex.http.identity import Identity
    from apex.http.problems import conflict

    @around(idempotency, "_known")
    def _known(
        original: Callable[..., str | None], connection: Connection, identity: Identity, key: str, fingerprint: str
    ) -> str | None:
        known = original(connection, identity, key, fingerprint)
        if known is None:
            # Others are to see the claim while the work is being done.
            final_so_far(connection, identity.tenant_id)
        elif known == "None":
            raise conflict("This request is being worked on already.")
        return known


@blind_defect(
    "DBP-14sa",
    "the end of a session is announced before it is committed",
    service="auth",
    scenario="A removal that fails changes nothing and sends no event",
    step="the first event that Ben of Acme receives is from the next run",
)
def _() -> None:
    # Observable: hold a lock on a run of a member and remove the member: after lock_seconds the answer is 503, and the
    # member is still one, with tokens that work; but all of the member's sockets were closed with 4403.
    from sqlalchemy import func, select

    from apex.auth.sessions import SESSION_ENDED, Sessions

    @around(Sessions, "end")
    def _(original: Any, self: Any, connection: Any, session_ids: list[str], reason: str) -> None:
        original(self, connection, session_ids, reason)
        # Nobody's socket waits until all the rest is done.
        with self._database.platform() as own:
            for session_id in session_ids:
                own.execute(select(func.pg_notify(SESSION_ENDED, f"{session_id} {reason}")))


@blind_defect(
    "DBP-14ua",
    "what a person has spent is counted in a transaction of its own",
    service="backend",
    scenario="A change that fails is as if it had never been tried",
    step="nothing of Acme has changed in any store",
)
def _() -> None:
    # Observable: an expense that fails after that (its last step is refused or too late, the connection is lost, the
    # backend killed) is nowhere, and spent is as before; but spent_by_you has it, from the next statement on.
    from apex.backend import allowance
    from apex.storage import database

    @around(allowance, "count_share")
    def _(original: Any, connection: Any, identity: Any, amount: Any, month: Any) -> None:
        with connection.engine.begin() as own:
            own.execute(database._SET_TENANT, {"tenant": identity.tenant_id})
            original(own, identity, amount, month)


@blind_defect(
    "DBP-14ub",
    "the end of a session is announced before it is committed",
    service="auth",
    scenario="A removal that fails changes nothing and sends no event",
    step="the first event that Ben of Acme receives is from the next run",
)
def _() -> None:
    # Observable: a log-out, or the removal of a member, that is rolled back (a run of theirs is locked for too long,
    # the connection is lost, auth killed) has closed their sockets all the same, though their session goes on.
    from datetime import UTC, datetime

    from sqlalchemy import func, select, update

    from apex.auth import sessions
    from apex.storage.tables import sessions as table

    def end(self: Any, connection: Any, session_ids: list[str], reason: str) -> None:
        ended = update(table).where(table.c.id.in_(session_ids))
        connection.execute(ended.values(ended_at=datetime.now(UTC), end_reason=reason))
        with self._database.platform() as own:
            for session_id in session_ids:
                own.execute(select(func.pg_notify(sessions.SESSION_ENDED, f"{session_id} {reason}")))
        sessions.log.info("sessions ended", count=len(session_ids), reason=reason)

    replace(sessions.Sessions, "end", end)
