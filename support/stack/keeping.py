"""The stack that a checkout keeps running: who holds it, and from which sources it was started.

A checkout keeps at most one stack. Its supervisor holds an abstract Unix socket named after the user and the folder's
device and inode, so the kernel settles who is first and forgets who has ended, whatever TMPDIR says; the name goes
along when the checkout is moved, and a copy has another.
"""

from __future__ import annotations

import errno
import hashlib
import os
import socket
import struct
from pathlib import Path

from support.stack import processes
from support.stack.errors import StackError

# What a running stack has loaded; a change there is not seen before the stack starts again.
_SOURCES = ("apex", "support/stack", "targets")
_CONFIGURATION = frozenset((".py", ".toml", ".json", ".sql", ".yaml"))
_BACKLOG = 100
_CONNECT_SECONDS = 10.0


def address(checkout: Path) -> str:
    """The name of the socket on which the kept stack of a checkout answers."""
    folder = checkout.stat()
    return f"\0apex-acceptance-{os.geteuid()}-{folder.st_dev:x}-{folder.st_ino:x}"


def claim(checkout: Path) -> socket.socket | None:
    """Become the one whose stack this checkout keeps; None when there is one already, be it only starting."""
    claimed = socket.socket(socket.AF_UNIX)
    try:
        claimed.bind(address(checkout))
    except OSError as error:
        claimed.close()
        if error.errno == errno.EADDRINUSE:
            return None
        raise
    claimed.listen(_BACKLOG)
    return claimed


def holder(checkout: Path) -> processes.Identity | None:
    """The process that holds the kept stack of a checkout; None when none is kept. StackError: it is not ours."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(_CONNECT_SECONDS)
        try:
            probe.connect(address(checkout))
        except ConnectionRefusedError:
            return None
        except TimeoutError:
            raise StackError(f"the stack of {checkout} takes no connection any more; end its supervisor") from None
        pid, uid = peer(probe)
    if uid != os.geteuid():
        raise StackError(f"the name of the stack of {checkout} is held by process {pid} of another user; end that")
    return processes.identity_of(pid)


def peer(connection: socket.socket) -> tuple[int, int]:
    """Process and user at the other end of a Unix socket, as they were when they began to listen or connected."""
    pid, uid, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return pid, uid


def _files(folder: Path) -> list[Path]:
    """What lies below, except in environments: what is installed there is pinned by what lies beside them."""
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != ".venv"]
        found += [Path(place, name) for name in (*folders, *names)]
    return sorted(found)


def fingerprint(checkout: Path) -> str:
    """A hash over the place, names and contents of all sources that a running stack has loaded."""
    digest = hashlib.sha256(os.fsencode(checkout.resolve()))
    for part in _SOURCES:
        for path in _files(checkout / part):
            if path.suffix in _CONFIGURATION and path.is_file():
                digest.update(os.fsencode(path.relative_to(checkout)) + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
