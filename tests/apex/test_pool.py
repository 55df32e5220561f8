"""The pool of database connections: turns, limits, figures, and lines that fall silent."""

import threading
import time
from collections.abc import Iterator

import psycopg
import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text
from sqlalchemy.exc import InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from apex.storage.database import Database
from apex.storage.pool import Turns
from apex.storage.watch import Watch

PATIENCE = 20


@pytest.fixture
def small(settings, database) -> Iterator[Database]:
    """A database of one connection, for which nobody waits long, with short limits."""
    limits = {"statement_seconds": 0.5, "lock_seconds": 0.2, "idle_seconds": 0.2, "pool_wait_seconds": 0.3}
    made = Database(settings.model_copy(update={"pool_size": 1, **limits}), "small")
    yield made
    made.renew()


def figure(name: str) -> float:
    value = REGISTRY.get_sample_value(f"apex_database_pool_{name}")
    assert value is not None
    return value


def test_turns_come_in_the_order_of_asking():
    turns, came = Turns(1), []
    assert turns.take(0)

    def wait(number: int) -> None:
        assert turns.take(PATIENCE)
        came.append(number)
        turns.give()

    waiting = []
    for number in range(5):
        waiting.append(threading.Thread(target=wait, args=[number]))
        waiting[-1].start()
        while turns.waiting <= number:
            threading.Event().wait(0.001)
    assert not turns.take(0.01)
    turns.give()
    for each in waiting:
        each.join()
    assert came == [0, 1, 2, 3, 4]
    assert turns.take(0)


def test_a_pool_that_was_replaced_counts_its_connections_until_they_are_back(small):
    before = figure("in_use")
    with small.platform() as connection:
        small.renew()
        assert connection.scalar(text("SELECT 1")) == 1
        assert figure("in_use") == before + 1
    assert figure("in_use") == before


def test_a_queue_that_moves_is_waited_in_for_longer_but_not_for_ever():
    turns, gone = Turns(1), threading.Event()
    assert turns.take(0)

    def move() -> None:
        while not gone.wait(0.05):
            turns._given_at = time.monotonic()

    moving = threading.Thread(target=move)
    moving.start()
    began = time.monotonic()
    assert not turns.take(0.2)
    gone.set()
    moving.join()
    assert 1.0 <= time.monotonic() - began < 3
    assert turns.waiting == 0


def test_a_full_pool_refuses_after_its_wait_and_serves_again(small):
    in_use, waiting = figure("in_use"), figure("waiting")
    with small.platform():
        assert figure("in_use") == in_use + 1
        began = time.monotonic()
        with pytest.raises(PoolTimeout), small.platform():
            pass
        assert 0.3 <= time.monotonic() - began < 2
    with small.platform() as connection:
        assert connection.scalar(text("SELECT 1")) == 1
    assert (figure("in_use"), figure("waiting")) == (in_use, waiting)


@pytest.mark.parametrize("failing", ["SELECT 1 / 0", "SELECT pg_terminate_backend(pg_backend_pid())"])
def test_a_turn_is_given_back_however_its_transaction_ends(small, failing):
    for _ in range(3):
        with pytest.raises(Exception, match=r"division|terminat"), small.platform() as connection:
            connection.execute(text(failing))
    small.check()


def test_statements_locks_and_idle_transactions_have_limits(small, owner):
    with pytest.raises(OperationalError) as slow, small.platform() as connection:
        connection.execute(text("SELECT pg_sleep(5)"))
    assert isinstance(slow.value.orig, psycopg.errors.QueryCanceled)
    owner.execute("LOCK TABLE notices")
    with pytest.raises(OperationalError) as locked, small.platform() as connection:
        connection.execute(text("SELECT * FROM notices"))
    assert isinstance(locked.value.orig, psycopg.errors.LockNotAvailable)
    with small.engine.connect() as connection:
        connection.execute(text("SELECT 1"))
        threading.Event().wait(0.5)
        with pytest.raises((OperationalError, InternalError)):
            connection.execute(text("SELECT 1"))
    small.check()


def test_a_line_that_stays_silent_is_cut(settings):
    watch = Watch()
    with psycopg.connect(settings.url.get_secret_value(), autocommit=True) as connection:
        began = time.monotonic()
        with pytest.raises(psycopg.OperationalError), watch.within(connection, 0.3):
            connection.execute("SELECT pg_sleep(20)")
        assert time.monotonic() - began < 5
    with psycopg.connect(settings.url.get_secret_value(), autocommit=True) as connection:
        with watch.within(connection, 0.3):
            connection.execute("SELECT 1")
        connection.execute("SELECT pg_sleep(1)")


def test_a_connection_that_was_ended_is_replaced_before_it_is_used(small, owner):
    small.check()
    with psycopg.connect(owner.info.dsn, password=owner.info.password, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'small'")
    small.check()
