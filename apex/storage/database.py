"""PostgreSQL: transactions that act for one tenant, the schema's version, and notifications."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import structlog
from pydantic import SecretStr
from sqlalchemy import URL, Connection, Engine, NullPool, RootTransaction, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from apex.config.layers import Fault, SettingsError
from apex.settings import Database as DatabaseSettings
from apex.storage.listener import Listener
from apex.storage.marks import Marks
from apex.storage.pool import PATIENCE, PRIMARY, STANDBY, engine_of, limits, retire, servers
from apex.storage.repeating import UnknownOutcome

if TYPE_CHECKING:
    from apex.runtime.service import Process

log = structlog.get_logger()

SCHEMA_REVISION = "0010"
MIGRATIONS = Path(__file__).parent / "migrations"
_RENEWED = (
    "url", "replica", "pool_size", "pool_overflow", "pool_wait_seconds",
    "statement_seconds", "lock_seconds", "idle_seconds",
)  # fmt: skip
"""The settings of which a process takes a change over by a new pool."""
# One number for every process that may migrate; any constant does.
_MIGRATION_LOCK = 4_110_118
# Where PostgreSQL says that it has not waited for the replica, whatever language it says it in.
_NOT_REPLICATED = "SyncRepWaitForLSN"
_UNGUARDED = """
SELECT relname FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version' AND NOT relrowsecurity
"""


_SET_TENANT = text("SELECT set_config('app.tenant_id', :tenant, true)")
# A replica that did not answer is left alone for so long.
_REPLICA_PAUSE_SECONDS = 2.0
# A replica that was promoted has all that there is.
_SET_TENANT_ON_REPLICA = text("""
SELECT NOT pg_is_in_recovery() OR pg_last_wal_replay_lsn() - '0/0' >= :needed
FROM set_config('app.tenant_id', :tenant, true)
""")
POSITION = "(pg_current_wal_insert_lsn() - '0/0')::bigint AS position"
"""How far the database has come, for a statement's columns."""
# The transaction that whatever is done for the tenant belongs to, where a request is to be one from start to end.
_joined: ContextVar[tuple[str, Connection] | None] = ContextVar("joined", default=None)


class NoReplica(Exception):
    """What is written is on one server alone."""


