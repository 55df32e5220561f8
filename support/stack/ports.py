"""Ports on 127.0.0.1 that no other run takes at the same time."""

from __future__ import annotations

import errno
import os
import socket

from support.stack.errors import StackError

LOOPBACK = "127.0.0.1"


class PortRange:
    """Hands out ports of a range, each reserved by a claim that ends with this process however it ends.

    The claim on a port is an abstract Unix socket of that name: it holds for all runs that share the loopback device,
    whoever they belong to and wherever they keep their files. A port on which somebody else listens is passed over.
    """

    def __init__(self, low: int, high: int, claims: str = "apex-acceptance-port") -> None:
        if not 1024 <= low <= high <= 65535:
            raise StackError(f"the range of ports {low}-{high} must lie within 1024-65535, low end first")
        self.low, self.high = low, high
        self._claims = claims
        self._size = high - low + 1
        # Runs begin at different places, so that a port is not used again while an old client may still dial it.
        self._next = os.getpid() * 61 % self._size
        self._held: dict[int, socket.socket] = {}

    def reserve(self) -> int:
        """A free port; StackError when the range is used up."""
        for _ in range(self._size):
            port = self.low + self._next
            self._next = (self._next + 1) % self._size
            if port not in self._held and (claim := self._claim(port)) is not None:
                if _can_listen(port):
                    self._held[port] = claim
                    return port
                claim.close()
        raise StackError(f"no free port left in the range {self.low}-{self.high} on {LOOPBACK}; give a wider range")

    def release(self, port: int) -> None:
        """Give a reserved port back."""
        self._held.pop(port).close()

    def close(self) -> None:
        """Give all ports back."""
        for port in list(self._held):
            self.release(port)

    def _claim(self, port: int) -> socket.socket | None:
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            claim.bind(f"\0{self._claims}-{port}")
        except OSError as error:
            claim.close()
            if error.errno != errno.EADDRINUSE:
                raise
            return None
        return claim


def _can_listen(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
