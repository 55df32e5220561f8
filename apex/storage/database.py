"""PostgreSQL: transactions that act for one tenant, the schema's version, and notifications."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import structlog
from sqlalchemy import URL, Connection, Engine, Pool, create_engine, event, make_url, text

from apex.config.layers import Fault, SettingsError
from apex.settings import Database as DatabaseSettings

if TYPE_CHECKING:
    from apex.runtime.service import Process

log = structlog.get_logger()

SCHEMA_REVISION = "0008"
MIGRATIONS = Path(__file__).parent / "migrations"
# One number for every process that may migrate; any constant does.
_MIGRATION_LOCK = 4_110_118
# How long a silent server is believed in: connecting in seconds, sent data in milliseconds.
_PATIENCE: dict[str, Any] = {"connect_timeout": 5, "tcp_user_timeout": 5_000}
_UNGUARDED = """
SELECT relname FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version' AND NOT relrowsecurity
"""


class Database:
    """The platform's database, reached with the application's role (row-level security applies)."""

    def __init__(self, settings: DatabaseSettings, application_name: str) -> None:
        self._settings = settings
        self._name = application_name
        self.engine = self._engine()

    @classmethod
    def of(cls, process: Process) -> Database:
        """The database of a process: as large a pool, under such a name, as is configured at the time."""
        database = cls(process.settings.database, process.instance)
        for key in ("database.pool_size", "database.url"):
            process.configuration.on_change(key, database.renew)
        return database

    @property
    def _url(self) -> URL:
        return make_url(self._settings.url.get_secret_value()).set(drivername="postgresql+psycopg")

    def _engine(self) -> Engine:
        return create_engine(
            self._url,
            pool_size=self._settings.pool_size,
            max_overflow=0,
            pool_timeout=5,
            pool_pre_ping=True,
            # What customers have written stays out of messages and logs.
            hide_parameters=True,
            connect_args={"application_name": self._name, **_PATIENCE},
        )

    def renew(self) -> None:
        """Use a pool as it is configured now. What is at work ends in the former one, which is closed after it."""
        former, self.engine = self.engine, self._engine()
        _retire(former.pool)

    @contextmanager
    def tenant(self, tenant_id: str) -> Iterator[Connection]:
        """A transaction in which only this tenant's rows exist."""
        with self.engine.begin() as connection:
            connection.execute(text("SELECT set_config('app.tenant_id', :tenant, true)"), {"tenant": tenant_id})
            yield connection

    @contextmanager
    def platform(self) -> Iterator[Connection]:
        """A transaction without a tenant: no row is visible, only the functions across tenants work."""
        with self.engine.begin() as connection:
            yield connection

    def check(self) -> None:
        """Raise unless the database answers a query."""
        with self.platform() as connection:
            connection.execute(text("SELECT 1"))

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
        owner = make_url(self._settings.owner_url.get_secret_value()).set(drivername="postgresql+psycopg")
        engine = create_engine(owner, connect_args={"application_name": f"{self._name} migration"})
        try:
            with engine.begin() as connection:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
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

        def dsn() -> str:
            return self._url.set(drivername="postgresql").render_as_string(hide_password=False)

        return Listener(dsn, f"{self._name} listener", channels, on_connect)


def _retire(pool: Pool) -> None:
    """Close what is not in use, and what is as soon as it comes back."""
    event.listen(pool, "checkin", lambda connection, _: connection.close())
    pool.dispose()


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


class Listener(threading.Thread):
    """Receives PostgreSQL notifications; reconnects with growing pauses of at most two seconds."""

    def __init__(
        self,
        dsn: Callable[[], str],
        application_name: str,
        channels: Mapping[str, Callable[[str], None]],
        on_connect: Callable[[], None],
    ) -> None:
        super().__init__(name="notifications", daemon=True)
        self._dsn = dsn
        self._application_name = application_name
        self._channels = channels
        self._on_connect = on_connect
        self._closed = threading.Event()
        self.start()

    def close(self) -> None:
        """Stop after the notification in hand."""
        self._closed.set()

    def run(self) -> None:
        pause = 0.05
        while not self._closed.is_set():
            try:
                with psycopg.connect(
                    self._dsn(), autocommit=True, application_name=self._application_name, **_PATIENCE
                ) as connection:
                    for channel in self._channels:
                        connection.execute(f"LISTEN {channel}")
                    pause = 0.05
                    self._on_connect()
                    self._receive(connection)
            except Exception as error:
                log.warning("notifications interrupted", reason=type(error).__name__)
                self._closed.wait(pause)
                pause = min(pause * 2, 2.0)

    def _receive(self, connection: psycopg.Connection) -> None:
        while not self._closed.is_set():
            for notification in connection.notifies(timeout=1.0):
                self._channels[notification.channel](notification.payload)
            # A cheap question, so that a dropped connection is noticed even when nobody notifies.
            connection.execute("SELECT 1")
