"""PostgreSQL's notifications, received by a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import psycopg
import structlog

from apex.storage.pool import PATIENCE
from apex.storage.watch import WATCH

log = structlog.get_logger()

# How often the database is asked whether the connection is alive, and how long it may take to show it.
_ASKED_SECONDS, _ALIVE_SECONDS = 0.5, 1.0


class Listener(threading.Thread):
    """Receives PostgreSQL notifications; reconnects with growing pauses of at most two seconds."""

    def __init__(
        self,
        address: Callable[[], dict[str, Any]],
        application_name: str,
        channels: Mapping[str, Callable[[str], None]],
        on_connect: Callable[[], None],
    ) -> None:
        super().__init__(name="notifications", daemon=True)
        self._address = address
        self._application_name = application_name
        self._channels = channels
        self._on_connect = on_connect
        self._closed = threading.Event()
        self.start()

    def close(self) -> None:
        """Stop after the notification in hand."""
        self._closed.set()

    def run(self) -> None:
        pause = 0.05
        while not self._closed.is_set():
            try:
                with psycopg.connect(
                    **self._address(), autocommit=True, application_name=self._application_name, **PATIENCE
                ) as connection:
                    for channel in self._channels:
                        connection.execute(f"LISTEN {channel}")
                    pause = 0.05
                    self._on_connect()
                    self._receive(connection)
            except Exception as error:
                log.warning("notifications interrupted", reason=type(error).__name__)
                self._closed.wait(pause)
                pause = min(pause * 2, 2.0)

    def _receive(self, connection: psycopg.Connection) -> None:
        while not self._closed.is_set():
            for notification in connection.notifies(timeout=_ASKED_SECONDS):
                self._channels[notification.channel](notification.payload)
            # A cheap question, so that a dropped connection is noticed even when nobody notifies.
            with WATCH.within(connection, _ALIVE_SECONDS):
                connection.execute("SELECT 1")
