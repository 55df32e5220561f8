"""Writing to a conversation that is being deleted, and deleting one that is being written to."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hamcrest import equal_to
from sqlalchemy import delete, select, text

from apex.backend.threads import ALONE, KEPT, new_message, own_thread
from apex.http.identity import Identity
from apex.http.problems import Problem
from apex.storage.tables import messages, runs, threads
from support.scenario.waiting import wait_for

BLOCKED = "SELECT count(*) > 0 FROM pg_locks WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid))"


@pytest.fixture
def ada(database, run):
    """Somebody who has one conversation, in which no run is at work."""
    with database.tenant(run.tenant_id) as connection:
        connection.execute(delete(runs))
    return Identity(run.user_id, run.tenant_id, "", "owner", "mid", 0.0)


@pytest.fixture
def thread_id(run):
    return run.thread_id


def write(database, who, thread_id):
    with database.tenant(who.tenant_id) as connection:
        thread = own_thread(connection, who, thread_id, KEPT)
        return new_message(connection, who.tenant_id, thread.id, "Some words").id


def remove(database, who, thread_id):
    with database.tenant(who.tenant_id) as connection:
        thread = own_thread(connection, who, thread_id, ALONE)
        return connection.execute(delete(threads).where(threads.c.id == thread.id)).rowcount


def waits(database, who, thread_id, lock, then, other):
    """What ``other`` comes to, after it waited for a transaction that holds the conversation and does ``then``."""
    with ThreadPoolExecutor(1) as alone:
        with database.tenant(who.tenant_id) as connection:
            own_thread(connection, who, thread_id, lock)
            waiting = alone.submit(other, database, who, thread_id)
            wait_for(lambda: connection.scalar(text(BLOCKED)), equal_to(True), within=10)
            then(connection)
        return waiting.result()


def test_who_writes_while_it_is_deleted_finds_nothing_to_write_to(database, ada, thread_id):
    def deletes(connection):
        connection.execute(delete(threads).where(threads.c.id == thread_id))

    with pytest.raises(Problem) as refused:
        waits(database, ada, thread_id, ALONE, deletes, write)
    assert (refused.value.status, refused.value.code) == (404, "not_found")


def test_who_deletes_while_it_is_written_to_deletes_what_was_written_too(database, ada, thread_id):
    def writes(connection):
        new_message(connection, ada.tenant_id, thread_id, "The last words")

    assert waits(database, ada, thread_id, KEPT, writes, remove) == 1
    with database.tenant(ada.tenant_id) as connection:
        assert connection.execute(select(messages)).all() == []


def test_two_who_write_do_not_wait_for_each_other(database, ada, thread_id):
    with database.tenant(ada.tenant_id) as connection:
        own_thread(connection, ada, thread_id, KEPT)
        with ThreadPoolExecutor(1) as alone:
            assert alone.submit(write, database, ada, thread_id).result(10)
