"""Allowances on a real PostgreSQL: what a new month changes, and where the limits lie."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal

import pytest
from hamcrest import equal_to
from sqlalchemy import Date, func

from apex.backend import allowance
from apex.http.identity import Identity
from apex.http.problems import Problem
from apex.storage.tables import tenants, users
from support.scenario.waiting import wait_for

JANUARY, FEBRUARY = date(2026, 1, 1), date(2026, 2, 1)


# A sequence has no transactions: every statement sees the month that was set last.
CLOCK = """
CREATE SEQUENCE IF NOT EXISTS clock_of_tests;
GRANT SELECT ON clock_of_tests TO PUBLIC;
CREATE OR REPLACE FUNCTION month_of_tests() RETURNS date LANGUAGE plpgsql VOLATILE AS $$
BEGIN RETURN (SELECT make_date((last_value / 12)::int, (last_value % 12)::int + 1, 1) FROM clock_of_tests); END $$;
"""


@pytest.fixture
def month(monkeypatch, owner):
    """Sets the month that the database's clock says."""

    def turn(first_day):
        owner.execute("SELECT setval('clock_of_tests', %s)", [first_day.year * 12 + first_day.month - 1])
        owner.commit()

    owner.execute(CLOCK)
    owner.commit()
    monkeypatch.setattr(allowance, "this_month", lambda: func.month_of_tests(type_=Date))
    return turn


@pytest.fixture
def ada(database, month):
    """Somebody whose organisation may spend 100.00 a month."""
    month(JANUARY)
    who = Identity(str(uuid.uuid4()), str(uuid.uuid4()), "", "owner", "mid", 0.0)
    with database.tenant(who.tenant_id) as connection:
        connection.execute(tenants.insert().values(id=who.tenant_id, name="Some", plan="mid"))
        person = {"email": f"{who.user_id}@x.example", "role": "owner", "password_hash": "none"}
        connection.execute(users.insert().values(id=who.user_id, tenant_id=who.tenant_id, **person))
        allowance.set_allowance(connection, who.tenant_id, Decimal("100.00"))
    return who


def book(database, who, amount):
    with database.tenant(who.tenant_id) as connection:
        month = allowance.count_spent(connection, who, Decimal(amount))
        allowance.count_share(connection, who, Decimal(amount), month)


def stand(database, who):
    with database.tenant(who.tenant_id) as connection:
        statement = allowance.statement_now(connection)[1]
    return statement["month"][:7], statement["spent"], statement["remaining"], statement["by_user"].get(who.user_id)


def version(connection):
    return allowance.statement_now(connection)[0]


def test_a_new_month_begins_with_nothing_spent(database, ada, month):
    book(database, ada, "60.00")
    assert stand(database, ada) == ("2026-01", "60.00", "40.00", "60.00")
    month(FEBRUARY)
    assert stand(database, ada) == ("2026-02", "0.00", "100.00", None)
    book(database, ada, "70.00")
    assert stand(database, ada) == ("2026-02", "70.00", "30.00", "70.00")


def test_a_month_that_has_begun_does_not_go_back(database, ada, month):
    month(FEBRUARY)
    book(database, ada, "60.00")
    month(JANUARY)
    book(database, ada, "10.00")
    assert stand(database, ada) == ("2026-02", "70.00", "30.00", "70.00")


def test_who_waits_while_the_month_turns_books_on_the_new_one(database, ada, month, owner):
    book(database, ada, "60.00")
    with ThreadPoolExecutor(1) as alone:
        try:
            owner.execute("SELECT 1 FROM allowances WHERE tenant_id = %s FOR UPDATE", [ada.tenant_id])
            booked = alone.submit(book, database, ada, "50.00")
            waiting = "SELECT count(*) > 0 FROM pg_locks WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid))"
            wait_for(lambda: owner.execute(waiting).fetchone(), equal_to((True,)), within=10)
            # Ends the transaction, too: nothing is held any more.
            month(FEBRUARY)
        finally:
            owner.rollback()
        booked.result()
    assert stand(database, ada) == ("2026-02", "50.00", "50.00", "50.00")


def test_the_last_cent_can_be_spent_and_no_more(database, ada):
    book(database, ada, "99.99")
    book(database, ada, "0.01")
    with pytest.raises(Problem, match="does not cover it") as refused:
        book(database, ada, "0.01")
    assert refused.value.code == "allowance_exceeded"
    assert stand(database, ada) == ("2026-01", "100.00", "0.00", "100.00")


def test_an_allowance_cannot_be_less_than_what_is_spent_of_it(database, ada, month):
    book(database, ada, "60.00")
    with pytest.raises(Problem, match="is spent already"), database.tenant(ada.tenant_id) as connection:
        allowance.set_allowance(connection, ada.tenant_id, Decimal("59.99"))
    month(FEBRUARY)
    with database.tenant(ada.tenant_id) as connection:
        allowance.set_allowance(connection, ada.tenant_id, Decimal("59.99"))
    assert stand(database, ada)[2] == "59.99"


def test_every_change_is_another_version(database, ada):
    seen = []
    for change in (
        lambda connection: None,
        lambda connection: allowance.count_spent(connection, ada, Decimal("1.00")),
        lambda connection: allowance.set_allowance(connection, ada.tenant_id, Decimal("200.00")),
        lambda connection: allowance.lock_allowance(connection, ada.tenant_id),
    ):
        with database.tenant(ada.tenant_id) as connection:
            change(connection)
            seen.append(version(connection))
    assert len(set(seen)) == len(seen)


def test_a_version_that_was_lost_does_not_come_again(database, ada):
    with database.tenant(ada.tenant_id) as connection:
        allowance.count_spent(connection, ada, Decimal("1.00"))
        lost = version(connection)
        connection.rollback()
    book(database, ada, "2.00")
    with database.tenant(ada.tenant_id) as connection:
        assert version(connection) != lost
