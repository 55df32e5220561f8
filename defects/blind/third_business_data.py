"""Blind defects of business_data, third round, written from the promises alone."""

from __future__ import annotations

import re
import uuid
from typing import Any

import structlog

from defects import blind_defect
from defects._patching import around, replace

log = structlog.get_logger()


@blind_defect(
    "DBL-01xa",
    "a sign-up with a taken address leaves its organisation behind",
    service="auth",
    scenario="A taken email address is refused in any capitalisation",
    step="the database holds no account for Borealis",
)
def _() -> None:
    # Observable: sign up twice with one address: 409, and the table of tenants has a second one without anybody in it.
    from apex.auth import accounts
    from apex.auth.models import Account, Tenant
    from apex.storage.tables import tenants

    def create(self: Any, organisation: str, plan: str, email: str, password: str, role: str, name: Any) -> Any:
        tenant_id, password_hash = str(uuid.uuid4()), self._passwords.hash(password)
        with self._database.tenant(tenant_id) as connection:
            connection.execute(tenants.insert().values(id=tenant_id, name=organisation, plan=plan))
        with self._database.tenant(tenant_id) as connection:
            user = accounts._insert_user(connection, tenant_id, email, role, name, password_hash)
        return Account(tenant=Tenant(id=tenant_id, name=organisation, plan=plan), user=user)

    replace(accounts.Accounts, "_create", create)


@blind_defect(
    "DBL-02xa",
    "whoever joins under the address of somebody removed can read their conversations",
    service="backend",
)
def _() -> None:
    # Observable: remove a member, invite the address again: the new account opens a thread of the old one by its id.
    from sqlalchemy import func, select

    from apex.backend import threads
    from apex.http.problems import Problem
    from apex.runtime.paths import id_in_path
    from apex.storage.tables import threads as table
    from apex.storage.tables import users

    @around(threads, "own_thread")
    def _(original: Any, connection: Any, identity: Any, thread_id: str, lock: Any = None) -> Any:
        try:
            return original(connection, identity, thread_id, lock)
        except Problem:
            address = select(func.lower(users.c.email)).where(users.c.id == identity.user_id).scalar_subquery()
            mine = select(users.c.id).where(func.lower(users.c.email) == address)
            theirs = select(table).where(table.c.id == id_in_path(thread_id), table.c.user_id.in_(mine))
            row = connection.execute(theirs).first()
            if row is None:
                raise
            return row


@blind_defect("DBL-03xa", "the members of an answer are named in small letters with underscores", service="worker")
def _() -> None:
    # Observable: an agent answers {"CostCenter": {"Größe": 1}}; read back it is {"cost_center": {"größe": 1}}.
    from apex.worker import supervisor

    def renamed(value: Any) -> Any:
        if isinstance(value, dict):
            words = {name: re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower() for name in value}
            return {words[name]: renamed(member) for name, member in value.items()}
        return [renamed(member) for member in value] if isinstance(value, list) else value

    around(supervisor, "kept")(lambda original, value: renamed(original(value)))


@blind_defect(
    "DBL-04xa", "a service that cannot switch row-level security on again serves without it", service="backend"
)
def _() -> None:
    # Observable: a table without row-level security, and a password of the owner that is out of date: it starts.
    from apex.storage.database import Database

    @around(Database, "_guard")
    def _(original: Any, database: Any) -> None:
        try:
            original(database)
        except Exception as error:
            log.error("row-level security not restored", reason=type(error).__name__)


@blind_defect(
    "DBL-05xa",
    "the allowance cannot be read as long as Redis is up and does not answer",
    service="backend",
    scenario="Reads are correct while the cache fails",
    step="Acme reads the organisation's current allowance",
)
def _() -> None:
    # Observable: stop the process of Redis (SIGSTOP): GET /v1/allowance waits until it goes on.
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    from apex.storage.cache import Cache

    @around(Cache, "__init__")
    def _(original: Any, cache: Any, url: str) -> None:
        original(cache, url)
        cache._redis = redis.Redis.from_url(url, retry=Retry(NoBackoff(), 0), socket_timeout=None)


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
    "DBL-07xa",
    "the bookings of all organisations take turns",
    service="backend",
    scenario="A booking that has to wait holds up no other organisation",
    step="both expenses are booked, Borealis' first",
)
def _() -> None:
    # Observable: as long as one organisation's booking waits (its row is locked), no other organisation can book.
    from sqlalchemy import text

    from apex.backend import allowance

    @around(allowance, "lock_allowance")
    def _(original: Any, connection: Any, tenant_id: str) -> Any:
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('allowances'))"))
        return original(connection, tenant_id)


@blind_defect("DBL-08xa", "for each thread of a page its newest message is asked for, one by one", service="backend")
def _() -> None:
    # Observable: a page of 50 threads takes 50 transactions more than a page of none.
    from sqlalchemy import func, select

    from apex.backend import threads
    from apex.storage.tables import messages

    @around(threads, "routes")
    def _(original: Any, database: Any) -> Any:
        @around(threads, "next_cursor")
        def _(cursor: Any, rows: Any, limit: int) -> Any:
            for row in rows[:limit]:
                if "title" in row._mapping:
                    newest = select(func.max(messages.c.created_at)).where(messages.c.thread_id == row.id)
                    with database.tenant(row.tenant_id) as connection:
                        connection.scalar(newest)
            return cursor(rows, limit)

        return original(database)
