"""Failures that are explained without showing the inside, and those that are not."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from hamcrest.core.string_description import StringDescription

from support.api.outage_matchers import are_told_as, explain_each, show_nothing_of_the_inside
from support.platform.dialect import Dialect, Meaning
from support.platform.outcome import Outcome


@dataclass(frozen=True)
class Tried:
    answer: Outcome
    place: str = "GET /v1/things"


def told(number: str, status: int | None = 503, code: str = "unavailable", **changed: Any) -> Tried:
    body = {"code": code, "detail": "Please try again.", "request_id": number, **changed.pop("body", {})}
    headers = {"x-request-id": number, **changed}
    return Tried(Outcome("GET", "/", status, headers, json.dumps(body), meaning=Dialect().meaning(status or 599)))


PASSING = are_told_as(Meaning.UNAVAILABLE, "unavailable")


def test_failures_that_are_told_as_they_should():
    assert PASSING.matches([told("1"), told("2")])


@pytest.mark.parametrize(
    "wrong",
    [
        told("2", 200),
        told("2", 500),
        told("2", None),
        told("2", code="internal_error"),
        told("2", body={"request_id": "3"}),
        told("2", body={"request_id": None}),
        told("1"),
    ],
)
def test_one_that_is_not_is_found(wrong):
    described = StringDescription()
    assert not PASSING.matches([told("1"), wrong])
    PASSING.describe_mismatch([told("1"), wrong], described)
    assert str(described)


@pytest.mark.parametrize("matcher", [PASSING, show_nothing_of_the_inside(), explain_each([])])
def test_no_failure_proves_nothing(matcher):
    assert not matcher.matches([])


@pytest.mark.parametrize(
    "shown",
    [
        {"body": {"detail": "psycopg.OperationalError: connection to server at 127.0.0.1 failed"}},
        {"body": {"detail": "SELECT id FROM runs"}},
        {"body": {"at": "/srv/apex/storage/database.py"}},
        {"x-origin": "http://10.0.0.7:5432"},
    ],
)
def test_what_shows_the_inside_is_found(shown):
    assert show_nothing_of_the_inside().matches([told("1")])
    assert not show_nothing_of_the_inside().matches([told("1"), told("2", **shown)])


LINE = {"request_id": "1", "level": "error", "exception": [{"exc_type": "OperationalError"}]}


def test_log_that_explains_each():
    assert explain_each(["1"]).matches([{"event": "started"}, LINE])


@pytest.mark.parametrize(
    "line", [{}, {**LINE, "request_id": "2"}, {**LINE, "level": "info"}, {**LINE, "exception": []}]
)
def test_log_that_leaves_one_out(line):
    assert not explain_each(["1"]).matches([line])
    assert not explain_each(["1", None]).matches([LINE])
