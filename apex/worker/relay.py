"""The outbox: what a transaction has to tell other stores, delivered at least once and made to count once."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from typing import Any, ClassVar

import httpx
import redis
import structlog
from prometheus_client import Counter
from sqlalchemy import Row, text

from apex.http.identity import service_token
from apex.settings import Settings
from apex.storage.database import POSITION, Database
from apex.storage.stream import Event, EventStream

log = structlog.get_logger()

_BATCH = 100
# Notifications wake a relay; this is how long one that was missed can go unseen.
_IDLE_SECONDS = 5.0
# A notification wakes every worker, and one of them takes the rows. When it is lost with them in hand, nobody is woken
# again: so each looks once more a moment later.
_SECOND_LOOK_SECONDS = 0.5
# Once a store is back, customers wait no longer than this for what it has missed.
_LONGEST_PAUSE = 1.0
_CLOSING_SECONDS = 5.0
# A row that is refused for a reason of its own is tried so often, with pauses that double.
_MOST_ATTEMPTS = 5
_FIRST_PAUSE = 0.1
_LONGEST_REASON = 500

SET_ASIDE = Counter("apex_outbox_set_aside", "Rows that could not be delivered and were set aside", ["topic"])


class Undelivered(Exception):
    """Rows are still in the outbox: whoever they are for can take none now."""


class Relay(threading.Thread, ABC):
    """Delivers one topic; starts by itself. Several processes may do so at once: each row is with one of them.

    A row that is refused again and again is set aside with the reason, until an operator has it tried again.
    """

    topic: ClassVar[str]
    unreachable: ClassVar[tuple[type[Exception], ...]]
    """Errors that say that no row can arrive now; any other is the row's own."""

    def __init__(self, database: Database) -> None:
        super().__init__(name=f"relay {self.topic}", daemon=True)
        self._database = database
        self._news, self._closed = threading.Event(), threading.Event()
        self._next_attempt = _IDLE_SECONDS
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
        self.join(_CLOSING_SECONDS)

    def run(self) -> None:
        pause, idle, is_last = 0.1, _IDLE_SECONDS, False
        while not is_last:
            woken = self._news.wait(min(idle, self._next_attempt))
            self._news.clear()
            is_last = self._closed.is_set()
            idle = _SECOND_LOOK_SECONDS if woken else _IDLE_SECONDS
            self._next_attempt = _IDLE_SECONDS
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
                    text(f"SELECT id, tenant_id, payload, attempts, {POSITION} FROM outbox_batch(:topic, :size)"),
                    {"topic": self.topic, "size": _BATCH},
                )
            )
            delivered, refused = self._delivered(rows) if rows else ([], {})
            if delivered:
                connection.execute(text("SELECT outbox_delivered(:ids)"), {"ids": delivered})
            failed = [self._failed(row, refused[row.id]) for row in rows if row.id in refused]
            if failed:
                connection.execute(text("SELECT outbox_failed(:id, :why, :pause, :is_last)"), failed)
        self._report(failed)
        if len(delivered) + len(failed) < len(rows):
            raise Undelivered(f"{len(rows) - len(delivered) - len(failed)} of {len(rows)} rows")
        return len(rows)

    def _delivered(self, rows: list[Row[Any]]) -> tuple[list[int], dict[int, Exception]]:
        """The ids of the rows that have arrived, and of those that were refused; when they do not go together, each is
        tried by itself.
        """
        try:
            self.deliver(rows)
            return [row.id for row in rows], {}
        except self.unreachable:
            raise
        except Exception as error:
            log.warning("outbox rows not delivered together", topic=self.topic, exc_info=error)
        delivered: list[int] = []
        refused: dict[int, Exception] = {}
        for row in rows:
            try:
                self.deliver([row])
                delivered.append(row.id)
            except self.unreachable:
                break
            except Exception as error:
                refused[row.id] = error
        return delivered, refused

    def _failed(self, row: Row[Any], error: Exception) -> dict[str, Any]:
        """What becomes of a row that was refused."""
        return {
            "id": row.id,
            "why": f"{type(error).__name__}: {error}"[:_LONGEST_REASON],
            "pause": _FIRST_PAUSE * 2**row.attempts,
            "is_last": row.attempts + 1 >= _MOST_ATTEMPTS,
        }

    def _report(self, failed: list[dict[str, Any]]) -> None:
        """Say which rows were refused, now that this is stored, and look again when the first of them is due."""
        for each in failed:
            if each["is_last"]:
                SET_ASIDE.labels(self.topic).inc()
                log.error("outbox row set aside", topic=self.topic, row=str(each["id"]), reason=each["why"])
            else:
                log.warning("outbox row refused", topic=self.topic, row=str(each["id"]), reason=each["why"])
                self._next_attempt = min(self._next_attempt, each["pause"])


class EventRelay(Relay):
    """Events that must not be seen before what they tell of is stored: ends of runs, notices."""

    topic = "events"
    unreachable = (redis.ConnectionError, redis.TimeoutError, Undelivered)

    def __init__(self, database: Database, stream: EventStream, heartbeat_seconds: float) -> None:
        self._stream = stream
        # Whoever was seen within two heartbeats is connected.
        self._present_seconds = 2 * heartbeat_seconds
        super().__init__(database)

    def deliver(self, rows: list[Row[Any]]) -> None:
        # Whoever hears of the end of a run, and reads it, finds it.
        for tenant_id, position in {str(row.tenant_id): row.position for row in rows}.items():
            self._database.written(position, tenant_id)
        for row in rows:
            if row.payload["type"] == "notice":
                self._publish_notice(row)
            else:
                end = dict(row.payload)
                for each in (*end.pop("before", ()), end):
                    self._publish(Event(**each), str(row.id) if each is end else "")

    def _publish_notice(self, row: Row[Any]) -> None:
        """To everyone who is connected; a user whose stream takes nothing keeps it from nobody."""
        refusals = []
        for user_id in self._stream.connected_users(self._present_seconds):
            try:
                self._publish(Event(user_id=user_id, **row.payload), f"{row.id}:{user_id}")
            except redis.ResponseError as error:
                refusals.append(error)
        if refusals:
            raise refusals[0]

    def _publish(self, event: Event, delivery_id: str) -> None:
        try:
            self._stream.publish(event, delivery_id)
        except redis.ResponseError as error:
            # What lies in the way of one stream is that one's own trouble; a Redis that is full or takes no writes
            # refuses everybody.
            if "WRONGTYPE" not in str(error):
                raise Undelivered("the event stream takes nothing") from error
            raise


# The answers that are about the record; any other refusal is about the service, or about who asks.
_OWN_FAULT = (
    httpx.codes.BAD_REQUEST,
    httpx.codes.REQUEST_ENTITY_TOO_LARGE,
    httpx.codes.UNPROCESSABLE_ENTITY,
    httpx.codes.INTERNAL_SERVER_ERROR,
)


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
        if response.status_code not in _OWN_FAULT and not response.is_success:
            # One record after the other would fare no better.
            raise Undelivered(f"analytics answers {response.status_code}")
        response.raise_for_status()
