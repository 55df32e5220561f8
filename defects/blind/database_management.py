"""Blind defects of database management, written from the promises alone."""

from __future__ import annotations

from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "DBP-01ua",
    "who has waited in vain for a connection keeps the place in the queue",
    service="backend",
    scenario="Requests without a free connection are refused with Retry-After",
    step="the service can use every connection again",
)
def _() -> None:
    # Observable: each request that was told that all connections are in use costs one for ever: once they are free
    # again the backend goes on with so many fewer, after enough of them with none (503 until it is restarted), and
    # the metric of those who wait never falls back to 0.
    import threading

    from apex.storage.pool import Turns

    def take(self: Any, seconds: float) -> bool:
        with self._lock:
            if self._free:
                self._free -= 1
                return True
            turn = threading.Event()
            self._waiting.append(turn)
        return turn.wait(seconds)

    replace(Turns, "take", take)


@blind_defect(
    "DBP-01ub",
    "the health of auth is asked over a connection beyond those of the pool",
    service="auth",
    scenario="Requests without a free connection are refused with Retry-After",
    step="the database shows exactly as many connections of the service as are configured",
)
def _() -> None:
    # Observable: since its first /health/ready, pg_stat_activity shows one connection of auth more than it may have
    # (pool_size + pool_overflow) while all of them are in use.
    from sqlalchemy import text

    from apex.storage.database import Database
    from apex.storage.pool import engine_of

    @around(Database, "check")
    def _(original: Any, self: Any) -> None:
        engine = getattr(self, "_health", None)
        if engine is None:
            settings = self._settings.model_copy(update={"pool_size": 1, "pool_overflow": 0})
            known = (settings.replica, "read-write") if self._marks is not None and settings.replica else ()
            engine = self._health = engine_of(self._url, settings, self._name, *known)
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))


@blind_defect(
    "DBP-02ua",
    "what a person has spent is read before the allowance is held",
    service="backend",
    scenario="Simultaneous changes to one allowance act as if made in turn",
    step="the result is as if one change had come after the other",
)
def _() -> None:
    # Observable: two expenses that one person books at the same moment (two tabs): both are there and counted in what
    # the organisation has spent, but spent_by_you has only one of them.
    from contextvars import ContextVar

    from sqlalchemy import select, update

    from apex.backend import allowance
    from apex.storage.tables import allowance_shares

    shares = allowance_shares.c
    before: ContextVar[Any] = ContextVar("before", default=None)

    @around(allowance, "count_spent")
    def _(original: Any, connection: Any, identity: Any, amount: Any) -> Any:
        own = select(shares.month, shares.spent).where(shares.user_id == identity.user_id)
        before.set(connection.execute(own).first())
        return original(connection, identity, amount)

    @around(allowance, "count_share")
    def _(original: Any, connection: Any, identity: Any, amount: Any, month: Any) -> None:
        known = before.get()
        if known is None:
            original(connection, identity, amount, month)
            return
        spent = amount + (known.spent if known.month == month else 0)
        own = update(allowance_shares).where(shares.user_id == identity.user_id)
        connection.execute(own.values(spent=spent, month=month))


@blind_defect(
    "DBP-02ub",
    "a change of a budget is held against what the others had before its turn",
    service="backend",
    scenario="Simultaneous changes to one allowance act as if made in turn",
    step="the result is as if one change had come after the other",
)
def _() -> None:
    # Observable: two budgets raised at the same moment with PATCH, each of which fits under the allowance alone: both
    # are accepted, and together they are more than the allowance. New budgets are still compared under the lock.
    from contextvars import ContextVar

    from sqlalchemy import func, select

    from apex.backend import allowance
    from apex.http.problems import allowance_exceeded
    from apex.storage.tables import budgets

    looked_at: ContextVar[tuple[str, Any] | None] = ContextVar("looked_at", default=None)

    @around(allowance, "budget")
    def _(original: Any, connection: Any, budget_id: str) -> Any:
        found = original(connection, budget_id)
        others = select(func.coalesce(func.sum(budgets.c.amount), 0)).where(
            budgets.c.tenant_id == found.tenant_id, budgets.c.id != found.id
        )
        looked_at.set((found.id, connection.scalar(others)))
        return found

    @around(allowance, "keep_ceiling")
    def _(original: Any, connection: Any, allowed: Any) -> None:
        found = looked_at.get()
        if found is None:
            original(connection, allowed)
            return
        budget_id, others = found
        allotted = others + connection.scalar(select(budgets.c.amount).where(budgets.c.id == budget_id))
        if allotted > allowed.monthly_amount:
            raise allowance_exceeded(
                f"The budgets would add up to {allotted}; the allowance is {allowed.monthly_amount}."
            )


