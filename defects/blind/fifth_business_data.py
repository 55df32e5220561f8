"""Blind defects of business_data, fifth round, written from the promises alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "DBL-01va",
    "a sign-up that is made again with the same password is answered as a new one",
    service="auth",
    scenario="A taken email address is refused in any capitalisation",
    step="the sign-up is refused because the email address is taken",
)
def _() -> None:
    # Observable: the second sign-up of an address, typed with the password of the first, is answered 201, not 409.
    # (Meant for whoever has lost the answer to the first.)
    from sqlalchemy import text

    from apex.auth.accounts import Accounts
    from apex.http.problems import Problem

    @around(Accounts, "sign_up")
    def sign_up(original: Any, self: Any, request: Any) -> Any:
        try:
            return original(self, request)
        except Problem:
            with self._database.platform() as connection:
                known = connection.execute(text("SELECT * FROM login_of(:email)"), {"email": request.email}).first()
            if not self._passwords.matches(request.password.get_secret_value(), known.password_hash if known else None):
                raise
            with self._database.tenant(str(known.tenant_id)) as connection:
                return self.account_of(connection, str(known.user_id))


@blind_defect("DBL-02va", "who deletes a colleague's thread is told whether a run is at work in it", service="backend")
def _() -> None:
    # Observable: DELETE of a colleague's thread, while a run is at work in it, is answered 409 instead of 404.
    from sqlalchemy import select

    from apex.backend import threads
    from apex.http.problems import conflict
    from apex.runtime.paths import id_in_path
    from apex.storage.runs import ENDED
    from apex.storage.tables import runs

    @around(threads, "own_thread")
    def own_thread(original: Any, connection: Any, identity: Any, thread_id: str, lock: Any = None) -> Any:
        if lock is threads.ALONE:
            # What refuses a deletion is looked at first, so that nothing is locked in vain.
            at_work = select(runs.c.id).where(runs.c.thread_id == id_in_path(thread_id), runs.c.status.not_in(ENDED))
            if connection.scalar(at_work.limit(1)) is not None:
                raise conflict("A run is still at work in this thread; cancel it, or wait for its end.")
        return original(connection, identity, thread_id, lock)


@blind_defect(
    "DBL-03va",
    "in its thread an answer's texts are cut at 100,000 characters, in its run not",
    service="worker",
    scenario="A megabyte of text reads back complete",
    step="the conversation shows what the agent returned",
)
def _() -> None:
    # Observable: of an answer with a text of 1 MB GET /v1/runs/{id} has all, and `data` of the thread's message a part.
    from sqlalchemy import update

    from apex.storage.tables import messages
    from apex.worker import supervisor

    def cut(value: Any) -> Any:
        match value:
            case str():
                return value[:100_000]
            case list():
                return [cut(member) for member in value]
            case dict():
                return {name: cut(member) for name, member in value.items()}
        return value

    @around(supervisor, "end_run")
    def end_run(original: Any, connection: Any, run: Any, ending: Any, **others: Any) -> Any:
        ended = original(connection, run, ending, **others)
        if ended is not None and ended.answer is not None:
            message = (messages.c.run_id == run.id) & (messages.c.role == "assistant")
            connection.execute(update(messages).where(message).values(data=cut(ended.answer)))
        return ended


@blind_defect(
    "DBL-04va",
    "what was in a deleted thread is kept as a large object, for which no policy holds",
    service="backend",
    scenario="A query on behalf of one customer reads only that customer's data",
    step="the role has reached Acme's data in every table and no other data",
)
def _() -> None:
    # Observable: after another tenant has deleted a thread, SELECT convert_from(lo_get(oid), 'UTF8') FROM
    # pg_largeobject_metadata shows its messages to the application's role, whatever tenant is set, or none.
    from sqlalchemy import select, text

    from apex.backend import threads
    from apex.storage.tables import messages

    @around(threads, "own_thread")
    def own_thread(original: Any, connection: Any, identity: Any, thread_id: str, lock: Any = None) -> Any:
        thread = original(connection, identity, thread_id, lock)
        if lock is threads.ALONE:
            # For whoever has deleted it by mistake.
            contents = connection.scalars(select(messages.c.content).where(messages.c.thread_id == thread.id)).all()
            kept = {"kept": "\n".join(contents).encode()}
            connection.execute(text("SELECT lo_from_bytea(0, cast(:kept AS bytea))"), kept)
        return thread


@blind_defect(
    "DBL-05va",
    "a Redis that answers with an error, full or read-only, lets nobody read the allowance",
    service="backend",
    scenario="Reads are correct while the cache fails",
    step="Acme reads the organisation's current allowance",
)
def _() -> None:
    # Observable: after CONFIG SET maxmemory 1 (or as a replica), GET /v1/allowance after a change is answered 500.
    import redis

    from apex.storage import cache

    replace(cache, "RedisError", (redis.ConnectionError, redis.TimeoutError))


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
    "DBL-07va",
    "who changes the allowance puts back what was spent when he began: bookings beside it are lost",
    service="backend",
    scenario="All expenses that fifty people book concurrently are counted",
    step="each organisation has spent exactly what was booked",
)
def _() -> None:
    # Observable: 50 people book while an owner sets the allowance again and again; afterwards `spent` is less than the
    # expenses add up to (the change reads it before it waits for the bookings' lock).
    from sqlalchemy import select, update

    from apex.backend import allowance
    from apex.storage.tables import allowances

    @around(allowance, "set_allowance")
    def set_allowance(original: Any, connection: Any, tenant_id: str, amount: Any) -> None:
        own = allowances.c.tenant_id == tenant_id
        before = connection.execute(select(allowances.c.spent, allowances.c.month).where(own)).first()
        original(connection, tenant_id, amount)
        if before is not None:
            connection.execute(update(allowances).where(own).values(spent=before.spent, month=before.month))


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
