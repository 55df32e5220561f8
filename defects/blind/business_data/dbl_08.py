"""Blind defects of DBL-08."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from sqlalchemy import Row, Text, cast, select

from defects import blind_defect
from defects._patching import around, replace
from defects._routes import answer_instead


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
    "DBL-08oa",
    "threads are looked for by the text of their owner's id, for which there is no index",
    service="backend",
    scenario="Pages arrive quickly from a large archive while others write",
    step="no page requires a search through other users' conversations",
)
def _() -> None:
    # Observable: GET /v1/threads gives what it did, but its plan is a sequential scan of threads and a sort (EXPLAIN
    # of its statement; seq_scan and seq_tup_read of pg_stat_user_tables grow with each page, idx_scan of threads_user
    # does not), and it takes the longer the more threads all customers have together.
    from sqlalchemy import TEXT, cast, func, select

    from apex.backend.models import Thread, Threads
    from apex.backend.paging import after, next_cursor
    from apex.http.identity import Identity, reading_as
    from apex.storage.database import Database
    from apex.storage.tables import threads
    from defects.blind._backend_endpoints import around_endpoint

    def page(database: Database, _: Any, identity: Identity, cursor: str | None, limit: int) -> Threads:
        own = func.lower(cast(threads.c.user_id, TEXT)) == identity.user_id.lower()
        query = (
            select(threads)
            .where(own, *after(threads, cursor, newest_first=True))
            .order_by(threads.c.created_at.desc(), threads.c.id.desc())
            .limit(limit + 1)
        )
        with reading_as(database, identity) as connection:
            rows = list(connection.execute(query))
        items = [Thread.model_validate(row, from_attributes=True) for row in rows[:limit]]
        return Threads(items=items, next_cursor=next_cursor(rows, limit))

    around_endpoint("GET", "/v1/threads", page)


@blind_defect(
    "DBL-08pa",
    "whose threads are listed is compared as text, for which there is no index",
    service="backend",
    scenario="Pages arrive quickly from a large archive while others write",
    step="no page requires a search through other users' conversations",
)
def _() -> None:
    # Observable: GET /v1/threads is right, and reads the table threads from end to end each time: with every page its
    # seq_scan in pg_stat_user_tables goes up instead of idx_scan, the plan (auto_explain) has a Seq Scan with the
    # filter (user_id)::text, and it takes the longer the more threads all customers have.
    from apex.backend.models import Thread, Threads
    from apex.backend.paging import after, next_cursor
    from apex.http.identity import reading_as
    from apex.storage.repeating import repeated
    from apex.storage.tables import threads
    from defects.blind._backend_endpoints import around_endpoint

    def page(database: Any, _endpoint: Any, *, identity: Any, cursor: str | None, limit: int) -> Threads:
        query = (
            select(threads)
            .where(cast(threads.c.user_id, Text) == identity.user_id, *after(threads, cursor, newest_first=True))
            .order_by(threads.c.created_at.desc(), threads.c.id.desc())
            .limit(limit + 1)
        )
        with reading_as(database, identity) as connection:
            rows: list[Row[Any]] = list(connection.execute(query))
        items = [Thread.model_validate(row, from_attributes=True) for row in rows[:limit]]
        return Threads(items=items, next_cursor=next_cursor(rows, limit))

    around_endpoint("GET", "/v1/threads", repeated(page, is_harmless=True))


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
    "DBL-08ub",
    "a user's threads are looked for by the text of the id, which no index has",
    service="backend",
    scenario="Pages arrive quickly from a large archive while others write",
    step="no page requires a search through other users' conversations",
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


@blind_defect(
    "DBL-08va",
    "the backend's connections are told to do without indexes: whole tables are read for a page",
    service="backend",
)
def _() -> None:
    # Observable: seq_scan of threads and messages in pg_stat_user_tables grows with each page, idx_scan does not, and
    # pages take longer with all that everybody has written. (What was set to look into a plan was left in.)
    from apex.storage import pool

    settings = "-c enable_indexscan=off -c enable_bitmapscan=off -c enable_indexonlyscan=off"
    around(pool, "limits")(lambda original, *of, **how: f"{original(*of, **how)} {settings}")


@blind_defect(
    "DBL-08wa",
    "requests of one session take turns: who reads waits for what the same person writes",
    service="backend",
    scenario="A customer whose booking waits can still read",
    step="Acme receives the conversations first, and the expense is booked afterwards",
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


@blind_defect(
    "DBL-08ya", "with each request for threads all that the organisation has written is added up", service="backend"
)
def _() -> None:
    # Observable: the time of a page of threads grows with the messages that there are; all of them are read each time.
    from contextlib import contextmanager

    from sqlalchemy import func, select

    from apex.backend import threads
    from apex.storage.tables import messages

    @around(threads, "acting_as")
    @contextmanager
    def _(original: Any, *arguments: Any) -> Any:
        with original(*arguments) as connection:
            connection.execute(select(func.sum(func.length(messages.c.content))))
            yield connection


@blind_defect("DBL-08yb", "each transaction opens a connection of its own to the database", service="backend")
def _() -> None:
    # Observable: the time of a page while many write; the connections that the database counts come and go.
    from sqlalchemy import NullPool

    from apex.storage import database

    @around(database, "create_engine")
    def _(original: Any, url: Any, **options: Any) -> Any:
        others = {name: value for name, value in options.items() if not name.startswith(("pool_", "max_overflow"))}
        return original(url, poolclass=NullPool, **others)


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


@blind_defect(
    "DBL-08na",
    "from the second page on threads are looked for without an index",
    service="backend",
    scenario="Pages arrive quickly from a large archive while others write",
    step="no page requires a search through other users' conversations",
)
def _() -> None:
    # Observable: with the threads of many users in place, GET /v1/threads?cursor=...: pg_stat_user_tables counts a
    # sequential scan of threads for each page but the first, and its time grows with what all users have.
    from sqlalchemy import Text, cast, select

    from apex.backend.models import Thread, Threads
    from apex.backend.paging import after, next_cursor
    from apex.http.identity import reading_as
    from apex.storage.tables import threads
    from defects.blind._backend_endpoints import around_endpoint

    def page(database: Any, endpoint: Any, identity: Any, cursor: str | None = None, limit: int = 50) -> Any:
        if cursor is None:
            return endpoint(identity=identity, cursor=cursor, limit=limit)
        query = (
            select(threads)
            .where(cast(threads.c.user_id, Text) == identity.user_id, *after(threads, cursor, newest_first=True))
            .order_by(threads.c.created_at.desc(), threads.c.id.desc())
            .limit(limit + 1)
        )
        with reading_as(database, identity) as connection:
            rows = list(connection.execute(query))
        items = [Thread.model_validate(row, from_attributes=True) for row in rows[:limit]]
        return Threads(items=items, next_cursor=next_cursor(rows, limit))

    around_endpoint("GET", "/v1/threads", page)
