"""What is held after work and before it: what may grow, and what may not."""

import pytest

from support.database_management.resources import Resources, are_given_back, grown

BEFORE = {"backend": {"sessions": 4, "locks": 2, "sockets": 20}, "the database": {"temporary tables": 0}}


def after(**changed: int) -> dict[str, dict[str, int]]:
    return {"backend": {"sessions": 4, "locks": 0, "sockets": 20, **changed}, "the database": {"temporary tables": 0}}


def test_what_pools_keep_for_next_time_may_grow():
    assert are_given_back(Resources(BEFORE)).matches(Resources(after(sessions=14, sockets=34)))


@pytest.mark.parametrize(
    ("now", "fault"),
    [
        (after(sockets=35), "backend has 35 sockets, 34 may be left"),
        (after(sessions=15), "backend has 15 sessions, 14 may be left"),
        (after(locks=1), "backend has 1 locks, 0 may be left"),
        ({**after(), "the database": {"temporary tables": 1}}, "the database has 1 temporary tables, 0 may be left"),
        ({"backend": after()["backend"]}, "nothing is known of the database any more"),
        ({**after(), "tools-1": {"open cursors": 1}}, "tools-1 has 1 open cursors, 0 may be left"),
    ],
)
def test_anything_else_may_not(now, fault):
    assert grown(BEFORE, now) == [fault]
