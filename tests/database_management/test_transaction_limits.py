"""The matchers of transactions over a limit, with what they must not accept."""

import pytest
from hamcrest.core.string_description import StringDescription

from support.configuration.faults import Complaint
from support.database_management.transaction_limits import Limit, Overrun, ended_by_limit, names

EVERY = ("analytics", "auth")


def overrun(*ended: tuple[str, str | None]) -> Overrun:
    return Overrun(Limit.LOCK, EVERY, dict(enumerate(ended)), 0.5)


def said(matcher, item) -> str:
    described = StringDescription()
    assert not matcher.matches(item)
    matcher.describe_mismatch(item, described)
    return str(described)


def test_every_transaction_ended_because_of_the_limit():
    assert ended_by_limit().matches(overrun(("auth", "55P03"), ("analytics", "55P03"), ("worker-1", "55P03")))


@pytest.mark.parametrize(
    ("ended", "fault"),
    [
        ([("auth", "55P03")], "no transaction of the analytics"),
        ([("auth", "55P03"), ("analytics", None)], "the database has not ended the transaction of analytics"),
        ([("auth", "57014"), ("analytics", "55P03")], "auth was ended with 57014"),
        ([], "no transaction of the auth"),
    ],
)
def test_anything_else_is_not(ended, fault):
    assert fault in said(ended_by_limit(), overrun(*ended))


def test_a_failed_start_names_its_limit():
    assert names(Limit.LOCK).matches(Complaint(1, ["canceling statement due to lock timeout"]))


@pytest.mark.parametrize(
    ("code", "line"),
    [(0, "canceling statement due to lock timeout"), (-9, "due to lock timeout"), (1, "due to statement timeout")],
)
def test_a_start_that_does_not_say_so_is_not(code, line):
    assert said(names(Limit.LOCK), Complaint(code, [line]))
