"""Many responses at once: all of them refusals of one kind, or all of them successes."""

from dataclasses import dataclass

import pytest
from hamcrest.core.string_description import StringDescription

from support.matchers.responses import are_all_closed, are_all_open
from support.platform.dialect import Dialect, Meaning
from support.platform.outcome import Outcome


@dataclass(frozen=True)
class Tried:
    place: str
    answer: Outcome


def tried(status: int | None) -> Tried:
    meaning = Meaning.FAILED if status is None else Dialect().meaning(status)
    return Tried("GET /x", Outcome("GET", "/x", status, meaning=meaning))


def test_all_refused():
    assert are_all_closed(Meaning.UNAUTHENTICATED).matches([tried(401), tried(401)])


@pytest.mark.parametrize("status", [200, 403, 404, 422, 500, None])
def test_one_other_response_is_found(status):
    matcher, described = are_all_closed(Meaning.UNAUTHENTICATED), StringDescription()
    assert not matcher.matches([tried(401), tried(status)])
    matcher.describe_mismatch([tried(401), tried(status)], described)
    assert "GET /x" in str(described)


def test_all_successes():
    assert are_all_open().matches([tried(200), tried(204)])
    assert not are_all_open().matches([tried(200), tried(401)])
    assert not are_all_open().matches([tried(None)])


def test_no_response_proves_nothing():
    assert not are_all_closed(Meaning.UNAUTHENTICATED).matches([])
    assert not are_all_open().matches([])
