"""Which endpoints are judged during an outage."""

import pytest

from support.api.calls import Call
from support.api.outages import Outage
from support.platform.openapi import Operation
from tests.api.responses import response

NEED_REDIS = frozenset({"GET /v1/operations/instances"})


def called(place: str, status: int | None) -> Call:
    return Call(place, response(status))


def test_an_endpoint_that_works_without_redis_does_not_need_it():
    assert Outage.REDIS.spares(called("GET /v1/threads", 200), NEED_REDIS)


@pytest.mark.parametrize("status", [500, 503, None])
def test_an_endpoint_that_fails_is_judged(status):
    assert not Outage.REDIS.spares(called("GET /v1/threads", status), NEED_REDIS)


@pytest.mark.parametrize("place", ["live events", "GET /v1/operations/instances"])
def test_an_endpoint_that_needs_redis_is_judged_whatever_it_answers(place):
    assert not Outage.REDIS.spares(called(place, 200), NEED_REDIS)


@pytest.mark.parametrize("outage", [Outage.DATABASE, Outage.INTERRUPTED, Outage.ANALYTICS])
def test_every_endpoint_that_needs_a_store_is_judged(outage):
    assert not outage.spares(called("GET /v1/jobs", 200), NEED_REDIS)


@pytest.mark.parametrize(
    ("outage", "affected"),
    [
        (Outage.DATABASE, ["GET /v1/jobs", "GET /v1/threads", "POST /v1/threads"]),
        (Outage.ANALYTICS, ["GET /v1/jobs"]),
        (Outage.REDIS, ["GET /v1/jobs", "GET /v1/threads"]),
    ],
)
def test_endpoints_that_an_outage_may_affect(outage, affected):
    jobs = Operation("analytics", "GET", "/v1/jobs", {}, {}, groups=frozenset({"need_analytics_store"}))
    found = [jobs, Operation("backend", "GET", "/v1/threads", {}, {})]
    found.append(Operation("backend", "POST", "/v1/threads", {}, {}))
    assert [each.place for each in found if outage.may_affect(each)] == affected
