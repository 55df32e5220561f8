"""Ports on 127.0.0.1 that no other run takes at the same time."""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import tempfile
from pathlib import Path

from support.stack.errors import StackError

LOOPBACK = "127.0.0.1"


class PortRange:
    """Hands out ports of a range, each reserved by a lock that ends with this process however it ends.

    All runs of the machine lock byte N of one file for port N (open-file-description locks), so that no two runs of
    any user can be given the same port; a port on which somebody else listens is passed over.
    """

    def __init__(self, low: int, high: int, lock_path: Path | None = None) -> None:
        if not 1024 <= low <= high <= 65535:
            raise StackError(f"the range of ports {low}-{high} must lie within 1024-65535, low end first")
        self.low, self.high = low, high
        self._lock = _open_shared(lock_path or Path(tempfile.gettempdir()) / "apex-acceptance-ports.lock")
        self._size = high - low + 1
        # Runs begin at different places, so that a port is not used again while an old client may still dial it.
        self._next = os.getpid() * 61 % self._size
        self._held: set[int] = set()

    def reserve(self) -> int:
        """A free port; StackError when the range is used up."""
        for _ in range(self._size):
            port = self.low + self._next
            self._next = (self._next + 1) % self._size
            if port not in self._held and self._lock_port(port, fcntl.F_WRLCK):
                if _can_listen(port):
                    self._held.add(port)
                    return port
                self._lock_port(port, fcntl.F_UNLCK)
        raise StackError(f"no free port left in the range {self.low}-{self.high} on {LOOPBACK}; give a wider range")

    def release(self, port: int) -> None:
        """Give a reserved port back."""
        self._held.discard(port)
        self._lock_port(port, fcntl.F_UNLCK)

    def close(self) -> None:
        """Give all ports back."""
        os.close(self._lock)

    def _lock_port(self, port: int, kind: int) -> bool:
        request = struct.pack("hhqqi4x", kind, os.SEEK_SET, port, 1, 0)
        try:
            fcntl.fcntl(self._lock, fcntl.F_OFD_SETLK, request)
        except (BlockingIOError, PermissionError):
            return False
        return True


def _open_shared(path: Path) -> int:
    """Open the machine-wide lock file; a file of another user in /tmp may only be opened without O_CREAT."""
    flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        return os.open(path, flags)
    except FileNotFoundError:
        descriptor = os.open(path, flags | os.O_CREAT, 0o666)
        os.fchmod(descriptor, 0o666)
        return descriptor
    except OSError as error:
        raise StackError(f"cannot open {path}, which reserves ports: {error.strerror}") from error


def _can_listen(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
