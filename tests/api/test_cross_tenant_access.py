"""Ways that end as if nothing were there, and those that tell something."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from hamcrest.core.string_description import StringDescription

from support.api.cross_tenant_access import Reading
from support.api.cross_tenant_matchers import end_as_if_nothing_were_there, show_all_of_it, show_nothing_of_it
from support.platform.dialect import Dialect
from support.platform.outcome import Outcome


@dataclass(frozen=True)
class Tried:
    answer: Outcome
    answer_to_nothing: Outcome
    published: bool = True
    place: str = "GET /v1/things/{thing_id}"


def answered(status: int, body: Any = None, **headers: str) -> Outcome:
    text = json.dumps(body if body is not None else {"code": "x", "request_id": headers.pop("id", "1")})
    return Outcome("GET", "/v1/things/1", status, headers, text, meaning=Dialect().meaning(status))


NOT_FOUND = Tried(answered(404, id="1"), answered(404, id="2"))
DENIED = answered(403, {"code": "permission_denied", "permission": "things:manage"})
EMPTY = answered(200, {"items": []})


@pytest.mark.parametrize(
    "tried",
    [
        NOT_FOUND,
        Tried(DENIED, DENIED),
        Tried(EMPTY, EMPTY),
        Tried(answered(405), answered(405), published=False),
    ],
)
def test_a_way_that_tells_nothing(tried):
    assert end_as_if_nothing_were_there().matches([NOT_FOUND, tried])


@pytest.mark.parametrize(
    "tried",
    [
        Tried(answered(404, allow="GET"), answered(404)),
        Tried(answered(404, {"code": "x", "detail": "yours"}), answered(404, {"code": "x", "detail": "mine"})),
        Tried(answered(403), answered(404)),
        Tried(answered(403), answered(403)),
        Tried(answered(200, {"id": "1"}), answered(404)),
        Tried(answered(200, {"id": "1"}), answered(200, {"id": "1"})),
        Tried(answered(500), answered(500)),
        Tried(answered(405), answered(405)),
        Tried(answered(204), answered(204), published=False),
        Tried(answered(500), answered(500), published=False),
    ],
)
def test_a_way_that_tells_something(tried):
    matcher, described = end_as_if_nothing_were_there(), StringDescription()
    assert not matcher.matches([NOT_FOUND, tried])
    matcher.describe_mismatch([NOT_FOUND, tried], described)
    assert tried.place in str(described)


def test_no_way_proves_nothing():
    matcher = end_as_if_nothing_were_there()
    assert not matcher.matches([])
    assert not matcher.matches([Tried(answered(405), answered(405), published=False)])


SIGNS = frozenset({"canary-1", "id-1"})


def read(status: int, *shown: str) -> Reading:
    return Reading("GET /v1/things", answered(status, {"items": list(shown)}), SIGNS)


def test_readings_with_nothing_of_somebody_elses():
    assert show_nothing_of_it().matches([read(200), read(200, "id-2"), read(404)])


@pytest.mark.parametrize("shown", [[], [read(200), read(200, "id-1")], [read(200), read(500)], [read(404, "canary-1")]])
def test_a_reading_that_shows_something_of_somebody_elses(shown):
    assert not show_nothing_of_it().matches(shown)


def test_readings_of_ones_own():
    assert show_all_of_it().matches([read(200, "id-1"), read(200, "canary-1")])


@pytest.mark.parametrize(
    "shown", [[], [read(200, *SIGNS), read(200)], [read(200, *SIGNS), read(404, "id-1")], [read(200, "id-1")]]
)
def test_readings_in_which_something_of_ones_own_is_missing(shown):
    assert not show_all_of_it().matches(shown)
