"""The outbox: what a transaction has to tell other stores, delivered at least once and made to count once."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from typing import Any, ClassVar

import httpx
import redis
import structlog
from sqlalchemy import Row, text

from apex.http.identity import service_token
from apex.settings import Settings
from apex.storage.database import Database
from apex.storage.stream import Event, EventStream

log = structlog.get_logger()

_BATCH = 100
# Notifications wake a relay; this is how long one that was missed can go unseen.
_IDLE_SECONDS = 5.0
# A notification wakes every worker, and one of them takes the rows. When it is lost with them in hand, nobody is woken
# again: so each looks once more a moment later.
_SECOND_LOOK_SECONDS = 0.5
_LONGEST_PAUSE = 5.0


class Undelivered(Exception):
    """Rows are still in the outbox, although whoever they are for could be asked."""


class Relay(threading.Thread, ABC):
    """Delivers one topic; starts by itself. Several processes may do so at once: each row is with one of them."""

    topic: ClassVar[str]
    unreachable: ClassVar[tuple[type[Exception], ...]]
    """Errors that say that no row can arrive now."""

    def __init__(self, database: Database) -> None:
        super().__init__(name=f"relay {self.topic}", daemon=True)
        self._database = database
        self._news, self._closed = threading.Event(), threading.Event()
        self.start()

    def wake(self) -> None:
        """The outbox has news."""
        self._news.set()

    def close(self) -> None:
        """Deliver what is in hand and what has been written until now, for which this waits a while; then no more.

        Nobody else may be there to do it: the last runs of a worker that stops end while its listener does.
        """
        self._closed.set()
        self._news.set()
        self.join(_LONGEST_PAUSE)

    def run(self) -> None:
        pause, idle, is_last = 0.1, _IDLE_SECONDS, False
        while not is_last:
            woken = self._news.wait(idle)
            self._news.clear()
            is_last = self._closed.is_set()
            idle = _SECOND_LOOK_SECONDS if woken else _IDLE_SECONDS
            try:
                while self._deliver_batch() == _BATCH and not self._closed.is_set():
                    pass
                pause = 0.1
            except Exception as error:
                # This thread must outlive whatever happens to it: without it no end of a run would be told.
                log.warning("outbox not delivered", topic=self.topic, exc_info=error)
                self._closed.wait(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
                self._news.set()

    @abstractmethod
    def deliver(self, rows: list[Row[Any]]) -> None:
        """Hand the rows over; raises if one of them may not have arrived."""

    def _deliver_batch(self) -> int:
        """How many rows were there. One that cannot be delivered stays for later and holds up no other."""
        with self._database.platform() as connection:
            rows = list(
                connection.execute(
                    text("SELECT id, tenant_id, payload FROM outbox_batch(:topic, :size)"),
                    {"topic": self.topic, "size": _BATCH},
                )
            )
            # Whoever hears of the end of a run, and reads it, finds it.
            self._database.told(connection, {str(row.tenant_id) for row in rows})
            delivered = self._delivered(rows) if rows else []
            if delivered:
                connection.execute(text("SELECT outbox_delivered(:ids)"), {"ids": delivered})
        if len(delivered) < len(rows):
            raise Undelivered(f"{len(rows) - len(delivered)} of {len(rows)} rows")
        return len(rows)

    def _delivered(self, rows: list[Row[Any]]) -> list[int]:
        """The ids of the rows that have arrived; when they do not go together, each is tried by itself."""
        try:
            self.deliver(rows)
            return [row.id for row in rows]
        except self.unreachable:
            raise
        except Exception as error:
            log.warning("outbox rows not delivered together", topic=self.topic, exc_info=error)
        delivered = []
        for row in rows:
            try:
                self.deliver([row])
                delivered.append(row.id)
            except self.unreachable:
                break
            except Exception as error:
                log.error("outbox row not delivered", topic=self.topic, row=str(row.id), exc_info=error)
        return delivered


class EventRelay(Relay):
    """Events that must not be seen before what they tell of is stored: ends of runs, notices."""

    topic = "events"
    unreachable = (redis.ConnectionError, redis.TimeoutError)

    def __init__(self, database: Database, stream: EventStream, heartbeat_seconds: float) -> None:
        self._stream = stream
        # Whoever was seen within two heartbeats is connected.
        self._present_seconds = 2 * heartbeat_seconds
        super().__init__(database)

    def deliver(self, rows: list[Row[Any]]) -> None:
        for row in rows:
            if row.payload["type"] == "notice":
                for user_id in self._stream.connected_users(self._present_seconds):
                    self._stream.publish(Event(user_id=user_id, **row.payload), f"{row.id}:{user_id}")
            else:
                self._stream.publish(Event(**row.payload), str(row.id))


class AnalyticsRelay(Relay):
    """Records of ended runs, for the analytics service (which knows a record again by its id)."""

    topic = "analytics"
    unreachable = (httpx.TransportError, Undelivered)

    def __init__(self, database: Database, settings: Settings) -> None:
        self._settings = settings
        self._http = httpx.Client(base_url=settings.analytics.url, timeout=10)
        super().__init__(database)

    def deliver(self, rows: list[Row[Any]]) -> None:
        token = service_token(self._settings, "worker", "apex-analytics", {}, 60)
        response = self._http.post(
            "/v1/records",
            json={"records": [row.payload for row in rows]},
            headers={"authorization": f"Bearer {token}"},
        )
        if response.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            # Its store is away: one record after the other would fare no better.
            raise Undelivered("analytics cannot store")
        response.raise_for_status()
