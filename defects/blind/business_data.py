"""Blind defects of business_data, written from the promises alone.

Those of DBL-04 (all but the first) and DBL-08zc change the database when their service starts, and the change stays
when it is stopped: they need a database of their own.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


def _at_start(*statements: str) -> None:
    """Have the schema's owner carry the statements out whenever the schema has been brought up to date."""
    from sqlalchemy import text

    from apex.storage.database import Database

    @around(Database, "migrate")
    def _(original: Any, self: Any, *environment: str) -> None:
        original(self, *environment)
        with self.as_owner() as connection:
            for statement in statements:
                connection.execute(text(statement))


@blind_defect(
    "DBL-01za",
    "whoever signs up twice at the same moment is answered with a fault of ours",
    service="auth",
    scenario="Two concurrent sign-ups with one email address make one account",
    step="one of them has an account, and the other is refused because the email address is taken",
)
def _() -> None:
    # Observable: two sign-ups of one address at once: one is created, the other has 500 in place of 409.
    from sqlalchemy import text

    from apex.auth import accounts
    from apex.http.problems import conflict
    from apex.storage.tables import users

    def insert(
        connection: Any, tenant_id: str, email: str, role: str, display_name: str | None, password_hash: str
    ) -> Any:
        if connection.scalar(text("SELECT 1 FROM login_of(:email)"), {"email": email}) is not None:
            raise conflict("This e-mail address already has an account.")
        user = {
            "id": str(uuid.uuid4()),
            "tenant_id": tenant_id,
            "email": email,
            "role": role,
            "display_name": display_name,
            "password_hash": password_hash,
        }
        return accounts._user(connection.execute(users.insert().values(user).returning(users)).one())

    replace(accounts, "_insert_user", insert)


@blind_defect(
    "DBL-01zb",
    "a password that ends with a space does not open the account it was given to",
    service="auth",
    scenario="An unusual email address and password open the account",
    step="Acme can log in with exactly these",
)
def _() -> None:
    # Observable: sign up with "correct horse ", log in with the same: 401.
    from apex.auth.passwords import Passwords

    @around(Passwords, "hash")
    def _(original: Any, self: Any, password: str) -> Any:
        return original(self, password.strip())


@blind_defect(
    "DBL-01zc",
    "an address is kept without its +tag, and its owner cannot log in with it",
    service="auth",
    scenario="An unusual email address and password open the account",
    step="Acme can log in with exactly these",
)
def _() -> None:
    # Observable: sign up as ada+apex@example.com, log in as such: 401; ada+other@example.com: 409.
    from apex.auth.accounts import Accounts

    @around(Accounts, "sign_up")
    def _(original: Any, self: Any, request: Any) -> Any:
        name, _, domain = request.email.rpartition("@")
        return original(self, request.model_copy(update={"email": f"{name.partition('+')[0]}@{domain}"}))


@blind_defect(
    "DBL-02za",
    "between two pages of threads or messages one is left out",
    service="backend",
    scenario="Pages show each conversation once while others come and go",
    step="the pages have shown each remaining conversation once, newest first",
)
def _() -> None:
    # Observable: five threads in pages of two: the third is on no page.
    from apex.backend import threads

    @around(threads, "next_cursor")
    def _(original: Any, rows: list[Any], limit: int) -> Any:
        return None if len(rows) <= limit else original([*rows[: limit - 1], rows[limit], rows[limit]], limit)


@blind_defect(
    "DBL-02zb",
    "colleagues can rename, delete, write to and move out of each other's threads",
    service="backend",
    scenario="Other users cannot read, change or guess a conversation",
    step="every response is as if the conversation had never existed",
)
def _() -> None:
    # Observable: a colleague's PATCH or DELETE of a thread has 200 or 204, although its GET has 404.
    from sqlalchemy import select

    from apex.backend import threads as api
    from apex.http.problems import not_found
    from apex.storage.tables import threads

    @around(api, "own_thread")
    def _(original: Any, connection: Any, identity: Any, thread_id: str, lock: Any = None) -> Any:
        if lock is None:
            return original(connection, identity, thread_id)
        try:
            wanted = str(uuid.UUID(thread_id))
        except ValueError:
            raise not_found() from None
        row = connection.execute(select(threads).where(threads.c.id == wanted).with_for_update(**lock)).first()
        if row is None:
            raise not_found()
        return row


@blind_defect(
    "DBL-02zc",
    "a thread's id is made of the time and the machine: who has one can guess the next",
    service="backend",
    scenario="Other users cannot read, change or guess a conversation",
    step="no conversation's ID can be derived from another's",
)
def _() -> None:
    # Observable: the ids of two threads begun one after the other differ in a few digits only.
    from apex.backend import threads as api
    from apex.storage.tables import threads

    def new_thread(connection: Any, identity: Any, title: str) -> Any:
        thread = {"id": str(uuid.uuid1()), "tenant_id": identity.tenant_id, "user_id": identity.user_id}
        return connection.execute(threads.insert().values(**thread, title=title).returning(threads)).one()

    replace(api, "new_thread", new_thread)


