"""The resources oracle: transactions and locks that nobody uses any more are named."""

import pytest

from support.oracles.resources import DatabaseSession, not_given_back

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
