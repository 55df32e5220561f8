"""The stack's places on disk: one directory per user in the temporary area, with caches and run directories."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import secrets
import shutil
import stat
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from support.stack import processes
from support.stack.errors import StackError, from_os_error
from support.surroundings import temporary_folder

# What the kernel takes, without the closing zero byte.
_LONGEST_SOCKET_PATH = 107
# The longest name of a socket below the base: a run directory's is as long whatever it is called.
_LONGEST_NAME = "runs/01234567/primary/.s.PGSQL.65535"
# A stack begins with half of it, the cache included, and grows while scenarios play.
_ROOM = 256 * 2**20
# initdb hands its folder to a shell, and others read theirs from texts in which these would be something else.
_NOT_IN_NAMES = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff$`,\"\\\\?]")


def temporary_place(override: Path | None = None) -> Path:
    """Where the stack's directory is to be."""
    return override or temporary_folder() / f"apex-acceptance-{os.geteuid()}"


def base_directory(override: Path | None = None) -> Path:
    """The directory for everything of this user; StackError, with what to do, when it is of no use."""
    base = temporary_place(override)
    _refuse_a_name_of_no_use(base)
    try:
        base.mkdir(mode=0o755, parents=True, exist_ok=True)
        found = base.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
            raise StackError(f"{base} is not a directory that belongs to this user alone; remove it or {_ANOTHER}")
        for place in (base, base / "cache", base / "runs"):
            place.mkdir(mode=0o755, exist_ok=True)
            # Whatever the umask: a service may run as another user.
            place.chmod(0o755)
        if os.statvfs(base).f_flag & os.ST_NOEXEC:
            raise StackError(f"no program may be run from the file system of {base} (it is mounted noexec); {_ANOTHER}")
        free = shutil.disk_usage(base).free
        if override is None and free < _ROOM:
            raise StackError(
                f"only {free // 2**20} MiB are left on the disk that holds {base}, and a stack needs "
                f"{_ROOM // 2**20}; make room or {_ANOTHER}"
            )
    except OSError as error:
        failed = from_os_error(error, "the stack's directory cannot be made", base)
        raise StackError(f"{failed}; {_ANOTHER}") from error
    if processes.service_user() is not None:
        for parent in base.resolve().parents:
            if not parent.stat().st_mode & 0o001:
                raise StackError(
                    f"PostgreSQL does not run as root, and other users may not enter {parent} (mode "
                    f"{stat.S_IMODE(parent.stat().st_mode):04o}); {_ANOTHER}"
                )
    return base


_ANOTHER = "set TMPDIR to another folder, for example TMPDIR=/tmp"


def _refuse_a_name_of_no_use(base: Path) -> None:
    if not base.is_absolute():
        raise StackError(f"TMPDIR is {str(base.parent)!r} and must be absolute; {_ANOTHER}")
    if found := _NOT_IN_NAMES.search(str(base)):
        raise StackError(f"{str(base)!r} has {found[0]!r} in its name, which not all services take; {_ANOTHER}")
    longest = _LONGEST_SOCKET_PATH - len(f"/{_LONGEST_NAME}")
    if (length := len(os.fsencode(base))) > longest:
        raise StackError(f"{base} is too long a path for sockets ({length} bytes, at most {longest} fit); {_ANOTHER}")


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file `path` (made when missing); waits while another process holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


async def cached(base: Path, key: str, make: Callable[[Path], Awaitable[None]]) -> Path:
    """The cache entry `key`; when missing, `make` fills a directory beside it that is then renamed.

    Several first runs at once may each make it; the first rename wins and the others are dropped.
    """
    entry = base / "cache" / key
    if entry.is_dir():
        return entry
    making = Path(tempfile.mkdtemp(prefix=f"{MAKING}{os.getpid()}-", dir=base / "cache"))
    making.chmod(0o755)
    try:
        await make(making)
        with contextlib.suppress(OSError):
            making.rename(entry)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    if not entry.is_dir():
        raise StackError(f"the cache entry {entry} could not be made")
    return entry


MAKING = ".making-"


def unfinished_cache_entries(base: Path) -> list[Path]:
    """Half-made cache entries whose maker has ended."""
    found = []
    for path in (base / "cache").glob(f"{MAKING}*"):
        maker = re.match(rf"{re.escape(MAKING)}(\d+)-", path.name)
        if maker is None or processes.identity_of(int(maker[1])) is None:
            found.append(path)
    return found


class RunDirectory:
    """The directory of one run. It carries its owner's pid and start time, and the owner holds a lock on it."""

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self._lock = lock

    @classmethod
    def make(cls, base: Path) -> RunDirectory:
        """A fresh run directory, owned by the calling process until it ends."""
        with locked(base / "runs" / ".lock"):
            path = base / "runs" / secrets.token_hex(4)
            path.mkdir(mode=0o755)
            lock = os.open(path / "owner.json", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(lock, fcntl.LOCK_EX)
            owner = processes.identity_of(os.getpid())
            assert owner is not None, "the calling process runs"
            os.write(lock, json.dumps({"pid": owner.pid, "start_time": owner.start_time}).encode())
        return cls(path, lock)

    def release(self) -> None:
        """Give up the lock; what is left of the directory then counts as a leftover."""
        os.close(self._lock)


def is_owned(run_dir: Path) -> bool:
    """Does a living process hold the run directory?"""
    try:
        descriptor = os.open(run_dir / "owner.json", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def owner_of(run_dir: Path) -> processes.Identity | None:
    """The process that made the run directory; None when there is no such directory."""
    try:
        owner = json.loads((run_dir / "owner.json").read_text())
    except FileNotFoundError:
        return None
    return processes.Identity(owner["pid"], owner["start_time"])


def log_directory(path: Path) -> Path:
    """Make the directory for logs and empty the logs of an earlier stack; StackError where that is refused."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        for log in path.glob("*.log"):
            os.truncate(log, 0)
    except OSError as error:
        raise from_os_error(error, "the logs cannot be written", path) from error
    return path