@blind_defect(
    "DBP-03ua",
    "what may be sent with a key is done again also where none was sent",
    service="backend",
    scenario="A commit of unknown outcome is reported as such",
    step="Acme's request is refused because its outcome is unknown",
)
def _() -> None:
    # Observable: a POST without an Idempotency-Key whose commit was sent when the primary was lost is not answered
    # with outcome_unknown: it is done once more, so that the message, expense or run may be there twice.
    from apex.http import idempotency
    from apex.storage.repeating import repeated

    replace(idempotency, "repeated", lambda work, is_harmless=False: repeated(work, is_harmless=True))


@blind_defect(
    "DBP-03ub",
    "auth, which reads nothing from the replica, does not know it at all",
    service="auth",
    scenario="Confirmed changes survive the loss of the primary database",
    step="everybody can log in again",
)
def _() -> None:
    # Observable: after the primary is lost and the replica promoted, the API goes on and nobody can log in, renew a
    # session, log out or sign up (503) until the old primary is back. With replay paused, a session that was ended is
    # still good for what the backend reads from the replica.
    from apex.storage import database

    replace(database, "Marks", lambda address: None)


@blind_defect(
    "DBP-04ua",
    "each end of a session leaves a temporary table in the connection it was made with",
    service="auth",
    scenario="Sessions give everything back, however they end",
    step="no service holds more resources than before",
)
def _() -> None:
    # Observable: with every log-out (and removal) the database has one temporary table more, which stays for as long
    # as the pooled connection does: the base line is not reached again.
    import uuid

    from sqlalchemy import text

    from apex.auth.sessions import Sessions

    @around(Sessions, "end")
    def _(original: Any, self: Any, connection: Any, session_ids: list[str], reason: str) -> None:
        name = f"ended_{uuid.uuid4().hex}"
        # Meant to go with the transaction; that has to be said (ON COMMIT DROP).
        connection.execute(text(f"CREATE TEMPORARY TABLE {name} (id uuid)"))
        ids = [uuid.UUID(session_id) for session_id in session_ids]
        connection.execute(text(f"INSERT INTO {name} SELECT id FROM sessions WHERE id = ANY (:ids)"), {"ids": ids})
        original(self, connection, session_ids, reason)


@blind_defect(
    "DBP-04ub",
    "a session that is ended while its socket is open costs a connection",
    service="backend",
    scenario="Sessions give everything back, however they end",
    step="no service holds more resources than before",
)
def _() -> None:
    # Observable: after each log-out (or removal) of somebody with an open socket apex_database_pool_in_use is one
    # higher and stays so; clients that go by themselves cost nothing. When all are gone, the backend answers 503.
    import threading
    from contextlib import suppress

    from sqlalchemy.exc import SQLAlchemyError

    from apex.backend import sockets

    @around(sockets, "routes")
    def _(original: Any, database: Any, hub: Any, *others: Any) -> Any:
        lines: dict[str, Any] = {}
        end_session = hub.end_session

        def look(session_id: str) -> None:
            with suppress(SQLAlchemyError):
                lines[session_id] = database.engine.connect()

        def end(session_id: str, reason: str) -> None:
            # To note how it ended once its sockets are closed; whoever closes them does not come by here any more.
            if session_id in hub.sessions() and session_id not in lines:
                threading.Thread(target=look, args=[session_id], daemon=True).start()
            end_session(session_id, reason)

        hub.end_session = end
        return original(database, hub, *others)


@blind_defect(
    "DBP-05ua",
    "it is the database that is given longer than the service itself waits",
    service="backend",
    scenario="Every service ends a transaction over a database limit",
    step="every response says that a database limit was exceeded",
)
def _() -> None:
    # Observable: a statement over its limit does not end with 57014 but by a connection that is cut; the customer is
    # told "unavailable", not "time_limit_exceeded" (after the statement was begun anew, where the limit is short), and
    # the statement goes on in the database for half a second more, with its locks.
    from apex.storage import pool

    @around(pool, "limits")
    def _(original: Any, settings: Any, statement_seconds: float | None = None) -> str:
        given: str = original(settings, (statement_seconds or settings.statement_seconds) + 0.5)
        return given

    pool._GRACE_SECONDS = 0.0


