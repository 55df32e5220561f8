"""The matcher over what is set aside, with what it must not accept."""

import pytest

from support.database_management.consistent_stores import refused_event_of
from support.platform.values import Undelivered
from support.scenario.users import Tenant, User

ACME = User("Acme", Tenant("Acme", "Acme", "", "", id="1"), "a@x.example", "secret")
EVENT = Undelivered("1", "events", "a key of another kind")


def test_one_event_with_its_reason():
    assert refused_event_of(ACME).matches([EVENT])


@pytest.mark.parametrize(
    "found",
    [
        [],
        [EVENT, EVENT],
        [Undelivered("2", "events", "why")],
        [Undelivered("1", "analytics", "why")],
        [Undelivered("1", "events", " ")],
    ],
    ids=["nothing", "two", "of another", "for another store", "without a reason"],
)
def test_anything_else_is_not(found):
    assert not refused_event_of(ACME).matches(found)
