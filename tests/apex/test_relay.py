"""What the outbox holds arrives soon, whoever had it in hand when it ended."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from hamcrest import equal_to, greater_than
from sqlalchemy import Row

from apex.storage.database import Database
from apex.worker.relay import Relay
from support.scenario.waiting import wait_for


class Collecting(Relay):
    """Notes what it delivers; each delivery may be held up."""

    topic = "analytics"
    unreachable = ()

    def __init__(self, database: Database) -> None:
        self.arrived: list[Any] = []
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
