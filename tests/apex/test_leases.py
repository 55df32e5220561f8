"""What a worker that stops does with the runs that it still has in hand."""

import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select, update

from apex.settings import Worker
from apex.storage.runs import now
from apex.storage.tables import outbox, runs
from apex.worker.leases import Leases
from support.scenario import waiting

PREPARED = {
    "name": "preparing",
    "kind": "prepare",
    "agent_name": "some",
    "started_at": "2026-01-01T00:00:00.000Z",
    "duration_seconds": 0.0,
}


class InHand:
    """A run whose agent is at work."""

    def __init__(self) -> None:
        self.given_up = False

    def progress(self) -> list[dict[str, Any]]:
        return [PREPARED, {**PREPARED, "name": "thinking", "duration_seconds": None}]

    def cancel(self) -> None:
        raise AssertionError("nobody has asked for that")

    def abandon(self) -> None:
        raise AssertionError("it is still ours")

    def overdue(self) -> bool:
        return False

    def due_at(self) -> float | None:
        return None

    def give_up(self) -> None:
        self.given_up = True

    def last_run_sequence(self) -> int:
        return 7


@pytest.fixture
def leases(database):
    return Leases(database, Worker(), "worker")


def stored(database, run):
    with database.tenant(run.tenant_id) as connection:
        return connection.execute(select(runs).where(runs.c.id == run.id)).one()


def test_a_run_that_goes_on_for_too_long_ends_as_lost_at_once(database, leases, run):
    held = InHand()
    leases.hold(run, held)
    leases.close()
    found = stored(database, run)
    assert held.given_up
    assert (found.status, found.error["code"], found.error["recoverable"]) == ("failed", "worker_lost", True)
    assert [step["name"] for step in found.steps] == ["preparing", "worker stopped"]
    total = (found.finished_at - found.started_at).total_seconds()
    assert sum(step["duration_seconds"] for step in found.steps) == pytest.approx(total)


class Overdue(InHand):
    """A run that will be overdue in a moment."""

    def __init__(self) -> None:
        super().__init__()
        self.moment = time.monotonic() + 0.05

    def due_at(self) -> float | None:
        return self.moment if self.moment > time.monotonic() else None

    def overdue(self) -> bool:
        return time.monotonic() > self.moment


@pytest.mark.parametrize("is_held_first", [True, False])
def test_an_overdue_run_does_not_wait_for_a_heartbeat(database, run, is_held_first):
    leases, held = Leases(database, Worker(heartbeat_seconds=60), "worker"), Overdue()
    if is_held_first:
        leases.hold(run, held)
    leases.start()
    if not is_held_first:
        leases.hold(run, held)
    waiting.wait_for(lambda: held.given_up, bool, 20, "the end of the run")
    leases.close()
    leases.join(10)
    assert (stored(database, run).status, leases.is_alive()) == ("timed_out", False)


def test_the_customer_is_told_once_and_after_all_that_was_told_before(database, leases, run):
    leases.hold(run, InHand())
    leases.close()
    leases.close()
    with database.tenant(run.tenant_id) as connection:
        told = connection.execute(select(outbox.c.payload).where(outbox.c.topic == "events")).scalars().all()
    assert [(event["type"], event["run_sequence_floor"]) for event in told] == [("agent_error", 7)]


def test_a_run_that_has_ended_is_left_as_it_is(database, leases, run):
    leases.hold(run, InHand())
    leases.release(run.id)
    leases.close()
    assert stored(database, run).status == "running"


def test_one_that_cannot_be_ended_does_not_keep_the_others(database, leases, run):
    class Broken(InHand):
        def give_up(self) -> None:
            raise RuntimeError("its loop is closed")

    leases.hold(SimpleNamespace(id="another"), Broken())
    leases.hold(run, InHand())
    leases.close()
    assert stored(database, run).status == "failed"


def test_idle_slots_are_not_kept_waiting_by_a_stop(database):
    leases = Leases(database, Worker(heartbeat_seconds=60), "worker")
    taken: list[Any] = []
    idle = threading.Thread(target=lambda: taken.append(leases.take()))
    idle.start()
    while idle.is_alive() and not taken:
        leases.wake_all()
        idle.join(0.05)
    assert taken == [None]


class Cancellable(InHand):
    """A run that notes that it is to stop."""

    def __init__(self) -> None:
        super().__init__()
        self.stopped = threading.Event()

    def cancel(self) -> None:
        self.stopped.set()


def test_a_cancellation_that_comes_before_the_slot_holds_its_run_is_not_lost(leases, run):
    leases.cancel(str(run.id))
    held, other = Cancellable(), Cancellable()
    leases.hold(run, held)
    leases.hold(SimpleNamespace(id="another"), other)
    assert held.stopped.is_set()
    assert not other.stopped.is_set()


def test_a_cancellation_that_nobody_was_told_of_is_found_when_notifications_come_again(database, run):
    leases, held = Leases(database, Worker(heartbeat_seconds=60), "worker"), Cancellable()
    leases.hold(run, held)
    with database.tenant(run.tenant_id) as connection:
        connection.execute(update(runs).where(runs.c.id == run.id).values(cancel_requested_at=now()))
    leases.start()
    leases.catch_up()
    assert held.stopped.wait(10)
    leases.release(run.id)
    leases.close()
    leases.join(10)
    assert not leases.is_alive()


def test_a_run_that_was_locked_when_it_was_announced_is_looked_at_again_soon(database, owner, run):
    owner.execute("UPDATE runs SET status = 'queued', worker = NULL WHERE id = %s", [run.id])
    owner.commit()
    leases = Leases(database, Worker(heartbeat_seconds=60), "another")
    owner.execute("SELECT 1 FROM runs WHERE id = %s FOR UPDATE", [run.id])
    leases.wake("")
    assert leases.take() is None
    owner.rollback()
    taken = leases.take()
    assert taken is not None
    assert taken.id == run.id
