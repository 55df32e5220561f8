"""Holding what the platform's statements need, so that they wait: what is to happen at once does so every time.

The suite holds rows and tables as a service of the platform would, in the same role of the database.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from psycopg import sql

from support.platform.outcome import Outcome
from support.scenario.users import Tenant
from support.scenario.verdict import NotShown
from support.scenario.world import World
from support.stores import opened

_WAITING_FOR_IT = "select pid from pg_stat_activity where %(holder)s = any (pg_blocking_pids(pid))"
_STATEMENTS = "select query from pg_stat_activity where %(holder)s = any (pg_blocking_pids(pid))"
_STATEMENTS_ON_REPLICA = "select query from pg_stat_activity where wait_event_type = 'Lock'"
_HELD_ON_REPLICA = "select 1 from pg_locks where mode = 'AccessExclusiveLock' and relation is not null and granted"
_WAITING = """
with recursive waiting (pid) as (
  select a.pid from pg_stat_activity a where %(holder)s = any (pg_blocking_pids(a.pid))
  union
  select a.pid from waiting w join pg_stat_activity a on w.pid = any (pg_blocking_pids(a.pid))
)
select distinct pid from waiting
"""
_WRITES = """
select count(*) from pg_locks
where pid = %s and relation = %s::regclass and mode = 'RowExclusiveLock' and granted
"""
_TERMINATE = "select bool_and(pg_terminate_backend(pid, %s)) from unnest(%s::int[]) pid"
_TERMINATE_MILLISECONDS = 5_000
_LOCK_MILLISECONDS = 5_000


class Hold:
    """What is held until it is released, at the latest at the end of the scenario.

    What others hold is waited for no longer than five seconds; psycopg's LockNotAvailable then.
    """

    def __init__(self, world: World, connection: opened.Connection | None = None) -> None:
        """`connection`: to another database, or in another role, than that of the platform."""
        self._world = world
        # What cannot be had shows nothing, and must not be waited for without end.
        limit = f"-c lock_timeout={_LOCK_MILLISECONDS}"
        self._connection = connection or opened.as_platform(world, options=limit)
        world.undo.register("release what is held in the database", self.release)

    def rows(self, tenant: Tenant, *tables: str) -> "Hold":
        """Hold all rows of a tenant in some tables: who wants to change one of them waits."""
        self._connection.execute("select set_config('app.tenant_id', %s, true)", [tenant.id])
        for table in tables:
            self._connection.execute(sql.SQL("select 1 from {} for update").format(sql.Identifier(table)))
        return self

    def row(self, tenant: Tenant, table: str, id: str) -> "Hold":
        """Hold one row of a tenant: who wants to change it waits."""
        self._connection.execute("select set_config('app.tenant_id', %s, true)", [tenant.id])
        self._connection.execute(
            sql.SQL("select 1 from {} where id = %s for update").format(sql.Identifier(table)), [id]
        )
        return self

    def table(self, name: str) -> "Hold":
        """Hold a table as it is: who wants to write to it waits, who reads it does not."""
        self._connection.execute(sql.SQL("lock table {} in share mode").format(sql.Identifier(name)))
        return self

    def table_from_all(self, name: str) -> "Hold":
        """Hold a table so that even those wait who want to read it."""
        self._connection.execute(sql.SQL("lock table {} in access exclusive mode").format(sql.Identifier(name)))
        return self

    def number(self, number: int) -> "Hold":
        """Hold a number: who wants the advisory lock of that number waits."""
        self._connection.execute("select pg_advisory_xact_lock(%s)", [number])
        return self

    def new_table(self, name: str) -> "Hold":
        """Be about to make a table: who wants to make it, too, waits."""
        self._connection.execute(sql.SQL("create table {} ()").format(sql.Identifier(name)))
        return self

    @property
    def waiting_for_it(self) -> list[int]:
        """The database's sessions that wait for what is held itself."""
        return self._sessions(_WAITING_FOR_IT)

    @property
    def waiting(self) -> list[int]:
        """The database's sessions that wait for what is held, or for one another because of it."""
        return self._sessions(_WAITING)

    def wait_for(self, count: int) -> list[int]:
        """The sessions that wait, once there are so many.

        :raises DeadlinePassed: there were never so many.
        """
        return self._world.eventually(
            lambda: self.waiting, lambda seen: len(seen) >= count, "request under way", "requests that wait"
        )

    def wait_for_first(self) -> int:
        """The session that waits for what is held itself, once there is one.

        :raises DeadlinePassed: there was none, or several were.
        """
        (session,) = self._world.eventually(
            lambda: self.waiting_for_it, lambda seen: len(seen) == 1, "request under way", "one that waits"
        )
        return session

    def statement_behind(self, ask: Callable[[], Outcome]) -> str:
        """The statement with which a request comes to what is held; the request is let go on to its end."""
        # Whoever asks earlier is answered by a replica that has not heard of it.
        self._world.eventually(self._is_held_everywhere, bool, "request under way", "the replica holds it as well")
        with ThreadPoolExecutor(1) as alone:
            answer = alone.submit(ask)
            try:
                (statement,) = self._world.eventually(
                    self._statements, lambda seen: len(seen) == 1, "request under way", "the one that waits"
                )
            finally:
                self.release()
            answer.result()
        return statement

    def _is_held_everywhere(self) -> bool:
        if not self._world.addresses.replica_observer_url:
            return True
        # A lock is told to the replica with the next thing that is committed.
        with opened.as_platform(self._world, autocommit=True) as other:
            other.execute("select pg_logical_emit_message(true, 'acceptance', 'held')")
        with opened.on_replica(self._world) as replica:
            return replica.execute(_HELD_ON_REPLICA).fetchone() is not None

    def _statements(self) -> list[str]:
        """Those that wait for what is held: a replica, too, holds what the primary holds from all."""
        with opened.as_observer(self._world) as observer:
            found = observer.execute(_STATEMENTS, {"holder": self._connection.info.backend_pid}).fetchall()
        if self._world.addresses.replica_observer_url:
            with opened.on_replica(self._world) as replica:
                found += replica.execute(_STATEMENTS_ON_REPLICA).fetchall()
        return [str(statement) for (statement,) in found]

    def writes_to(self, session: int, table: str) -> bool:
        """Whether the transaction that a session is in has written to a table, or is about to."""
        return bool(self._observed(_WRITES, [session, table]))

    def cancel(self, session: int) -> None:
        """Cancel what a session waits for, as a time limit would."""
        with opened.as_platform(self._world, autocommit=True) as other:
            other.execute("select pg_cancel_backend(%s)", [session])

    def break_off(self, *sessions: int) -> None:
        """End sessions in the middle of what they do, as the loss of their connections would.

        :raises NotShown: one does not end.
        """
        with opened.as_platform(self._world, autocommit=True) as other:
            ended = other.execute(_TERMINATE, [_TERMINATE_MILLISECONDS, list(sessions)]).fetchone()
        if ended != (True,):
            raise NotShown(f"of the database's sessions {sessions} not all end")

    def break_off_until(self, is_over: Callable[[], bool]) -> None:
        """End every session that comes to what is held, for as long as a platform tries again.

        :raises DeadlinePassed: it is not over in the time of a request.
        """

        def ended() -> bool:
            for session in self._sessions(_WAITING_FOR_IT):
                self.break_off(session)
            return is_over()

        self._world.eventually(ended, bool, "request under way", "the end of what is interrupted")

    def release(self) -> None:
        """Hold nothing any more."""
        self._connection.close()

    def _sessions(self, query: str) -> list[int]:
        with opened.as_observer(self._world) as observer:
            found = observer.execute(query.encode(), {"holder": self._connection.info.backend_pid}).fetchall()
        return [int(pid) for (pid,) in found]

    def _observed(self, query: str, parameters: list[Any]) -> Any:
        with opened.as_observer(self._world) as observer:
            row = observer.execute(query.encode(), parameters).fetchone()
        return row[0] if row else None
