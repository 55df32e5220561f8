"""Which doors are judged while something is broken."""

import pytest

from support.api.endpoints import Try
from support.api.outages import Breakdown
from support.platform.dialect import Dialect
from support.platform.openapi import Operation
from support.platform.outcome import Outcome


def tried(place: str, status: int | None) -> Try:
    meaning = Dialect().meaning(status or 599)
    return Try(place, Outcome("GET", place, status, meaning=meaning))


def test_who_answers_rightly_without_what_the_services_share_does_not_need_it():
    assert Breakdown.SHARED.spares(tried("GET /v1/threads", 200))


@pytest.mark.parametrize("status", [500, 503, None])
def test_who_does_not_is_judged(status):
    assert not Breakdown.SHARED.spares(tried("GET /v1/threads", status))


@pytest.mark.parametrize("place", ["live events", "GET /v1/operations/instances"])
def test_who_cannot_answer_without_it_is_judged_whatever_it_answers(place):
    assert not Breakdown.SHARED.spares(tried(place, 200))


@pytest.mark.parametrize("broken", [Breakdown.DATABASE, Breakdown.CONVERSATIONS, Breakdown.FIGURES])
def test_every_door_that_needs_what_is_broken_is_judged(broken):
    assert not broken.spares(tried("GET /v1/jobs", 200))


@pytest.mark.parametrize(
    ("broken", "concerned"),
    [
        (Breakdown.DATABASE, ["GET /v1/jobs", "GET /v1/threads", "POST /v1/threads"]),
        (Breakdown.FIGURES, ["GET /v1/jobs"]),
        (Breakdown.SHARED, ["GET /v1/jobs", "GET /v1/threads"]),
    ],
)
def test_doors_are_tried_that_may_need_it(broken, concerned):
    doors = [Operation("backend", "GET", path, {}, {}) for path in ("/v1/jobs", "/v1/threads")]
    doors.append(Operation("backend", "POST", "/v1/threads", {}, {}))
    assert [door.place for door in doors if broken.concerns(door)] == concerned