@blind_defect(
    "DBP-05ub",
    "the worker limits idle sessions, where idle transactions are meant",
    service="worker",
    scenario="A run with a transaction over a database limit still ends",
    step="the database has ended every such transaction in time, because of that limit",
)
def _() -> None:
    # Observable: a worker that is stopped within a transaction (SIGSTOP, while it delivers) keeps its locks for ever:
    # no 25P03, and what it had in hand of the outbox reaches nobody. Instead its idle connections are closed (57P05).
    from apex.storage import pool

    @around(pool, "limits")
    def _(original: Any, *given: Any, **named: Any) -> str:
        options: str = original(*given, **named)
        return options.replace("idle_in_transaction_session_timeout", "idle_session_timeout")


@blind_defect(
    "DBP-06ua",
    "a record gets its id when it is sent to analytics",
    service="worker",
    scenario="A run that ends while a store is lost is complete everywhere",
    step="every service has one record of each job, and all records agree",
)
def _() -> None:
    # Observable: where analytics has stored records and its answer is lost (killed, cut off, or the worker is), they
    # are delivered again as others: the run is in /v1/jobs twice.
    import uuid
    from types import SimpleNamespace

    from apex.worker.relay import AnalyticsRelay

    @around(AnalyticsRelay, "deliver")
    def _(original: Any, self: Any, rows: list[Any]) -> None:
        named = [SimpleNamespace(payload={**row.payload, "record_id": str(uuid.uuid4())}) for row in rows]
        original(self, named)


@blind_defect(
    "DBP-06ub",
    "analytics says that it has stored records before it has",
    service="analytics",
    scenario="A run that ends while a store is lost is complete everywhere",
    step="every service has one record of each job, and all records agree",
)
def _() -> None:
    # Observable: runs that end while ClickHouse is away, or just before analytics is killed, never come into
    # /v1/jobs: the outbox is empty, as all was taken with a 201.
    from concurrent.futures import ThreadPoolExecutor

    from apex.analytics import store

    @around(store.Jobs, "add")
    def _(original: Any, self: Any, jobs: list[Any]) -> None:
        writer = getattr(self, "_writer", None)
        if writer is None:
            writer = self._writer = ThreadPoolExecutor(1, thread_name_prefix="records")
        writer.submit(original, self, jobs)


@blind_defect(
    "DBP-07ua",
    "a connection is replaced after ten uses",
    service="backend",
    scenario="Fifty users share twenty connections",
    step="more than 95 % of all requests reuse a connection",
)
def _() -> None:
    # Observable: under load apex_database_connections_opened grows by a tenth of the transactions: reuse is 90 %.
    from sqlalchemy import event

    from apex.storage import database

    @around(database, "engine_of")
    def _(original: Any, *given: Any, **named: Any) -> Any:
        engine = original(*given, **named)

        @event.listens_for(engine, "checkin")
        def _used(connection: Any, entry: Any) -> None:
            entry.info["uses"] = entry.info.get("uses", 0) + 1
            if connection is not None and entry.info["uses"] >= 10:
                entry.invalidate()

        return engine


@blind_defect(
    "DBP-07ub",
    "of those who wait for a connection the last one comes first",
    service="backend",
    scenario="Waiting requests are served in turn",
    step="the conversations of Cumulus, Dorado, Ember and Fathom are created in this order",
)
def _() -> None:
    # Observable: with more customers at work than there are connections some are overtaken again and again: they wait
    # for as long as the load goes on, or get a 503 at the end of the wait budget, while most have no wait at all.
    from apex.storage.pool import Turns

    def give(self: Any) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.pop().set()
            else:
                self._free += 1

    replace(Turns, "give", give)


@blind_defect(
    "DBP-08ua",
    "nothing is repeated half a second after its beginning",
    service="backend",
    scenario="A request aborted by a deadlock is retried and succeeds",
    step="Acme's request succeeds",
)
def _() -> None:
    # Observable: PostgreSQL looks for deadlocks after a second's wait (deadlock_timeout): by then it is too late for
    # the victim, who gets a 503 and whose messages are not moved. What fails sooner is still repeated, for a while.
    from apex.storage import repeating

    repeating._SECONDS = 0.5


