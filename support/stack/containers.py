"""Stores in containers: whether an engine answers. There is no provider over it yet, and that is said."""

from __future__ import annotations

import http.client
import socket
from typing import NoReturn

from support.stack.errors import StackError

ENGINE = "/var/run/docker.sock"
_SECONDS = 3.0


class _Local(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(_SECONDS)
        self.sock.connect(self._path)


def refuse(engine: str = ENGINE) -> NoReturn:
    """Say why no stores come in containers. Raises StackError, one line."""
    instead = "use -D services=embedded, or external with the addresses of containers of your own"
    connection = _Local(engine)
    try:
        connection.request("GET", "/_ping")
        answer = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        raise StackError(
            f"-D services=containers: no container engine answers at {engine} ({why}); {instead}"
        ) from None
    finally:
        connection.close()
    raise StackError(
        f"-D services=containers: an engine answers at {engine} ({answer}), but is not used yet; {instead}"
    )
