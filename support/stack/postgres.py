"""PostgreSQL: a primary and a synchronous streaming replica, from the programs of a wheel."""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from support.stack import postgres_template as prepared
from support.stack.child import run_to_end
from support.stack.ports import LOOPBACK
from support.stack.processes import Launch, ServiceUser
from support.stack.service import Recipe

SETTINGS = {
    "listen_addresses": LOOPBACK,
    "max_connections": "300",
    "shared_buffers": "64MB",
    # No segments in /dev/shm that could outlive a killed server; the one System V segment is swept by its number.
    "dynamic_shared_memory_type": "mmap",
    "huge_pages": "off",
    # A fault on a process cannot lose the kernel's page cache, and the data ends with the run: only a crash of the
    # machine would need fsync. full_page_writes stays on, because a kill can tear the writing of a page.
    "fsync": "off",
    "wal_level": "replica",
    "wal_log_hints": "on",
    "wal_keep_size": "256MB",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "30min",
    "hot_standby": "on",
    "wal_receiver_status_interval": "1s",
    "wal_retrieve_retry_interval": "50ms",
    "max_standby_streaming_delay": "5s",
    "io_method": "sync",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "log_line_prefix": "%m [%p] %e %q%u@%d ",
    "log_checkpoints": "off",
}
REPLICATED = {"synchronous_standby_names": "*", "synchronous_commit": "on"}
"""A commit is confirmed once a replica has it, too."""


@dataclass(frozen=True)
class PostgresPasswords:
    """Passwords of this run, by role.

    suffix: what the names of roles and of the database end with, on a server where others have theirs.
    """

    owner: str
    app: str
    observer: str
    replication: str
    suffix: str = ""

    def by_role(self) -> Mapping[str, str]:
        """Role name to password."""
        roles = (prepared.OWNER, prepared.APP, prepared.OBSERVER, prepared.REPLICATION)
        return dict(zip(roles, (self.owner, self.app, self.observer, self.replication), strict=True))

    def name(self, of: str) -> str:
        """What a role, or the database, is called on the server."""
        return f"{of}{self.suffix}"

    def url(self, role: str, port: int) -> str:
        """The address of the database for a role at a port."""
        login = f"{self.name(role)}:{self.by_role()[role]}"
        return f"postgresql://{login}@{LOOPBACK}:{port}/{self.name(prepared.DATABASE)}"


class _Server(Recipe):
    """What primary and replica have in common. `directory` is the server's own place in the run directory."""

    def __init__(
        self, name: str, directory: Path, base: Path, port: int, passwords: PostgresPasswords, user: ServiceUser | None
    ) -> None:
        self.name = name
        self.port = port
        self.directory = directory
        self.data_dir = directory / "data"
        self._base = base
        self._passwords = passwords
        self._user = user
        self._binaries = Path()

    async def prepare(self) -> None:
        self._binaries = await prepared.programs(self._base)
        template = await prepared.template(self._base, self._binaries, self._user)
        self.directory.mkdir(mode=0o700)
        prepared.give_to(self.directory, self._user)
        copy = Launch(("cp", "-a", str(template), str(self.data_dir)), {"PATH": "/usr/bin:/bin"}, Path("/"), self._user)
        copy_log = self.directory.with_suffix(".prepare.log")
        await run_to_end(f"{self.name} cannot be prepared", copy, copy_log, self.directory)
        copy_log.unlink()
        settings = SETTINGS | {"port": str(self.port), "unix_socket_directories": str(self.directory)}
        self._write("postgresql.conf", configured(settings))

    def _write(self, name: str, text: str) -> None:
        path = self.data_dir / name
        path.touch(mode=0o600)
        path.chmod(0o600)
        path.write_text(text)
        prepared.give_to(path, self._user)

    def launch(self, extra_args: Sequence[str]) -> Launch:
        argv = (str(self._binaries / "postgres"), "-D", str(self.data_dir), *extra_args)
        return Launch(
            argv,
            {"LC_ALL": "C", "TZ": "UTC"},
            cwd=Path("/"),
            user=self._user,
            # SIGQUIT lets the postmaster take its children and its shared memory along; SIGKILL would not.
            death_signal=signal.SIGQUIT,
            stop_signal=signal.SIGINT,
            end_signal=signal.SIGQUIT,
        )


class Primary(_Server):
    """The server that takes writes; where there is a replica, it confirms a commit once that has it too."""

    needs: tuple[str, ...] = ()
    _has_passwords = False

    def __init__(self, *args: object, is_replicated: bool = True, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self._is_replicated = is_replicated

    async def prepare(self) -> None:
        await super().prepare()
        if self._is_replicated:
            self._write("postgresql.auto.conf", configured(REPLICATED))

    def check(self) -> None:
        from support.stack import readiness  # the clients are loaded while the services start, not before

        if not self._has_passwords:
            readiness.set_postgres_passwords(self.directory, self.port, prepared.DATABASE, self._passwords.by_role())
            self._has_passwords = True
        readiness.postgres_serves(self._passwords.url(prepared.APP, self.port))


class Replica(_Server):
    """The server that follows the primary and answers reads. `line_port` leads to the primary.

    It begins as a copy of the same prepared data directory, so it only has to catch up with what the primary wrote.
    """

    needs: tuple[str, ...] = ()

    def __init__(self, *args: object, line_port: int, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self._line_port = line_port

    async def prepare(self) -> None:
        await super().prepare()
        self._write("postgresql.auto.conf", configured(followed(self._line_port, self._passwords)))
        self._write("standby.signal", "")

    def check(self) -> None:
        from support.stack import readiness  # the clients are loaded while the services start, not before

        readiness.replica_follows(self._passwords.url(prepared.OBSERVER, self.port))


def followed(line_port: int, passwords: PostgresPasswords) -> Mapping[str, str]:
    """The settings of a replica. `line_port` leads to the primary."""
    login = f"user={prepared.REPLICATION} password={passwords.replication}"
    line = f"host={LOOPBACK} port={line_port} {login} application_name=replica connect_timeout=2"
    return {"primary_conninfo": line}


def configured(settings: Mapping[str, str]) -> str:
    """Settings as a configuration file."""
    return "".join(f"{name} = {quoted(value)}\n" for name, value in settings.items())


def quoted(value: str) -> str:
    """A value as configuration files and statements have it."""
    return "'" + value.replace("'", "''") + "'"