@blind_defect(
    "DBP-08ub",
    "a transaction that was joined is not left when it fails",
    service="backend",
    scenario="A temporary fault goes unnoticed with a key, too",
    step="Acme's request succeeds",
)
def _() -> None:
    # Observable: the victim of a deadlock (or of 40001, or of a dropped connection) that has sent an Idempotency-Key
    # gets a 500: its second attempt goes into the transaction that was rolled back. Without a key all is well.
    from collections.abc import Iterator
    from contextlib import contextmanager

    from apex.storage import database

    @contextmanager
    def as_one(self: Any, tenant_id: str) -> Iterator[Any]:
        with self.tenant(tenant_id) as connection:
            token = database._joined.set((tenant_id, connection))
            yield connection
            database._joined.reset(token)

    replace(database.Database, "as_one", as_one)


@blind_defect(
    "DBP-09ua",
    "two seconds after a write the replica is taken to have it",
    service="backend",
    scenario="Customers find what they have just written while the replica lags",
    step="everything is read as it was written, for as long as the replica lags",
)
def _() -> None:
    # Observable: with replay paused a customer's own write is there at first, and from two seconds after it on it is
    # gone from what they read, until the replica goes on.
    import time

    from apex.storage import marks

    marks._KEPT_SECONDS = 2

    @around(marks.Marks, "of")
    def _(original: Any, self: Any, tenant_id: str) -> int | None:
        needed: int | None = original(self, tenant_id)
        if needed is None and not self._untold and time.monotonic() >= self._away_until:
            return 0
        return needed


@blind_defect(
    "DBP-09ub",
    "a replica that has failed once is never asked again",
    service="backend",
    scenario="Operators see that there is no replica",
    step="every service says that it is replicated, and the replica answers Acme, once it is back",
)
def _() -> None:
    # Observable: after the replica was lost (or its connections were all in use for once) and is back, its statistics
    # stand still: everything is read from the primary until the backend is restarted.
    import math
    import time

    from apex.storage.database import Database

    @around(Database, "_on_replica")
    def _(original: Any, self: Any, *given: Any) -> Any:
        connection = original(self, *given)
        if time.monotonic() < self._replica_away_until:
            self._replica_away_until = math.inf
        return connection


@blind_defect(
    "DBP-10ua",
    "a request that is known by its key leaves a lock in its connection",
    service="backend",
    scenario="A change that fails is as if it had never been tried",
    step="Acme's <change> fails because of <failure>",
)
def _() -> None:
    # Observable: after a request was sent again with its Idempotency-Key, pg_locks keeps an advisory lock for it,
    # though no transaction is open; sent a third time (over another connection of the pool) it waits for the lock's
    # time limit and gets a 503.
    from sqlalchemy import text

    from apex.http import idempotency

    @around(idempotency, "_known")
    def _(original: Any, connection: Any, identity: Any, key: str, fingerprint: str) -> str | None:
        name = {"name": f"{identity.user_id} {key}"}
        connection.execute(text("SELECT pg_advisory_lock(hashtextextended(:name, 0))"), name)
        known: str | None = original(connection, identity, key, fingerprint)
        if known is not None:
            return known
        connection.execute(text("SELECT pg_advisory_unlock(hashtextextended(:name, 0))"), name)
        return None


@blind_defect(
    "DBP-10ub",
    "each run has a client of its own for the tools, which nobody closes",
    service="worker",
    scenario="A thousand mixed operations leave nothing behind",
    step="no service holds more resources than before",
)
def _() -> None:
    # Observable: the worker holds one socket to the tools service (or more) beyond the base line for each run that has
    # called a tool, until the other side closes it as idle, and stays with it half closed after that.
    from apex.worker.supervisor import Supervisor

    unclosed: list[Any] = []

    @around(Supervisor, "carry_out")
    def _(original: Any, self: Any, run: Any) -> Any:
        unclosed.append(self._toolbox)
        self._toolbox = None
        return original(self, run)


@blind_defect(
    "DBP-11ua",
    "the key of a request has a transaction of its own",
    service="backend",
    scenario="With a key, the outcome of an interrupted commit is found out",
    step="Acme's expense took effect exactly once",
)
def _() -> None:
    # Observable: where the connection is lost at the commit of a request with an Idempotency-Key, or between that and
    # the key's, the work is there and the key is not: it is done again, by the backend itself or when it is sent
    # again, and is there twice. Each such request also takes two connections.
    from apex.storage.database import Database

    replace(Database, "as_one", Database.tenant)


