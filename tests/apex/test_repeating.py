"""What is done again, and what is not."""

import uuid

import psycopg
import pytest
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from apex.storage.repeating import UnknownOutcome, is_passing, repeated
from apex.storage.tables import notices, tenants


def database_error(cause: type[psycopg.Error]) -> DBAPIError:
    kind = IntegrityError if issubclass(cause, psycopg.IntegrityError) else OperationalError
    return kind("SELECT 1", {}, cause("some reason"))


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (database_error(psycopg.errors.DeadlockDetected), True),
        (database_error(psycopg.errors.SerializationFailure), True),
        (database_error(psycopg.errors.AdminShutdown), True),
        (database_error(psycopg.OperationalError), True),
        (database_error(psycopg.errors.UniqueViolation), False),
        (database_error(psycopg.errors.QueryCanceled), False),
        (database_error(psycopg.errors.LockNotAvailable), False),
        (database_error(psycopg.errors.DiskFull), False),
        (UnknownOutcome("?"), False),
        (ValueError("?"), False),
    ],
)
def test_only_passing_failures_are_repeated(error, passes):
    assert is_passing(error) is passes
    asked = []

    @repeated
    def work() -> str:
        asked.append(1)
        if len(asked) == 1:
            raise error
        return "done"

    if passes:
        assert work() == "done"
    else:
        with pytest.raises(type(error)):
            work()
    assert len(asked) == (2 if passes else 1)


def test_what_fails_again_and_again_is_given_up():
    asked = []

    def work() -> None:
        asked.append(1)
        raise database_error(psycopg.errors.DeadlockDetected)

    with pytest.raises(OperationalError):
        repeated(work)()
    assert 2 <= len(asked) <= 6


def test_an_unknown_outcome_is_repeated_where_that_does_no_harm():
    asked = []

    def work() -> str:
        asked.append(1)
        if len(asked) == 1:
            raise UnknownOutcome("?")
        return "done"

    assert repeated(work, is_harmless=True)() == "done"


def test_a_connection_lost_before_the_commit_leaves_nothing_and_during_it_an_unknown_outcome(database, owner):
    tenant = str(uuid.uuid4())

    def end(pid: int) -> None:
        owner.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])

    def begin(connection: Connection) -> None:
        connection.execute(tenants.insert().values(id=tenant, name="Some", plan="mid"))
        end(connection.scalar(text("SELECT pg_backend_pid()")))

    def go_on() -> None:
        with database.tenant(tenant) as connection:
            begin(connection)
            connection.execute(select(notices))

    def commit() -> None:
        with database.tenant(tenant) as connection:
            begin(connection)

    with pytest.raises(OperationalError):
        go_on()
    with pytest.raises(UnknownOutcome):
        commit()
    with database.tenant(tenant) as connection:
        assert connection.execute(select(tenants)).all() == []


def test_a_request_can_be_one_transaction(database):
    tenant = str(uuid.uuid4())

    def work() -> None:
        with database.as_one(tenant):
            with database.tenant(tenant) as connection:
                connection.execute(tenants.insert().values(id=tenant, name="Some", plan="mid"))
            with database.tenant(tenant) as connection:
                assert len(connection.execute(select(tenants)).all()) == 1
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    with database.tenant(tenant) as connection:
        assert connection.execute(select(tenants)).all() == []