class Database:
    """The platform's database, reached with the application's role (row-level security applies)."""

    def __init__(self, settings: DatabaseSettings, application_name: str, marks: Marks | None = None) -> None:
        """``marks`` are needed where there is a replica: without them everything is read from the primary."""
        self._settings = settings
        self._name = application_name
        self._marks = marks
        self._replica_away_until = 0.0
        self.engine, self._reader = self._engines()

    @classmethod
    def of(cls, process: Process) -> Database:
        """The database of a process: as large a pool, under such a name, as is configured at the time."""
        marks = Marks(process.redis_url) if process.settings.database.replica else None
        database = cls(process.settings.database, process.instance, marks)
        for key in _RENEWED:
            process.configuration.on_change(f"database.{key}", database.renew)
        return database

    @property
    def _url(self) -> URL:
        return _address(self._settings.url)

    def _engines(self) -> tuple[Engine, Engine | None]:
        """For writing, and for reading from a replica, where there is one. Each knows both servers, as the replica may
        be promoted to be the one that is written to.
        """
        replica = self._settings.replica
        if self._marks is None or replica is None:
            return engine_of(self._url, self._settings, self._name), None
        writer = engine_of(self._url, self._settings, self._name, replica, PRIMARY)
        return writer, engine_of(self._url, self._settings, f"{self._name} reader", replica, STANDBY)

    def renew(self) -> None:
        """Use pools as they are configured now. What is at work ends in the former ones, which are closed after it."""
        former = (self.engine, self._reader)
        self.engine, self._reader = self._engines()
        for engine in former:
            if engine is not None:
                retire(engine)

    @contextmanager
    def tenant(self, tenant_id: str) -> Iterator[Connection]:
        """A transaction in which only this tenant's rows exist; within ``as_one``, the one of that.

        Raises:
            UnknownOutcome: it may have been committed, or not.
        """
        joined = _joined.get()
        if joined is not None and joined[0] == tenant_id:
            yield joined[1]
            return
        with self._transaction(tenant_id) as connection:
            connection.execute(_SET_TENANT, {"tenant": tenant_id})
            yield connection

    @contextmanager
    def reading(self, tenant_id: str) -> Iterator[Connection]:
        """A transaction that reads this tenant's rows: from the replica, where that has everything that was written for
        the tenant, as far as anybody was told.
        """
        with ExitStack() as stack:
            connection = self._on_replica(stack, tenant_id)
            yield connection or stack.enter_context(self.tenant(tenant_id))

    def _on_replica(self, stack: ExitStack, tenant_id: str) -> Connection | None:
        if self._reader is None or self._marks is None or _joined.get() is not None:
            return None
        if time.monotonic() < self._replica_away_until:
            return None
        needed = self._marks.of(tenant_id)
        if needed is None:
            return None
        try:
            with ExitStack() as opening:
                connection = opening.enter_context(self._reader.begin())
                has_it = connection.scalar(_SET_TENANT_ON_REPLICA, {"tenant": tenant_id, "needed": needed})
                if has_it:
                    stack.push(opening.pop_all())
                    return connection
        except (OperationalError, PoolTimeout) as error:
            self._replica_away_until = time.monotonic() + _REPLICA_PAUSE_SECONDS
            log.warning("replica away: reading from the primary", reason=type(error).__name__)
        return None

    def written(self, position: int, tenant_id: str) -> None:
        """Something was written for the tenant, up to this position of the database: whoever is told of it finds it,
        whatever they read it from.
        """
        if self._marks is not None:
            self._marks.raise_to(position, tenant_id)

    @contextmanager
    def as_one(self, tenant_id: str) -> Iterator[Connection]:
        """Have everything that is done for the tenant in here be one transaction."""
        with self.tenant(tenant_id) as connection:
            token = _joined.set((tenant_id, connection))
            try:
                yield connection
            finally:
                _joined.reset(token)

    @contextmanager
    def platform(self) -> Iterator[Connection]:
        """A transaction without a tenant: no row is visible, only the functions across tenants work.

        Raises:
            UnknownOutcome: it may have been committed, or not.
        """
        with self._transaction() as connection:
            yield connection

    @contextmanager
    def _transaction(self, tenant_id: str | None = None) -> Iterator[Connection]:
        with self.engine.connect() as connection:
            with connection.begin() as transaction:
                yield connection
                if transaction.is_active:
                    _commit(connection, transaction)
            if tenant_id is not None and self._marks is not None:
                self._mark(self._marks, connection, tenant_id)

    def _mark(self, marks: Marks, connection: Connection, tenant_id: str) -> None:
        """Say how far the tenant's readers must have come. What is committed stays so, whatever happens here."""
        try:
            alone = connection.execution_options(isolation_level="AUTOCOMMIT")
            marks.raise_to(alone.execute(text(f"SELECT {POSITION}")).scalar_one(), tenant_id)
        except DBAPIError as error:
            log.warning("position of the database not known", reason=type(error).__name__)
            marks.forget(tenant_id)

    def check(self) -> None:
        """Raise unless the database answers a query."""
        with self.platform() as connection:
            connection.execute(text("SELECT 1"))

    def check_replicated(self) -> None:
        """Raise unless a replica follows the server that is written to."""
        with self.platform() as connection:
            if not connection.scalar(text("SELECT count(*) FROM pg_stat_replication")):
                raise NoReplica("no replica follows")

    def migrate(self, environment: str = "") -> None:
        """Bring the schema to the code's revision, and see that every table keeps tenants apart.

        Of processes starting together one does it, the others wait. A database belongs to the environment whose
        services were the first to use it.

        Raises:
            SettingsError: it belongs to another environment; nothing is changed.
        """
        self.require(environment)
        with self.platform() as connection:
            is_current = _revision(connection) == SCHEMA_REVISION
        if not is_current:
            with self.as_owner() as connection:
                # Whoever waited for another here finds the work done, and need not load what does it.
                if _revision(connection) != SCHEMA_REVISION:
                    _upgrade(connection, str(self._url.username))
        self._guard()
        self._claim(environment)

    def require(self, environment: str) -> None:
        """See that the database belongs to this environment, or to none yet.

        Raises:
            SettingsError: it belongs to another.
        """
        with self.platform() as connection:
            found = _environment(connection)
        if environment and found not in (None, environment):
            reason = f"this database belongs to the environment {found}, and this is {environment}"
            raise SettingsError([Fault("", "database.url", reason)])

    def _claim(self, environment: str) -> None:
        with self.platform() as connection:
            is_claimed = _environment(connection) is not None
        if environment and not is_claimed:
            with self.as_owner() as connection:
                if _environment(connection) is None:
                    # A function, so that it stays with a copy of the database.
                    connection.execute(
                        text(
                            "CREATE FUNCTION deployment_environment() RETURNS text LANGUAGE sql IMMUTABLE "
                            f"AS $$ SELECT '{environment}' $$"
                        )
                    )
            self.require(environment)

    @contextmanager
    def as_owner(self) -> Iterator[Connection]:
        """A transaction of the schema's owner, one process at a time; for changes of the schema only."""
        owner = _address(self._settings.owner_url)
        # Whoever waits for another process's migration waits in a statement.
        options = limits(self._settings, statement_seconds=self._settings.migration_seconds)
        name = f"{self._name} migration"
        engine = create_engine(
            owner, poolclass=NullPool, connect_args={"application_name": name, "options": options, **PATIENCE}
        )
        try:
            with engine.begin() as connection:
                # To PostgreSQL that wait is one for a lock; it may take as long as a migration does.
                connection.execute(text("SET LOCAL lock_timeout = 0"))
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
                connection.execute(text("SET LOCAL lock_timeout TO DEFAULT"))
                yield connection
        finally:
            engine.dispose()

    def _guard(self) -> None:
        """Restore row-level security where somebody has switched it off: no service serves without it."""
        with self.platform() as connection:
            unguarded = [str(name) for name in connection.scalars(text(_UNGUARDED))]
        if unguarded:
            log.error("tables without row-level security", tables=unguarded)
            with self.as_owner() as connection:
                for name in unguarded:
                    connection.execute(text(f'ALTER TABLE "{name}" ENABLE ROW LEVEL SECURITY'))

    def listen(self, channels: Mapping[str, Callable[[str], None]], on_connect: Callable[[], None]) -> Listener:
        """Call ``channels[name](payload)`` for every notification, from a thread of its own, until closed.

        ``on_connect`` is called after each (re)connection: what was notified before it may have been missed.
        """

        def address() -> dict[str, Any]:
            dsn = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
            return {"conninfo": dsn, **servers(self._url, self._settings.replica, PRIMARY)}

        return Listener(address, f"{self._name} listener", channels, on_connect)