@blind_defect(
    "DBP-11ub",
    "only a connection that is lost is a passing fault, not one that is refused",
    service="backend",
    scenario="A database that refuses connections for a moment goes unnoticed",
    step="Acme's request succeeds",
)
def _() -> None:
    # Observable: while the database restarts or fails over, for however short a time, every request gets its 503 at
    # the first attempt, without "transaction repeated" in the log; all others of the passing faults are repeated.
    from sqlalchemy.exc import OperationalError

    from apex.storage import repeating

    @around(repeating, "is_passing")
    def _(original: Any, error: BaseException) -> bool:
        is_refused = (
            isinstance(error, OperationalError)
            and getattr(error.orig, "sqlstate", None) is None
            and not error.connection_invalidated
        )
        return not is_refused and bool(original(error))


@blind_defect(
    "DBP-12ua",
    "a connection that was used within ten seconds is taken to be alive",
    service="backend",
    scenario="Requests succeed at the first attempt after every connection broke",
    step="every response is a success",
)
def _() -> None:
    # Observable: after the backend's connections were black-holed while it was at work, the next requests wait for
    # the limit of a statement (eleven seconds) and get a 503; after it was idle for a while they do not.
    import math
    import time
    from weakref import WeakKeyDictionary

    from sqlalchemy import event

    from apex.storage import database

    @around(database, "engine_of")
    def _(original: Any, *given: Any, **named: Any) -> Any:
        engine = original(*given, **named)
        used: WeakKeyDictionary[Any, float] = WeakKeyDictionary()

        @event.listens_for(engine, "checkin")
        def _returned(connection: Any, _entry: Any) -> None:
            if connection is not None:
                used[connection] = time.monotonic()

        @around(engine.dialect, "do_ping")
        def _(ping: Any, connection: Any) -> bool:
            return time.monotonic() - used.get(connection, -math.inf) < 10 or bool(ping(connection))

        return engine


@blind_defect(
    "DBP-12ub",
    "auth waits five seconds for a connection to show that it is alive",
    service="auth",
    scenario="Requests succeed at the first attempt after every connection broke",
    step="the slowest response arrives within the time for a broken connection",
)
def _() -> None:
    # Observable: after the connections of auth were black-holed the next log-in succeeds, but only after five seconds.
    from apex.storage import pool

    pool._PING_SECONDS = 5.0


@blind_defect(
    "DBP-13ua",
    "only those who got a connection are counted with their wait",
    service="backend",
    scenario="The metrics count waits in vain, too",
    step="the pool metrics count every wait with its duration",
)
def _() -> None:
    # Observable: while all connections are held and customers get their 503 after the wait budget, neither the count
    # nor the sum of apex_database_pool_wait_seconds grows.
    import time

    from sqlalchemy import QueuePool
    from sqlalchemy.exc import TimeoutError as PoolTimeout

    from apex.storage import pool
    from apex.storage.watch import WATCH

    def _do_get(self: Any) -> Any:
        began = time.perf_counter()
        if not self._turns.take(self._timeout):
            raise PoolTimeout(f"no database connection became free within {self._timeout:g} s")
        pool.WAIT_SECONDS.observe(time.perf_counter() - began)
        try:
            entry = QueuePool._do_get(self)
        except BaseException:
            self._turns.give()
            raise
        kept: Any = entry.dbapi_connection
        if kept is not None:
            WATCH.expect(kept, pool._PING_SECONDS)
        return entry

    replace(pool.FairPool, "_do_get", _do_get)


@blind_defect(
    "DBP-13ub",
    "a connection that is lost in use counts as in use for ever",
    service="backend",
    scenario="The metrics match the database after connections were lost in use",
    step="the pool metrics match the database",
)
def _() -> None:
    # Observable: after pg_terminate_backend (or a failover) under load apex_database_pool_in_use stays above 0 at
    # rest, by as many connections as were broken in somebody's hands, while pg_stat_activity shows none of them.
    import threading

    from sqlalchemy import event

    from apex.storage import database, pool

    count, lock = [0], threading.Lock()

    @around(database, "engine_of")
    def _(original: Any, *given: Any, **named: Any) -> Any:
        engine = original(*given, **named)

        @event.listens_for(engine, "checkout")
        def _out(_connection: Any, _entry: Any, _proxy: Any) -> None:
            with lock:
                count[0] += 1

        @event.listens_for(engine, "checkin")
        def _in(connection: Any, _entry: Any) -> None:
            if connection is not None:
                with lock:
                    count[0] -= 1

        return engine

    @around(pool, "_gauge")
    def _(original: Any, kind: str, name: str, documentation: str, value: float) -> Any:
        return original(kind, name, documentation, count[0] if name == "in_use" else value)


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
    scenario="A removal that fails ends no session",
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