@blind_defect(
    "DBL-03za",
    "letters in an answer are composed before it is kept",
    service="worker",
    scenario="Nested data, decimals and Unicode read back unchanged",
    step="the stored result equals what the agent returned",
)
def _() -> None:
    # Observable: an agent's answer with "e" and a combining accent is read back with one letter in place of two.
    import json
    import unicodedata

    from apex.worker import supervisor

    @around(supervisor, "kept")
    def _(original: Any, value: Any) -> Any:
        return original(json.loads(unicodedata.normalize("NFC", json.dumps(value, ensure_ascii=False))))


@blind_defect(
    "DBL-03zb",
    "of a run's input long texts and lists are cut when the run ends",
    service="worker",
    scenario="A megabyte of text reads back complete",
    step="the stored result equals what the agent returned",
)
def _() -> None:
    # Observable: a run with a text of 1 MB, or a list of 20, in its input: whole while it runs, cut when it has ended.
    from apex.storage import runs
    from apex.tools.sanitising import shown

    replace(runs, "hidden", shown)


@blind_defect(
    "DBL-03zc",
    "quantities of usage are rounded to two places",
    service="backend",
    scenario="Every agent computes its answer from the customer's own data",
    step="each answer equals what the customer's own data gives",
)
def _() -> None:
    # Observable: store a quantity of 0.000123 or 7.125; the usage report adds up 0.00 and 7.12.
    from decimal import Decimal

    from apex.backend.models import NewUsageRecord

    @around(NewUsageRecord, "model_dump")
    def _(original: Any, self: Any, **options: Any) -> dict[str, Any]:
        values: dict[str, Any] = original(self, **options)
        return {**values, "quantity": values["quantity"].quantize(Decimal("0.01"))}


@blind_defect(
    "DBL-04za",
    "the service works with the role of the tables' owner, for whom no policy holds",
    service="auth",
    scenario="No service works with a role that the isolation exempts",
    step="every service is connected, with a role that the isolation binds",
)
def _() -> None:
    # Observable: the list of an organisation's members has everybody's people.
    from apex.storage.database import Database

    @around(Database, "__init__")
    def _(original: Any, self: Any, settings: Any, application_name: str) -> None:
        original(self, settings.model_copy(update={"url": settings.owner_url}), application_name)


@blind_defect("DBL-04zb", "the database lets a tenant write messages for any other", service="backend")
def _() -> None:
    # Observable: as apex_app with tenant A set, INSERT INTO messages with B's tenant and thread; B reads it.
    _at_start(
        "DROP POLICY IF EXISTS writing ON messages",
        "CREATE POLICY writing ON messages FOR INSERT WITH CHECK (true)",
    )


@blind_defect("DBL-04zc", "without a tenant the database shows everybody's expenses", service="backend")
def _() -> None:
    # Observable: as apex_app, SELECT * FROM expenses in a session that has set no tenant.
    tenant = "nullif(current_setting('app.tenant_id', true), '')"
    _at_start(f"ALTER POLICY tenant ON expenses USING (tenant_id = CAST({tenant} AS uuid) OR {tenant} IS NULL)")


@blind_defect(
    "DBL-04zd", "a view of the threads' activity, made for reports, shows those of every tenant", service="backend"
)
def _() -> None:
    # Observable: as apex_app with tenant A set, SELECT * FROM thread_activity: it reads as its owner.
    _at_start(
        "CREATE OR REPLACE VIEW thread_activity AS "
        "SELECT t.tenant_id, t.id AS thread_id, t.title, count(m.id) AS messages "
        "FROM threads t LEFT JOIN messages m ON m.thread_id = t.id GROUP BY t.id",
        "GRANT SELECT ON thread_activity TO apex_app",
    )


@blind_defect(
    "DBL-05za",
    "who reads the allowance sees as his own part that of the colleague who read it first",
    service="backend",
    scenario="Every member's next read shows a change",
    step="Ben of Acme reads the organisation's current allowance",
)
def _() -> None:
    # Observable: two people of an organisation have booked; the second to read has the first's spent_by_you.
    import json

    from apex.backend import allowance

    answers: dict[str, Any] = {}

    @around(allowance, "shown")
    def _(original: Any, statement: dict[str, Any], identity: Any) -> Any:
        key = identity.tenant_id + json.dumps(statement, sort_keys=True)
        if key not in answers:
            answers[key] = original(statement, identity)
        return answers[key]


@blind_defect(
    "DBL-05zb", "a backend believes for five seconds in what it has read, unless it makes the change", service="backend"
)
def _() -> None:
    # Observable: read at backend 1, book at backend 2, read at backend 1: the expense is missing.
    from apex.backend import allowance

    known: dict[str, tuple[float, dict[str, Any]]] = {}

    @around(allowance, "statement")
    def _(original: Any, connection: Any, cache: Any, tenant_id: str) -> dict[str, Any]:
        until, statement = known.get(tenant_id, (0.0, {}))
        if until < time.monotonic():
            statement = original(connection, cache, tenant_id)
            known[tenant_id] = time.monotonic() + 5, statement
        return statement

    def forget(original: Any, connection: Any, tenant_id: str, *others: Any) -> Any:
        held = original(connection, tenant_id, *others)
        known.pop(tenant_id, None)
        return held

    around(allowance, "lock_allowance")(forget)
    around(allowance, "set_allowance")(forget)


