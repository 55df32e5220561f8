"""Which endpoints are judged during an outage; errors with their request ID, and the log that explains them."""

from typing import Any

import pytest

from support.api.calls import Call
from support.api.outages import Outage, are_failures, explain, show_nothing_internal
from support.platform.dialect import Meaning
from support.platform.openapi import Operation
from tests.api.responses import PLACE, mismatch, response


def called(place: str, status: int | None) -> Call:
    return Call(place, response(status))


def test_an_endpoint_that_works_without_redis_does_not_need_it():
    assert Outage.REDIS.spares(called("GET /v1/threads", 200))


@pytest.mark.parametrize("status", [500, 503, None])
def test_an_endpoint_that_fails_is_judged(status):
    assert not Outage.REDIS.spares(called("GET /v1/threads", status))


@pytest.mark.parametrize("place", ["live events", "GET /v1/operations/instances"])
def test_an_endpoint_that_needs_redis_is_judged_whatever_it_answers(place):
    assert not Outage.REDIS.spares(called(place, 200))


@pytest.mark.parametrize("outage", [Outage.DATABASE, Outage.INTERRUPTED, Outage.ANALYTICS])
def test_every_endpoint_that_needs_a_store_is_judged(outage):
    assert not outage.spares(called("GET /v1/jobs", 200))


@pytest.mark.parametrize(
    ("outage", "affected"),
    [
        (Outage.DATABASE, ["GET /v1/jobs", "GET /v1/threads", "POST /v1/threads"]),
        (Outage.ANALYTICS, ["GET /v1/jobs"]),
        (Outage.REDIS, ["GET /v1/jobs", "GET /v1/threads"]),
    ],
)
def test_endpoints_that_an_outage_may_affect(outage, affected):
    found = [Operation("backend", "GET", path, {}, {}) for path in ("/v1/jobs", "/v1/threads")]
    found.append(Operation("backend", "POST", "/v1/threads", {}, {}))
    assert [each.place for each in found if outage.may_affect(each)] == affected


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
    assert "(None)" in mismatch(explain([failed("1"), called(PLACE, 503)]), [LINE])
