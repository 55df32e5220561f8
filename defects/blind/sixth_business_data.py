"""Blind defects of business_data, written from the promises alone."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from defects import blind_defect
from defects._patching import around, replace
from defects._routes import answer_instead
from defects._transactions import final_so_far


@blind_defect(
    "DBL-01ua",
    "a refused second sign-up leaves an organisation without anybody in it",
    service="auth",
    scenario="A taken email address is refused in any capitalisation",
    step="the database holds no account for Borealis",
)
def _() -> None:
    # Observable: sign up again with a known address: 409, and yet there is one more row in tenants.
    from apex.auth import accounts

    @around(accounts, "_insert_user")
    def _(original: Any, connection: Any, tenant_id: str, email: str, role: str, *others: Any) -> Any:
        if role == "owner":
            final_so_far(connection, tenant_id)
        return original(connection, tenant_id, email, role, *others)


@blind_defect(
    "DBL-01ub",
    "a password is trimmed when it is set and not when it is typed",
    service="auth",
    scenario="An unusual email address and password open the account",
    step="Acme can log in with exactly these",
)
def _() -> None:
    # Observable: sign up (or accept an invitation) with a password that begins or ends with a space: 201, and no
    # log-in with it ever succeeds.
    from apex.auth.passwords import Passwords

    @around(Passwords, "hash")
    def _(original: Any, self: Any, password: str) -> Any:
        return original(self, password.strip())


@blind_defect(
    "DBL-02ua",
    "messages can be moved into a thread of a colleague",
    service="backend",
    scenario="Other users cannot read, change or guess a conversation",
    step="every response is as if the conversation had never existed",
)
def _() -> None:
    # Observable: POST /v1/threads/{own}/moves with to_thread_id of a colleague's thread: 200 instead of 404, and the
    # messages stand in the colleague's conversation.
    from sqlalchemy import select

    from apex.backend.models import Move, Moved
    from apex.http.identity import Caller, acting_as
    from apex.http.problems import not_found
    from apex.runtime.paths import Named

    threads: Any = import_module("apex.backend.threads")

    def own(database: Any, router: Any) -> None:
        def move(thread_id: Any, request: Any, identity: Any) -> Any:
            with acting_as(database, identity) as connection:
                source = threads.own_thread(connection, identity, thread_id, threads.KEPT)
                known = select(threads.threads).where(threads.threads.c.id == request.to_thread_id)
                target = connection.execute(known.with_for_update(**threads.KEPT)).first()
                if target is None:
                    raise not_found()
                chosen = None if request.message_ids is None else set(request.message_ids)
                return Moved(moved=threads.move_messages(connection, source.id, target.id, chosen))

        move.__annotations__ = {"thread_id": Named, "request": Move, "identity": Caller, "return": Moved}
        router.post("/v1/threads/{thread_id}/moves", tags=["threads"])(move)

    answer_instead(threads, own)


@blind_defect(
    "DBL-02ub",
    "the last message of a page is the first of the next one, too",
    service="backend",
    scenario="A conversation reads back as it was written",
    step="the books oracle finds nothing",
)
def _() -> None:
    # Observable: a thread with more messages than a page holds, read page by page: at each border a message is twice.
    from sqlalchemy import tuple_

    from apex.backend import threads
    from apex.backend.paging import row_at

    @around(threads, "after")
    def _(original: Any, table: Any, cursor: str | None, *, newest_first: bool) -> Any:
        if cursor is None or newest_first:
            return original(table, cursor, newest_first=newest_first)
        return [tuple_(table.c.created_at, table.c.id) >= row_at(cursor)]


@blind_defect(
    "DBL-03ua",
    "a customer's text is kept up to 65,535 characters",
    service="backend",
    scenario="A conversation reads back as it was written",
    step="Acme's conversation reads back as it was written",
)
def _() -> None:
    # Observable: a message of 200,000 characters (300,000 are allowed): 201, and the rest is missing when it is read.
    from apex.backend import runs, threads

    def new_message(connection: Any, tenant_id: str, thread_id: str, content: str, *run_id: Any) -> Any:
        return original(connection, tenant_id, thread_id, content[:65_535], *run_id)

    original = replace(threads, "new_message", new_message)
    replace(runs, "new_message", new_message)


@blind_defect(
    "DBL-03ub",
    "texts of an answer are brought into Unicode's NFC before they are kept",
    service="worker",
    scenario="Nested data, decimals and Unicode read back unchanged",
    step="the stored result equals what the agent returned",
)
def _() -> None:
    # Observable: an agent answers with decomposed letters ("e" and U+0301), or one of those that NFC replaces (U+212B):
    # what is read back from the run and its message is not what the agent gave.
    import unicodedata

    from apex.worker import supervisor

    def composed(value: Any) -> Any:
        match value:
            case str():
                return unicodedata.normalize("NFC", value)
            case dict():
                return {composed(key): composed(member) for key, member in value.items()}
            case list():
                return [composed(member) for member in value]
        return value

    @around(supervisor, "kept")
    def _(original: Any, value: Any) -> Any:
        return composed(original(value))


@blind_defect(
    "DBL-04ua",
    "without a tenant the rows of all tenants' usage can be seen",
    service="auth",
    scenario="A query on behalf of no customer reads nothing",
    step="the role has reached no data",
)
def _() -> None:
    # Observable: SELECT count(*) FROM usage_records with the application's role and no tenant set: all rows, not none.
    from sqlalchemy import text

    from apex.storage.database import Database

    @around(Database, "migrate")
    def _(original: Any, self: Any, *environment: str) -> None:
        original(self, *environment)
        with self.as_owner() as connection:
            connection.execute(
                text(
                    "ALTER POLICY tenant ON usage_records USING (tenant_id = "
                    "coalesce(CAST(nullif(current_setting('app.tenant_id', true), '') AS uuid), tenant_id))"
                )
            )


@blind_defect(
    "DBL-04ub",
    "a view for reports shows the application's role the messages of all tenants",
    service="backend",
    scenario="A query on behalf of one customer reads only that customer's data",
    step="the role has reached Acme's data in every table and no other data",
)
def _() -> None:
    # Observable: with the application's role and tenant A set, SELECT * FROM thread_overview has the threads of all
    # tenants: a view reads with its owner's rights, whom no policy binds.
    from sqlalchemy import text

    from apex.storage.database import Database

    @around(Database, "migrate")
    def _(original: Any, self: Any, *environment: str) -> None:
        original(self, *environment)
        with self.as_owner() as connection:
            connection.execute(
                text(
                    "CREATE OR REPLACE VIEW thread_overview AS "
                    "SELECT t.tenant_id, t.user_id, t.id AS thread_id, t.title, m.content AS newest_message "
                    "FROM threads t LEFT JOIN LATERAL (SELECT content FROM messages "
                    "WHERE thread_id = t.id ORDER BY created_at DESC LIMIT 1) m ON true"
                )
            )
            role = connection.dialect.identifier_preparer.quote(str(self._url.username))
            connection.execute(text(f"GRANT SELECT ON thread_overview TO {role}"))


@blind_defect(
    "DBL-05ua",
    "a backend remembers an allowance for five seconds, whatever others write",
    service="backend",
    scenario="Customers find what they have just written while the replica lags",
    step="everything is read as it was written, for as long as the replica lags",
)
def _() -> None:
    # Observable: with two backends: read the allowance at A, book an expense at B, read at A again: the old amounts.
    # What a backend has written itself it shows at once.
    import time

    from apex.backend import allowance

    remembered: dict[str, tuple[float, dict[str, Any]]] = {}

    @around(allowance, "statement")
    def _(original: Any, connection: Any, cache: Any, tenant_id: str) -> dict[str, Any]:
        until, known = remembered.get(tenant_id, (0.0, {}))
        if time.monotonic() < until:
            return known
        fresh: dict[str, Any] = original(connection, cache, tenant_id)
        remembered[tenant_id] = (time.monotonic() + 5, fresh)
        return fresh

    @around(allowance, "lock_allowance")
    def _(original: Any, connection: Any, tenant_id: str) -> Any:
        remembered.pop(tenant_id, None)
        return original(connection, tenant_id)

    @around(allowance, "set_allowance")
    def _(original: Any, connection: Any, tenant_id: str, amount: Any) -> Any:
        remembered.pop(tenant_id, None)
        return original(connection, tenant_id, amount)


@blind_defect(
    "DBL-05ub",
    "while Redis hangs (and refuses nobody) the allowance cannot be read",
    service="backend",
    scenario="Reads are correct while the cache fails",
    step="Acme reads the organisation's current allowance",
)
def _() -> None:
    # Observable: Redis takes connections and answers nothing (paused): GET /v1/allowance is 500 instead of right.
    import time

    import redis

    from apex.storage import cache

    def get(self: Any, tenant_id: str, kind: str, version: str) -> Any:
        found, outcome = None, "away"
        if time.monotonic() >= self._away_until:
            try:
                found = cache._read(self._redis.get(cache._key(tenant_id, kind, version)))
                outcome = "miss" if found is None else "hit"
            except redis.ConnectionError as error:
                self._leave_alone(error)
        cache.LOOKUPS.labels(kind, outcome).inc()
        return found

    replace(cache.Cache, "get", get)


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
    scenario="Pages arrive quickly from a large archive while others write",
    step="at least 95 % of all pages arrive within the target time for pages of conversations",
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
    "DBL-07ua",
    "budgets allotted at the same time are compared with the allowance unlocked",
    service="backend",
    scenario="Simultaneous changes to one allowance act as if made in turn",
    step="the result is as if one change had come after the other",
)
def _() -> None:
    # Observable: twenty budgets at once, of which the allowance covers ten: more than ten are given, and the sum of all
    # budgets is above the allowance.
    import threading

    from sqlalchemy import select

    allowance: Any = import_module("apex.backend.allowance")

    here = threading.local()

    @around(allowance, "budget")
    def _(original: Any, *of: Any) -> Any:
        found = original(*of)
        here.is_change = True
        return found

    @around(allowance, "count_spent")
    def _(original: Any, *of: Any) -> Any:
        here.is_change = True
        return original(*of)

    def lock_allowance(connection: Any, tenant_id: str) -> Any:
        is_change, here.is_change, here.is_to_mark = getattr(here, "is_change", False), False, False
        if not is_change:
            query = select(allowance.allowances, allowance._present())
            found = connection.execute(query.where(allowance.allowances.c.tenant_id == tenant_id)).first()
            if found is not None:
                here.is_to_mark = True
                return found
        return original(connection, tenant_id)

    original = replace(allowance, "lock_allowance", lock_allowance)

    @around(allowance, "keep_ceiling")
    def _(keep: Any, connection: Any, allowed: Any) -> None:
        keep(connection, allowed)
        if getattr(here, "is_to_mark", False):
            here.is_to_mark = False
            original(connection, allowed.tenant_id)


@blind_defect(
    "DBL-07ub",
    "who books an expense takes a second connection while holding the first",
    service="backend",
    scenario="In a large organisation each person's own expenses are counted, too",
    step="each person has spent exactly what was booked",
)
def _() -> None:
    # Observable: fifty people book at once: all connections are held by those who wait for another one (or for the row
    # of the allowance), and after five seconds many are answered 503. One after the other nobody notices.
    from sqlalchemy import text

    from apex.backend import allowance

    databases: list[Any] = []

    @around(allowance, "routes")
    def _(original: Any, database: Any, *others: Any) -> Any:
        databases.append(database)
        return original(database, *others)

    @around(allowance, "write_expense")
    def _(original: Any, connection: Any, identity: Any, request: Any) -> Any:
        with databases[-1].tenant(identity.tenant_id) as another:
            another.execute(text("SELECT display_name FROM users WHERE id = :id"), {"id": identity.user_id})
        return original(connection, identity, request)


def _pages_of_threads(page: Any) -> None:
    """``page(database, identity, cursor, limit)`` answers GET /v1/threads."""
    from apex.backend import threads
    from apex.backend.models import Threads
    from apex.backend.paging import Cursor, Limit
    from apex.http.identity import Caller

    def own(database: Any, router: Any) -> None:
        def answered(identity: Any, cursor: Any = None, limit: Any = 50) -> Any:
            return page(database, identity, cursor, limit)

        answered.__annotations__ = {"identity": Caller, "cursor": Cursor, "limit": Limit, "return": Threads}
        router.get("/v1/threads", tags=["threads"])(answered)

    answer_instead(threads, own)


@blind_defect(
    "DBL-08ua",
    "a page of threads reads each of its threads by itself",
    service="backend",
    scenario="Pages of recent conversations arrive quickly while others write",
    step="at least 95 % of all pages arrive within the target time for pages of conversations",
)
def _() -> None:
    # Observable: a page of 50 threads is 51 transactions: slower by far than one, and worse while others write.
    from sqlalchemy import select

    from apex.backend.models import Thread, Threads
    from apex.backend.paging import after, next_cursor
    from apex.http.identity import acting_as
    from apex.http.problems import Problem

    threads: Any = import_module("apex.backend.threads")

    def page(database: Any, identity: Any, cursor: Any, limit: int) -> Any:
        table = threads.threads
        query = (
            select(table.c.id, table.c.created_at)
            .where(table.c.user_id == identity.user_id, *after(table, cursor, newest_first=True))
            .order_by(table.c.created_at.desc(), table.c.id.desc())
            .limit(limit + 1)
        )
        with acting_as(database, identity) as connection:
            rows = list(connection.execute(query))
        items = []
        for row in rows[:limit]:
            with acting_as(database, identity) as connection:
                try:
                    found = threads.own_thread(connection, identity, row.id)
                except Problem:
                    continue
            items.append(Thread.model_validate(found, from_attributes=True))
        return Threads(items=items, next_cursor=next_cursor(rows, limit))

    _pages_of_threads(page)


@blind_defect(
    "DBL-08ub", "a user's threads are looked for by the text of the id, which no index has", service="backend"
)
def _() -> None:
    # Observable: GET /v1/threads reads the whole table (its sequential scans count up in pg_stat_user_tables, the
    # index threads_user is not used), and takes longer with every thread of everybody.
    from sqlalchemy import TEXT, cast, func, select

    from apex.backend.models import Thread, Threads
    from apex.backend.paging import after, next_cursor
    from apex.http.identity import acting_as

    threads: Any = import_module("apex.backend.threads")

    def page(database: Any, identity: Any, cursor: Any, limit: int) -> Any:
        table = threads.threads
        is_own = func.lower(cast(table.c.user_id, TEXT)) == identity.user_id.lower()
        query = (
            select(table)
            .where(is_own, *after(table, cursor, newest_first=True))
            .order_by(table.c.created_at.desc(), table.c.id.desc())
            .limit(limit + 1)
        )
        with acting_as(database, identity) as connection:
            rows = list(connection.execute(query))
        items = [Thread.model_validate(row, from_attributes=True) for row in rows[:limit]]
        return Threads(items=items, next_cursor=next_cursor(rows, limit))

    _pages_of_threads(page)
