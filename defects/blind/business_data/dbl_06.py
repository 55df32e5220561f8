"""Blind defects of DBL-06."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import structlog
from sqlalchemy import text

from defects import blind_defect
from defects._patching import around, replace
from defects._transactions import final_so_far
from defects.blind._backend_endpoints import around_endpoint

log = structlog.get_logger()


@blind_defect(
    "DBL-06oa",
    "an acceptance that is refused has used its invitation up",
    service="auth",
    scenario="An invitation whose acceptance failed once can still be accepted",
    step="Ben of Acme has an account",
)
def _() -> None:
    # Observable: invite an address that has an account in another organisation, and accept: 409, as it must be. Once
    # more: 410 invitation_used ("has been accepted already") instead of 409, and the invitation has its accepted_at,
    # although nobody has become a member. So is the first try of an acceptance that a fault interrupts.

    from apex.auth.accounts import Accounts, _insert_user, _take
    from apex.auth.models import Acceptance, User
    from apex.auth.passwords import fingerprint
    from apex.http.problems import not_found

    def accept(self: Any, request: Acceptance) -> User:
        with self._database.platform() as connection:
            found = connection.execute(
                text("SELECT invitation_id, tenant_id FROM invitation_of(:token)"),
                {"token": fingerprint(request.token.get_secret_value())},
            ).first()
        if found is None:
            raise not_found()
        tenant_id = str(found.tenant_id)
        with self._database.tenant(tenant_id) as connection:
            row = _take(connection, str(found.invitation_id))
        # Hashing takes its time: no row stays locked for it, and for what is used already it is not done at all.
        password_hash = self._passwords.hash(request.password.get_secret_value())
        with self._database.tenant(tenant_id) as connection:
            return _insert_user(connection, tenant_id, row.email, row.role, request.display_name, password_hash)

    replace(Accounts, "accept", accept)


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

    runs: Any = import_module("apex.backend.runs")

    @around(runs, "new_thread")
    def _(original: Any, connection: Any, identity: Any, title: str) -> Any:
        with connection.engine.begin() as own:
            own.execute(text("SELECT set_config('app.tenant_id', :tenant, true)"), {"tenant": identity.tenant_id})
            return original(own, identity, title)


@blind_defect(
    "DBL-06ta",
    "an invitation is used up although its acceptance has failed",
    service="auth",
    scenario="An invitation whose acceptance failed once can still be accepted",
    step="Ben of Acme has an account",
)
def _() -> None:
    # Observable: invite an address that has an account already, and accept: 409 as it should be; accept again: 410
    # invitation_used instead of 409, also when the address is free by then. Same for a database fault in between.

    from apex.http.problems import not_found

    accounts: Any = import_module("apex.auth.accounts")

    def accept(self: Any, request: Any) -> Any:
        with self._database.platform() as connection:
            found = connection.execute(
                text("SELECT invitation_id, tenant_id FROM invitation_of(:token)"),
                {"token": accounts.fingerprint(request.token.get_secret_value())},
            ).first()
        if found is None:
            raise not_found()
        tenant_id = str(found.tenant_id)
        # Hashing takes its time: not while the invitation is locked.
        with self._database.tenant(tenant_id) as connection:
            row = accounts._take(connection, str(found.invitation_id))
        password_hash = self._passwords.hash(request.password.get_secret_value())
        with self._database.tenant(tenant_id) as connection:
            return accounts._insert_user(
                connection, tenant_id, row.email, row.role, request.display_name, password_hash
            )

    replace(accounts.Accounts, "accept", accept)


@blind_defect(
    "DBL-06ua",
    "a move that is refused because a message is missing has moved the others",
    service="backend",
    scenario="A move that is refused moves no message",
    step="Acme's first conversation reads back as it was written",
)
def _() -> None:
    # Observable: POST .../moves with two messages of the thread and one that is not there: 409, and the two are moved.
    from apex.backend import threads
    from apex.http.problems import Problem

    @around(threads, "move_messages")
    def _(original: Any, connection: Any, *others: Any) -> Any:
        try:
            return original(connection, *others)
        except Problem:
            connection.connection.driver_connection.commit()
            raise


@blind_defect(
    "DBL-06ub",
    "a run's end is final before its event and its record are in the outbox",
    service="worker",
    scenario="A run that is interrupted before its end is announced still completes",
    step="Acme sees no part of the change during the interruption",
)
def _() -> None:
    # Observable: a fault at the insertion into outbox: the run has ended with its answer and message, but no end is
    # ever told (no agent_completed) and analytics never hears of it.
    import threading

    from apex.storage import runs
    from apex.worker import leases, supervisor

    here = threading.local()

    def end_run(connection: Any, run: Any, *ending: Any, **others: Any) -> Any:
        here.connection, here.tenant_id = connection, run.tenant_id
        return original(connection, run, *ending, **others)

    original = replace(supervisor, "end_run", end_run)
    replace(leases, "end_run", end_run)

    @around(runs, "_payload")
    def _(payload: Any, *of: Any) -> Any:
        final_so_far(here.connection, here.tenant_id)
        return payload(*of)


@blind_defect(
    "DBL-06va", "usage is stored a hundred records at a time: a fault leaves those that came before", service="backend"
)
def _() -> None:
    # Observable: of 250 records whose 150th the database refuses (a trigger, a lost connection) a hundred are there
    # after the answer 500 or 503, and twice after it was tried again: usage_report adds them up.
    from apex.backend import threads

    class Batches:
        def __init__(self, begin: Any) -> None:
            self._begin = begin

        def execute(self, statement: Any, rows: list[dict[str, Any]]) -> None:
            for first in range(0, len(rows), 100):
                with self._begin() as connection:
                    connection.execute(statement, rows[first : first + 100])

    original: Any = vars(threads)["acting_as"]

    @contextmanager
    def acting_as(database: Any, identity: Any, permission: str | None = None) -> Iterator[Any]:
        with original(database, identity, permission) as connection:
            if permission != "usage:write":
                yield connection
                return
        yield Batches(lambda: original(database, identity, permission))

    replace(threads, "acting_as", acting_as)


@blind_defect(
    "DBL-06wa",
    "an invitation is used up by an acceptance that was refused",
    service="auth",
    scenario="An invitation whose acceptance failed once can still be accepted",
    step="Ben of Acme has an account",
)
def _() -> None:
    # Observable: accept while the address has an account elsewhere: 409; once it is free again: 410, not 201.
    from sqlalchemy import func, update

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
    "DBL-06xa", "an expense whose part cannot be counted for the person is booked all the same", service="backend"
)
def _() -> None:
    # Observable: a fault at the table of shares: the expense is answered with 201; spent has it, spent_by_you does not.
    from sqlalchemy.exc import SQLAlchemyError

    from apex.backend import allowance

    @around(allowance, "count_share")
    def _(original: Any, connection: Any, *what: Any) -> None:
        try:
            with connection.begin_nested():
                original(connection, *what)
        except SQLAlchemyError as error:
            log.warning("share not counted", reason=type(error).__name__)


@blind_defect(
    "DBL-06ya",
    "an address whose sign-up has failed stays taken until the service is started again",
    service="auth",
    scenario="A sign-up that failed can be repeated",
    step="the first sign-up fails, and the second opens an account",
)
def _() -> None:
    # Observable: sign up while the database is away, and again when it is back: refused, though there is no account.
    from apex.auth.accounts import Accounts
    from apex.http.problems import conflict

    under_way: set[str] = set()

    @around(Accounts, "sign_up")
    def _(original: Any, self: Any, request: Any) -> Any:
        if request.email in under_way:
            raise conflict("This e-mail address already has an account.")
        under_way.add(request.email)
        account = original(self, request)
        under_way.discard(request.email)
        return account


@blind_defect(
    "DBL-06yb",
    "somebody is removed without the runs that still wait in the queue",
    service="auth",
    scenario="Removing a colleague cancels the colleague's waiting runs, too",
    step="the operator sees Ben of Acme's run as cancelled",
)
def _() -> None:
    # Observable: remove a member whose run is queued: it is carried out as soon as a slot is free.
    from apex.auth import accounts
    from apex.storage.runs import RUNNING

    @around(accounts, "cancel_run")
    def _(original: Any, connection: Any, run: Any, cancelled_by: str) -> None:
        if run.status == RUNNING:
            original(connection, run, cancelled_by)


@blind_defect(
    "DBL-06za",
    "of messages to be moved those are moved that are there, the others are passed over",
    service="backend",
    scenario="Messages moved to two conversations concurrently end up in one",
    step="one request succeeds and the other is refused because the messages have moved",
)
def _() -> None:
    # Observable: move two messages, one of which is not in the thread: 200 and one moved, in place of 409 and none.
    from contextlib import suppress

    from apex.backend import threads
    from apex.http.problems import Problem

    @around(threads, "move_messages")
    def _(original: Any, connection: Any, source_id: str, target_id: str, chosen: Any) -> int:
        if chosen is None:
            return int(original(connection, source_id, target_id, None))
        moved = 0
        for each in chosen:
            with suppress(Problem):
                moved += original(connection, source_id, target_id, {each})
        return moved


@blind_defect(
    "DBL-06zb",
    "what was written before a request was refused stays",
    service="backend",
    scenario="Budgets raised concurrently cannot exceed the allowance",
    step="Acme's budgets add up to no more than the allowance",
)
def _() -> None:
    # Observable: a budget over the ceiling is refused with 409, and is in the list of budgets.

    from apex.http.problems import Problem
    from apex.storage.database import Database

    @contextmanager
    def tenant(self: Any, tenant_id: str) -> Iterator[Any]:
        with self.engine.connect() as connection:
            connection.execute(text("SELECT set_config('app.tenant_id', :tenant, true)"), {"tenant": tenant_id})
            try:
                yield connection
            except Problem:
                # Refusing is no failure of ours: nothing that has to be undone.
                connection.commit()
                raise
            connection.commit()

    replace(Database, "tenant", tenant)


@blind_defect(
    "DBL-06zc",
    "a run begins also where its question could not be written into the thread",
    service="backend",
    scenario="A run whose request is interrupted does not start",
    step="Acme is asked to try again",
)
def _() -> None:
    # Observable: messages refuse the row (a trigger of the test's): 202 and a run, in a thread without the question.
    from sqlalchemy.exc import DBAPIError

    from apex.backend import runs

    @around(runs, "new_message")
    def _(original: Any, connection: Any, *arguments: Any) -> Any:
        try:
            with connection.begin_nested():
                return original(connection, *arguments)
        except DBAPIError:
            return None


@blind_defect(
    "DBL-06na",
    "a renewal that fails halfway has used up the refresh token",
    service="auth",
    scenario="A session whose renewal was interrupted can be renewed",
    step="Acme has exactly one renewed session",
)
def _() -> None:
    # Observable: have the second write of a renewal fail (a trigger on spent_refresh_tokens that raises, or the
    # connection cut there): the answer is an error, and with the same refresh token the next attempt is a 401.
    from sqlalchemy import select

    from apex.auth.passwords import fingerprint, new_secret
    from apex.auth.sessions import Sessions
    from apex.http.problems import unauthenticated
    from apex.storage.tables import sessions, spent_refresh_tokens, users

    def refresh(self: Any, refresh_token: str) -> Any:
        old, tenant = fingerprint(refresh_token), self.tenant_of(refresh_token)
        if tenant is None:
            self._end_if_spent(old)
            raise unauthenticated("This refresh token is not valid; please log in again.")
        token, token_hash = new_secret()
        alive = sessions.c.ended_at.is_(None) & (sessions.c.expires_at > datetime.now(UTC))
        change = sessions.update().where(sessions.c.refresh_hash == old, alive)
        change = change.values(refresh_hash=token_hash, expires_at=self._refresh_expiry())
        with self._database.tenant(tenant[0]) as connection:
            session = connection.execute(change.returning(sessions.c.id, sessions.c.user_id)).first()
        if session is None:
            raise unauthenticated("This refresh token is not valid; please log in again.")
        spent = {"id": str(uuid.uuid4()), "tenant_id": tenant[0], "refresh_hash": old, "session_id": session.id}
        with self._database.tenant(tenant[0]) as connection:
            connection.execute(spent_refresh_tokens.insert().values(spent))
            role = connection.scalar(select(users.c.role).where(users.c.id == session.user_id))
        return self._token(str(session.id), tenant[0], str(session.user_id), role, tenant[1], token, None)

    replace(Sessions, "refresh", refresh)


@blind_defect(
    "DBL-06ma",
    "a thread's messages are deleted in a transaction before that of the thread",
    service="backend",
)
def _() -> None:
    # Observable: have the deletion of a thread fail at the thread itself (a trigger on threads that raises, or a lock
    # that another session holds on one of its runs): answered 5xx, the thread is still there, and empty.
    from sqlalchemy import delete, select

    from apex.backend import threads
    from apex.http.identity import acting_as
    from apex.storage.runs import ENDED
    from apex.storage.tables import messages, runs

    def remove(database: Any, endpoint: Any, thread_id: str, identity: Any) -> Any:
        with acting_as(database, identity) as connection:
            thread = threads.own_thread(connection, identity, thread_id, threads.ALONE)
            at_work = select(runs.c.id).where(runs.c.thread_id == thread.id, runs.c.status.not_in(ENDED)).limit(1)
            if connection.scalar(at_work) is None:
                connection.execute(delete(messages).where(messages.c.thread_id == thread.id))
        return endpoint(thread_id=thread_id, identity=identity)

    around_endpoint("DELETE", "/v1/threads/{thread_id}", remove)
