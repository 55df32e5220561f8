"""The resources oracle: transactions and locks that nobody uses any more are named."""

import pytest

from support.oracles.resources import (
    DatabaseSession,
    beyond_the_pool,
    kept_for_ever,
    never_ended,
    not_given_back,
    still_open,
)
from support.oracles.story import StoredRun

SERVICES = ("backend", "worker-1")


@pytest.mark.parametrize(
    "session",
    [
        DatabaseSession("backend", "idle", 60.0, False),
        DatabaseSession("backend", "idle in transaction", 0.2, False),
        DatabaseSession("backend", "active", 0.2, True),
        DatabaseSession("worker-1 listener", "active", 60.0, False),
        DatabaseSession("observer", "idle in transaction", 60.0, True),
    ],
)
def test_what_is_in_use_or_of_others(session):
    assert not_given_back([session], SERVICES) == []


@pytest.mark.parametrize(
    ("session", "fault"),
    [
        (DatabaseSession("backend", "idle in transaction", 3.0, False), "a transaction open for 3.0 s"),
        (
            DatabaseSession("worker-1 listener", "idle in transaction (aborted)", 3.0, False),
            "worker-1 listener has had",
        ),
        (DatabaseSession("backend", "active", 3.0, True), "waited for a lock for 3.0 s"),
    ],
)
def test_what_is_held(session, fault):
    (found,) = not_given_back([session], SERVICES)
    assert fault in found


def test_more_sessions_than_a_pool_may_have_are_counted_by_name():
    names = ("backend", "backend", "backend reader", "backend listener", "observer", "observer", "observer")
    sessions = [DatabaseSession(name, "idle", 1.0, False) for name in names]
    assert beyond_the_pool(sessions, SERVICES, 2) == []
    assert beyond_the_pool(sessions, SERVICES, 1) == ["backend has 2 database sessions, 1 at most"]


def test_a_run_that_has_not_ended_is_named():
    runs = [StoredRun(f"run-{status}", "user", "tenant", status, True) for status in ("completed", "running", "queued")]
    assert never_ended(runs) == ["run run-running is still running", "run run-queued is still queued"]


def test_connections_that_were_there_before_are_not_counted():
    assert still_open(0, 0) == still_open(2, 2) == still_open(1, 2) == []
    assert still_open(3, 2) == ["3 live connections are counted, 2 before"]


def test_keys_that_never_expire_are_named():
    assert kept_for_ever([]) == []
    assert kept_for_ever(["cache:1"]) == ["the key cache:1 of the cache never expires"]
