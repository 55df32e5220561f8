"""PostgreSQL, Redis and ClickHouse as they run in containers: each from an image that has its programs, and no more.

They are configured as those of the embedded provider are. Passwords are in the files that a container is given, which
only who controls the engine can read, and in no command line.
"""

from __future__ import annotations

from collections.abc import Mapping

from support.stack import postgres_template as prepared
from support.stack.clickhouse import DATABASE, USER, ClickHouse
from support.stack.contained import Contained, ContainedRecipe
from support.stack.images import IMAGES
from support.stack.ports import LOOPBACK
from support.stack.postgres import REPLICATED, SETTINGS, PostgresPasswords, configured, followed, quoted
from support.stack.redis import Redis

_FOLDER = "/acceptance"
# Debian keeps the programs of each version in a place of their own, and so do images made from it.
_POSTGRES = """\
set -eu
export PATH="$(echo /usr/lib/postgresql/*/bin):$PATH"
if [ ! -f data/PG_VERSION ]; then
{fill}
fi
exec postgres -D data -c config_file={folder}/postgresql.conf
"""
_NEW = """\
initdb -D data --username=postgres --auth=trust --encoding=UTF8 --locale=C.UTF-8 --no-sync --wal-segsize=4 >/dev/null
postgres --single -F -D data {first} <{folder}/roles.sql >/dev/null"""
_COPIED = """\
export PGSERVICEFILE={folder}/primary.conf
pg_basebackup -D data -d service=primary --checkpoint=fast --no-sync
touch data/standby.signal"""
# Of later versions than the images have.
_UNKNOWN = frozenset(("io_method",))


class ContainedRedis(Redis, ContainedRecipe):
    """A Redis server with a password."""

    async def prepare(self) -> None:
        """Nothing of it is on this disk."""

    def contained(self) -> Contained:
        config = f"{_FOLDER}/redis.conf"
        return Contained(IMAGES["redis"], ("redis-server", config), {config: self.settings()})


class ContainedClickHouse(ClickHouse, ContainedRecipe):
    """A ClickHouse server with one user and one database."""

    _has_database = False

    async def prepare(self) -> None:
        """Nothing of it is on this disk."""

    def contained(self) -> Contained:
        config = f"{_FOLDER}/config.xml"
        entries = {
            "logger/level": "warning",
            "logger/console": "true",
            "listen_host": LOOPBACK,
            "http_port": str(self.port),
            "path": "/tmp/clickhouse/",
            "backups/allowed_path": "/tmp/backups/",
            "user_directories/users_xml/path": config,
            f"users/{USER}/password": self.password,
            f"users/{USER}/networks/ip": LOOPBACK,
            f"users/{USER}/profile": "default",
            f"users/{USER}/quota": "default",
            "profiles/default": "",
            "quotas/default": "",
        }
        return Contained(
            IMAGES["clickhouse"],
            ("clickhouse-server", f"--config-file={config}"),
            {config: _xml("clickhouse", entries)},
        )

    def check(self) -> None:
        from support.stack import readiness  # the clients are loaded while the services start, not before

        if not self._has_database:
            readiness.make_clickhouse_database(self.url(self.port).removesuffix(f"/{DATABASE}"), DATABASE)
            self._has_database = True
        ClickHouse.check(self)


class _Server(ContainedRecipe):
    """What primary and replica have in common."""

    def __init__(self, name: str, port: int, passwords: PostgresPasswords) -> None:
        self.name = name
        self.port = port
        self._passwords = passwords

    def _contained(self, fill: str, settings: Mapping[str, str], files: Mapping[str, str]) -> Contained:
        kept = {name: value for name, value in SETTINGS.items() if name not in _UNKNOWN}
        own = {"port": str(self.port), "unix_socket_directories": "/tmp", "hba_file": f"{_FOLDER}/pg_hba.conf"}
        files = {**files, "pg_hba.conf": prepared.HBA, "postgresql.conf": configured({**kept, **own, **settings})}
        script = _POSTGRES.format(fill=fill.format(folder=_FOLDER, first=prepared.FIRST_DATABASE), folder=_FOLDER)
        return Contained(
            IMAGES["postgres"],
            ("sh", "-c", script),
            {f"{_FOLDER}/{name}": text for name, text in files.items()},
            stop_signal="SIGINT",
        )


class ContainedPrimary(_Server):
    """The server that takes writes."""

    needs: tuple[str, ...] = ()

    def __init__(self, *args: object, is_replicated: bool) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self._is_replicated = is_replicated

    def contained(self) -> Contained:
        passwords = self._passwords.by_role().items()
        changed = "".join(f"ALTER ROLE {role} PASSWORD {quoted(password)};\n" for role, password in passwords)
        # Roles first, then the databases that nobody here uses.
        return self._contained(_NEW, REPLICATED if self._is_replicated else {}, {"roles.sql": prepared.ROLES + changed})

    def check(self) -> None:
        from support.stack import readiness  # the clients are loaded while the services start, not before

        readiness.postgres_serves(self._passwords.url(prepared.APP, self.port))


class ContainedReplica(_Server):
    """The server that follows the primary and answers reads; it begins as a copy of it. `line_port` leads there."""

    needs = ("postgres-primary",)

    def __init__(self, *args: object, line_port: int) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self._line_port = line_port

    def contained(self) -> Contained:
        place = {"host": LOOPBACK, "port": self._line_port, "user": prepared.REPLICATION}
        primary = {**place, "password": self._passwords.replication}
        service = "[primary]\n" + "".join(f"{name}={value}\n" for name, value in primary.items())
        return self._contained(_COPIED, followed(self._line_port, self._passwords), {"primary.conf": service})

    def check(self) -> None:
        from support.stack import readiness  # as above

        readiness.replica_follows(self._passwords.url(prepared.OBSERVER, self.port))


def _xml(root: str, entries: Mapping[str, str]) -> str:
    """A document with a text at each path of elements."""
    from xml.etree import ElementTree  # no other stack needs it

    document = ElementTree.Element(root)
    for path, text in entries.items():
        place = document
        for name in path.split("/"):
            found = place.find(name)
            place = ElementTree.SubElement(place, name) if found is None else found
        place.text = text
    return str(ElementTree.tostring(document, encoding="unicode"))
