"""What the outbox holds arrives soon, whoever had it in hand when it ended."""

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
import redis
from hamcrest import equal_to, greater_than
from sqlalchemy import Row, text

from apex.storage.database import Database
from apex.storage.stream import Event, EventStream
from apex.worker.relay import SET_ASIDE, Relay
from support.scenario.waiting import wait_for


class Collecting(Relay):
    """Notes what it delivers; each delivery may be held up."""

    topic = "analytics"
    unreachable = (ConnectionError,)

    def __init__(self, database: Database) -> None:
        self.arrived: list[Any] = []
        self.refused: dict[Any, Exception] = {}
        self.looks = 0
        self.begun, self.may_end = threading.Event(), threading.Event()
        self.may_end.set()
        super().__init__(database)

    def _deliver_batch(self) -> int:
        found = super()._deliver_batch()
        self.looks += 1
        return found

    def deliver(self, rows: list[Row[Any]]) -> None:
        self.begun.set()
        self.may_end.wait(10)
        for row in rows:
            if error := self.refused.get(row.payload):
                raise error
        self.arrived += [row.payload for row in rows]


@pytest.fixture
def relay(database: Database) -> Iterator[Collecting]:
    relay = Collecting(database)
    yield relay
    relay.may_end.set()
    relay.close()


@pytest.fixture
def write(owner: psycopg.Connection, run: Row[Any]) -> Callable[[str], None]:
    """Adds a row to the outbox, in which no other test left one."""
    owner.execute("DELETE FROM outbox WHERE topic = 'analytics'")
    owner.commit()

    def add(payload: str) -> None:
        owner.execute(
            "INSERT INTO outbox (tenant_id, topic, payload) VALUES (%s, 'analytics', to_jsonb(%s::text))",
            [run.tenant_id, payload],
        )
        owner.commit()

    return add


@contextmanager
def locked_by_another(owner: psycopg.Connection) -> Iterator[None]:
    """Another worker has the rows in hand and is lost with them."""
    owner.execute("SELECT * FROM outbox_batch('analytics', 100)")
    yield
    owner.rollback()


def test_a_row_that_another_worker_gave_back_is_looked_at_again_soon(relay, owner, write):
    write("end")
    with locked_by_another(owner):
        relay.wake()
        # The woken relay has found the row locked; nobody wakes it again.
        wait_for(lambda: relay.looks, greater_than(0), within=5)
        assert relay.arrived == []
    wait_for(lambda: relay.arrived, equal_to(["end"]), within=2)


def test_whoever_closes_waits_for_what_is_in_hand(relay, owner, write):
    write("end")
    relay.may_end.clear()
    relay.wake()
    assert relay.begun.wait(5)
    closing = threading.Thread(target=relay.close)
    closing.start()
    closing.join(0.2)
    assert closing.is_alive()
    relay.may_end.set()
    closing.join(10)
    assert relay.arrived == ["end"]
    assert owner.execute("SELECT count(*) FROM outbox WHERE topic = 'analytics'").fetchone() == (0,)


def test_whoever_closes_delivers_what_was_written_before(relay, write):
    wait_for(lambda: relay.is_alive(), equal_to(True), within=5)
    write("end")
    # Nobody has woken it: the notification went to a listener that has ended.
    relay.close()
    assert relay.arrived == ["end"]


def attempts(owner: psycopg.Connection) -> list[Any]:
    """Of each row: what it is, how often it was refused, whether it is set aside, and why."""
    query = "SELECT payload #>> '{}', attempts, set_aside_at IS NOT NULL, reason FROM outbox WHERE topic = 'analytics'"
    found = owner.execute(query + " ORDER BY id").fetchall()
    owner.commit()
    return found


def test_a_row_that_is_refused_again_and_again_is_set_aside_and_holds_up_no_other(relay, owner, write):
    before = SET_ASIDE.labels("analytics")._value.get()
    relay.refused["poison"] = ValueError("not like this")
    for payload in ("first", "poison", "last"):
        write(payload)
    relay.wake()
    wait_for(lambda: relay.arrived, equal_to(["first", "last"]), within=2)
    wait_for(lambda: attempts(owner), equal_to([("poison", 5, True, "ValueError: not like this")]), within=10)
    assert SET_ASIDE.labels("analytics")._value.get() == before + 1


def test_what_was_set_aside_is_delivered_once_an_operator_has_it_tried_again(relay, owner, write, database):
    relay.refused["poison"] = ValueError("not like this")
    write("poison")
    relay.wake()
    wait_for(lambda: attempts(owner)[0][2], equal_to(True), within=10)
    relay.refused.clear()
    relay.wake()
    wait_for(lambda: relay.looks, greater_than(0), within=5)
    assert relay.arrived == []
    with database.platform() as connection:
        assert connection.execute(text("SELECT outbox_again()")).scalar_one() == 1
    relay.wake()
    wait_for(lambda: relay.arrived, equal_to(["poison"]), within=5)
    wait_for(lambda: attempts(owner), equal_to([]), within=5)


def test_a_store_that_is_away_counts_against_no_row(relay, owner, write):
    relay.refused["any"] = ConnectionError()
    write("any")
    relay.wake()
    assert relay.begun.wait(5)
    relay.begun.clear()
    assert relay.begun.wait(5)
    assert attempts(owner) == [("any", 0, False, None)]
    relay.refused.clear()
    wait_for(lambda: relay.arrived, equal_to(["any"]), within=10)


def test_an_event_whose_stream_is_in_the_way_can_be_delivered_afterwards(addresses):
    stream = EventStream(addresses["redis"]["url"], window=10)
    event = Event("agent_completed", str(uuid.uuid4()), {}, "1", "2", run_id=str(uuid.uuid4()), ends_run=True)
    stream.redis.set(f"events:{event.user_id}", "no stream")
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        stream.publish(event, event.user_id)
    stream.redis.delete(f"events:{event.user_id}")
    assert stream.publish(event, event.user_id) == 1
