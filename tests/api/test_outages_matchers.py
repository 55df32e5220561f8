"""Errors with their request ID that show nothing internal, and the log that explains them."""

from typing import Any

import pytest

from support.api.calls import Call
from support.api.outages_matchers import are_failures, explain, show_nothing_internal
from support.platform.dialect import Meaning
from tests.api.responses import PLACE, mismatch, response


def failed(id: str, status: int | None = 503, code: str = "unavailable", **changed: Any) -> Call:
    body = {"code": code, "detail": "Please try again.", "request_id": id, **changed.pop("body", {})}
    return Call(PLACE, response(status, body, **{"x_request_id": id, **changed}))


UNAVAILABLE = are_failures(Meaning.UNAVAILABLE, "unavailable")


def test_errors_with_their_request_id():
    assert UNAVAILABLE.matches([failed("1"), failed("2")])


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        *((failed("2", status), PLACE) for status in (200, 500, None)),
        (failed("2", code="internal_error"), "internal_error"),
        (failed("2", body={"request_id": "3"}), "'3', the header '2'"),
        (failed("2", body={"request_id": None}), "None, the header '2'"),
        (failed("1"), "several requests have the ID 1"),
    ],
)
def test_an_error_without(wrong, fault):
    assert fault in mismatch(UNAVAILABLE, [failed("1"), wrong])


@pytest.mark.parametrize("matcher", [UNAVAILABLE, show_nothing_internal(), explain([])])
def test_no_error_proves_nothing(matcher):
    assert mismatch(matcher, []) == "no call"


@pytest.mark.parametrize(
    "shown",
    [
        {"body": {"detail": "psycopg.OperationalError: connection to server at 127.0.0.1 failed"}},
        {"body": {"detail": "SELECT id FROM runs"}},
        {"body": {"at": "/srv/apex/storage/database.py"}},
        {"x_origin": "http://10.0.0.7:5432"},
    ],
)
def test_a_response_that_shows_internals(shown):
    assert show_nothing_internal().matches([failed("1")])
    assert PLACE in mismatch(show_nothing_internal(), [failed("1"), failed("2", **shown)])


LINE = {"request_id": "1", "level": "error", "exception": [{"exc_type": "OperationalError"}]}


def test_a_log_that_explains_each_error():
    assert explain([failed("1")]).matches([{"event": "started"}, LINE])


@pytest.mark.parametrize(
    "line", [{}, {**LINE, "request_id": "2"}, {**LINE, "level": "info"}, {**LINE, "exception": []}]
)
def test_a_log_that_leaves_one_out(line):
    assert f"{PLACE} (1)" in mismatch(explain([failed("1")]), [line])


def test_an_error_without_a_request_id_is_not_explained():
    assert "(None)" in mismatch(explain([failed("1"), Call(PLACE, response(503))]), [LINE])