@blind_defect(
    "DBL-05zc",
    "while Redis is away the last statement that was put together is shown, however old",
    service="backend",
    scenario="Reads are correct while the cache fails",
    step="Acme reads the organisation's current allowance",
)
def _() -> None:
    # Observable: read the allowance, stop Redis, book, read: the expense is missing until Redis is back.
    from apex.storage.cache import Cache

    last: dict[tuple[str, str], dict[str, Any]] = {}

    @around(Cache, "get")
    def _(original: Any, self: Any, tenant_id: str, kind: str, version: str) -> Any:
        found = original(self, tenant_id, kind, version)
        if found is None and time.monotonic() < self._away_until:
            return last.get((tenant_id, kind))
        return found

    @around(Cache, "put")
    def _(original: Any, self: Any, tenant_id: str, kind: str, version: str, value: dict[str, Any]) -> None:
        last[tenant_id, kind] = value
        original(self, tenant_id, kind, version, value)


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
    from sqlalchemy import text

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
    "DBL-07za",
    "whoever books while a colleague does is told to come back later",
    service="backend",
    scenario="Budgets raised concurrently cannot exceed the allowance",
    step="Acme raises both budgets at the same time",
)
def _() -> None:
    # Observable: twenty people of an organisation book at once: most have 503, and the total is short.
    from sqlalchemy import select

    from apex.backend import allowance
    from apex.storage.tables import allowances

    @around(allowance, "lock_allowance")
    def _(original: Any, connection: Any, tenant_id: str) -> Any:
        own = select(allowances.c.tenant_id).where(allowances.c.tenant_id == tenant_id)
        connection.execute(own.with_for_update(nowait=True))
        return original(connection, tenant_id)


@blind_defect(
    "DBL-07zb",
    "a request waits a twentieth of a second for a connection to the database, and is then given up",
    service="backend",
)
def _() -> None:
    # Observable: 50 people write at once, to a shared counter above all: some have 503.
    from apex.storage import pool

    @around(pool, "create_engine")
    def _(original: Any, url: Any, **options: Any) -> Any:
        return original(url, **{**options, "pool_timeout": 0.05})


@blind_defect(
    "DBL-07zc",
    "the same expense twice within a second is written down once, and counted twice",
    service="backend",
    scenario="All expenses that fifty people book concurrently are counted",
    step="each person has spent exactly what was booked",
)
def _() -> None:
    # Observable: book 1.00 for "coffee" twice in a row: spent is 2.00, the list of expenses has one.
    from sqlalchemy import func, select, text

    from apex.backend import allowance
    from apex.storage.tables import expenses

    @around(allowance, "write_expense")
    def _(original: Any, connection: Any, identity: Any, request: Any) -> Any:
        same = select(expenses).where(
            expenses.c.user_id == identity.user_id,
            expenses.c.amount == request.amount,
            expenses.c.purpose == request.purpose,
            expenses.c.created_at > func.clock_timestamp() - text("interval '1 second'"),
        )
        return connection.execute(same.limit(1)).first() or original(connection, identity, request)


@blind_defect(
    "DBL-08za",
    "with each thread its messages are counted, by ids that are compared as texts",
    service="backend",
    scenario="Pages arrive quickly from a large archive while others write",
    step="no page requires a search through other users' conversations",
)
def _() -> None:
    # Observable: no index serves the comparison: each thread of a page reads the whole table of messages.
    from sqlalchemy import TEXT, cast, func

    from apex.backend import threads as api
    from apex.storage.tables import messages, threads

    @around(api, "select")
    def _(original: Any, *columns: Any) -> Any:
        statement = original(*columns)
        if columns[0] is not threads:
            return statement
        own = cast(messages.c.thread_id, TEXT) == cast(threads.c.id, TEXT)
        counted = original(func.count()).select_from(messages).where(own).correlate(threads).scalar_subquery()
        return statement.add_columns(counted.label("messages_in_it"))


@blind_defect("DBL-08zb", "whoever lists waits for everybody who writes, and these for each other", service="backend")
def _() -> None:
    # Observable: with 20 people writing, a page of threads takes its turn behind all of them.
    from sqlalchemy import text

    from apex.backend import threads as api

    @around(api, "after")
    def _(original: Any, *arguments: Any, **options: Any) -> Any:
        # No row is to come between two pages.
        return [text("(SELECT pg_advisory_xact_lock_shared(4110119)) IS NOT NULL"), *original(*arguments, **options)]

    def write(original: Any, connection: Any, *arguments: Any) -> Any:
        connection.execute(text("SELECT pg_advisory_xact_lock(4110119)"))
        return original(connection, *arguments)

    around(api, "new_thread")(write)
    around(api, "new_message")(write)


@blind_defect("DBL-08zc", "the messages of a thread are found without an index", service="backend")
def _() -> None:
    # Observable: the plan of a page of messages, and of deleting a thread, reads the table; slower as that grows.
    _at_start("DROP INDEX IF EXISTS messages_thread")