def _address(url: SecretStr) -> URL:
    return make_url(url.get_secret_value()).set(drivername="postgresql+psycopg")


def _commit(connection: Connection, transaction: RootTransaction) -> None:
    """Commit, and know whether it is done: everywhere where it has to be."""
    driver: Any = connection.connection.dbapi_connection
    unreplicated: list[str] = []

    def hear(notice: psycopg.errors.Diagnostic) -> None:
        if notice.source_function == _NOT_REPLICATED:
            unreplicated.append(str(notice.message_primary))

    driver.add_notice_handler(hear)
    try:
        transaction.commit()
    except DBAPIError as error:
        if error.connection_invalidated:
            raise UnknownOutcome("the connection was lost during a commit") from error
        raise
    finally:
        driver.remove_notice_handler(hear)
    if unreplicated:
        raise UnknownOutcome(unreplicated[0])


def _upgrade(connection: Connection, application_role: str) -> None:
    # Alembic is slow to import and only needed here.
    from alembic import command
    from alembic.config import Config

    config = Config()
    # A percent sign in the folder's name begins an interpolation otherwise.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    config.attributes["application_role"] = application_role
    command.upgrade(config, "head")
    log.info("schema migrated", revision=SCHEMA_REVISION)


def _environment(connection: Connection) -> str | None:
    """Whose the database is; None where nobody has claimed it."""
    if connection.scalar(text("SELECT to_regprocedure('deployment_environment()')")) is None:
        return None
    found: str | None = connection.scalar(text("SELECT deployment_environment()"))
    return found


def _revision(connection: Connection) -> str | None:
    if connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision
