"""The container engine of this machine: whether it answers, which images it has, and what dead runs left in it.

Asked over its socket with what Python brings along: whoever clears up after a run has nothing else.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
from collections.abc import Iterable
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

from support.stack import directories
from support.stack.errors import StackError
from support.stack.images import IMAGES

ENGINE = "/var/run/docker.sock"
LABEL = "acceptance.run"
"""The label of a container: of which run it is, by machine and run directory."""
_SECONDS = 30.0
_OTHERS = "use -D services=embedded, or external with the addresses of servers of your own"


class _Local(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(_SECONDS)
        self.sock.connect(self._path)


def check(engine: str = ENGINE) -> None:
    """See that stores can come in containers. Raises StackError, one line."""
    check_engine(engine)
    if absent := missing(engine):
        raise StackError(
            f"-D services=containers: the engine has no image {', '.join(absent)}; bin/stack images gets or builds them"
        )


def check_engine(engine: str = ENGINE) -> None:
    """See that an engine answers. Raises StackError, one line."""
    try:
        status, _ = _ask("GET", "/_ping", engine)
    except (OSError, http.client.HTTPException) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        raise StackError(
            f"-D services=containers: no container engine answers at {engine} ({why}); {_OTHERS}"
        ) from None
    if status != HTTPStatus.OK:
        raise StackError(f"-D services=containers: the engine at {engine} answers {status}; {_OTHERS}")


def missing(engine: str = ENGINE) -> list[str]:
    """The images that the engine does not have."""
    return [name for name in IMAGES.values() if _ask("GET", f"/images/{quote(name)}/json", engine)[0] != HTTPStatus.OK]


def mark(run_dir: Path) -> str:
    """What the containers of a run are labelled with."""
    return f"{socket.gethostname()}:{run_dir}"


def remove(run_dir: Path) -> None:
    """Remove the containers of a run, if there are any; nothing where no engine answers."""
    _remove(ident for ident, whose in labelled() if whose == mark(run_dir))


def sweep(base: Path) -> None:
    """Remove the containers of runs below `base` that are no more, whether or not their directories are."""
    found = [(ident, whose, base / "runs" / whose.rpartition("/")[2]) for ident, whose in labelled()]
    _remove(ident for ident, whose, run_dir in found if whose == mark(run_dir) and not directories.is_owned(run_dir))


def labelled() -> list[tuple[str, str]]:
    """The containers of all runs, each by its ID and its mark; none where no engine answers."""
    filters = quote(json.dumps({"label": [LABEL]}))
    try:
        _, found = _ask("GET", f"/containers/json?all=1&filters={filters}")
    except (OSError, http.client.HTTPException):
        return []
    return [(each["Id"], each["Labels"][LABEL]) for each in found]


def _remove(idents: Iterable[str]) -> None:
    for ident in idents:
        with contextlib.suppress(OSError, http.client.HTTPException):
            _ask("DELETE", f"/containers/{ident}?force=1&v=1")


def _ask(method: str, path: str, engine: str = ENGINE) -> tuple[int, Any]:
    """The status of an answer, and its content where that is JSON."""
    with contextlib.closing(_Local(engine)) as connection:
        connection.request(method, path)
        answer = connection.getresponse()
        content = answer.read()
    is_json = answer.headers.get_content_type() == "application/json"
    return answer.status, json.loads(content) if is_json and content else None
