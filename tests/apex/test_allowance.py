"""Allowances on a real PostgreSQL: what a new month changes, and where the limits lie."""

import uuid
from datetime import date
from decimal import Decimal

import pytest

from apex.backend import allowance
from apex.identity import Identity
from apex.problems import Problem
from apex.tables import tenants, users

JANUARY, FEBRUARY = date(2026, 1, 1), date(2026, 2, 1)


@pytest.fixture
def month(monkeypatch):
    """Sets the present month."""
    return lambda first_day: monkeypatch.setattr(allowance, "this_month", lambda: first_day)


@pytest.fixture
def ada(database):
    """Somebody whose organisation may spend 100.00 a month."""
    who = Identity(str(uuid.uuid4()), str(uuid.uuid4()), "", "owner", "mid", 0.0)
    with database.tenant(who.tenant_id) as connection:
        connection.execute(tenants.insert().values(id=who.tenant_id, name="Some", plan="mid"))
        person = {"email": f"{who.user_id}@x.example", "role": "owner", "password_hash": "none"}
        connection.execute(users.insert().values(id=who.user_id, tenant_id=who.tenant_id, **person))
        allowance.set_allowance(connection, who.tenant_id, Decimal("100.00"))
    return who


def book(database, who, amount):
    with database.tenant(who.tenant_id) as connection:
        allowance.count_spent(connection, who, Decimal(amount))
        allowance.count_share(connection, who, Decimal(amount))


def stand(database, who, month):
    with database.tenant(who.tenant_id) as connection:
        statement = allowance.statement_now(connection, month)[1]
    return statement["spent"], statement["remaining"], statement["by_user"].get(who.user_id)


def test_a_new_month_begins_with_nothing_spent(database, ada, month):
    month(JANUARY)
    book(database, ada, "60.00")
    assert stand(database, ada, JANUARY) == ("60.00", "40.00", "60.00")
    assert stand(database, ada, FEBRUARY) == ("0.00", "100.00", None)
    month(FEBRUARY)
    book(database, ada, "70.00")
    assert stand(database, ada, FEBRUARY) == ("70.00", "30.00", "70.00")


def test_the_last_cent_can_be_spent_and_no_more(database, ada, month):
    month(JANUARY)
    book(database, ada, "99.99")
    book(database, ada, "0.01")
    with pytest.raises(Problem, match="does not cover it"):
        book(database, ada, "0.01")
    assert stand(database, ada, JANUARY) == ("100.00", "0.00", "100.00")


def test_an_allowance_cannot_be_less_than_what_is_spent_of_it(database, ada, month):
    month(JANUARY)
    book(database, ada, "60.00")
    with pytest.raises(Problem, match="is spent already"), database.tenant(ada.tenant_id) as connection:
        allowance.set_allowance(connection, ada.tenant_id, Decimal("59.99"))
    month(FEBRUARY)
    with database.tenant(ada.tenant_id) as connection:
        allowance.set_allowance(connection, ada.tenant_id, Decimal("59.99"))
    assert stand(database, ada, FEBRUARY)[1] == "59.99"


def test_every_change_is_another_version(database, ada, month):
    month(JANUARY)

    def version():
        with database.tenant(ada.tenant_id) as connection:
            return allowance.statement_now(connection, JANUARY)[0]

    before = version()
    book(database, ada, "1.00")
    booked = version()
    with database.tenant(ada.tenant_id) as connection:
        allowance.set_allowance(connection, ada.tenant_id, Decimal("200.00"))
    assert before < booked < version()
