"""Lines to the database on which an answer is awaited: one that stays silent for too long is cut.

A PostgreSQL that hangs keeps no time limit of its own, and TCP is content as long as its machine acknowledges what was
sent: nobody but the waiting side can end the wait.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
import structlog

log = structlog.get_logger()

_LOOK_SECONDS = 0.2


class Watch:
    """Cuts awaited connections that are overdue; whoever waits has an ``OperationalError`` then.

    Its thread is started with the first wait, and is at work only while somebody waits.
    """

    def __init__(self) -> None:
        self._due: dict[psycopg.Connection, float] = {}
        self._lock = threading.Lock()
        self._awaited, self._never = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def expect(self, connection: psycopg.Connection, seconds: float) -> None:
        """An answer has to come within so many seconds from now."""
        with self._lock:
            self._due[connection] = time.monotonic() + seconds
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="database watch", daemon=True)
                self._thread.start()
        self._awaited.set()

    def relax(self, connection: psycopg.Connection) -> None:
        """It has come, or nobody waits for it any more."""
        with self._lock:
            self._due.pop(connection, None)

    @contextmanager
    def within(self, connection: psycopg.Connection, seconds: float) -> Iterator[None]:
        """What is asked in here is answered in that time, or the connection is cut."""
        self.expect(connection, seconds)
        try:
            yield
        finally:
            self.relax(connection)

    def _run(self) -> None:
        while True:
            self._awaited.wait()
            self._never.wait(_LOOK_SECONDS)
            now = time.monotonic()
            with self._lock:
                for connection in [each for each, due in self._due.items() if due < now]:
                    del self._due[connection]
                    _cut(connection)
                if not self._due:
                    self._awaited.clear()


def _cut(connection: psycopg.Connection) -> None:
    log.warning("database silent for too long: connection cut")
    # Not closed here: its owner waits for this very descriptor.
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)


WATCH = Watch()
"""That of this process."""
