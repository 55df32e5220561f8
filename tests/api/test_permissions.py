"""Rights that hold at every door, and those that do not; doors that were forgotten."""

import json
from dataclasses import dataclass

import pytest
from hamcrest.core.string_description import StringDescription

from support.api.permission_matchers import follow_the_rights, name_what_is_missing
from support.api.rights import CUSTOMERS, OPERATORS, forgotten, matrix, permission_of, without_door
from support.platform.dialect import Dialect
from support.platform.openapi import Operation
from support.platform.outcome import Outcome


@dataclass(frozen=True)
class Tried:
    role: str
    roles: frozenset[str] | None
    answer: Outcome
    place: str = "GET /v1/things"
    permission: str | None = "things:read"
    owned: bool = True


def answered(status: int | None, **body: str) -> Outcome:
    meaning = Dialect().meaning(status or 599)
    return Outcome("GET", "/v1/things", status, {}, json.dumps(body), meaning=meaning)


OWNERS = frozenset({"owner"})
DENIED = answered(403, code="permission_denied", detail="This needs 'things:read'.", permission="things:read")
OPEN = Tried("owner", OWNERS, answered(200))
CLOSED = Tried("viewer", OWNERS, DENIED)
NOTHING_THERE = Tried("owner", OWNERS, answered(404, code="not_found"), owned=False)
SERVICES = Tried("owner", frozenset({"services"}), answered(401, code="unauthenticated"))


@pytest.mark.parametrize("also", [OPEN, CLOSED, NOTHING_THERE, SERVICES])
def test_doors_that_follow_the_rights(also):
    assert follow_the_rights().matches([OPEN, CLOSED, also])


@pytest.mark.parametrize(
    "wrong",
    [
        Tried("viewer", OWNERS, answered(200)),
        Tried("viewer", OWNERS, answered(404)),
        Tried("viewer", OWNERS, answered(422)),
        Tried("owner", OWNERS, DENIED),
        Tried("owner", OWNERS, answered(401)),
        Tried("owner", OWNERS, answered(404)),
        Tried("owner", OWNERS, answered(500)),
        Tried("owner", OWNERS, answered(None)),
        Tried("owner", frozenset({"services"}), answered(200)),
        Tried("owner", None, answered(200)),
        Tried("owner", None, DENIED),
    ],
)
def test_one_door_that_does_not_is_found(wrong):
    matcher, described = follow_the_rights(), StringDescription()
    assert not matcher.matches([OPEN, CLOSED, wrong])
    matcher.describe_mismatch([OPEN, CLOSED, wrong], described)
    assert wrong.place in str(described)


@pytest.mark.parametrize("tried", [[], [OPEN], [CLOSED]])
def test_doors_of_one_kind_prove_nothing(tried):
    assert not follow_the_rights().matches(tried)
    assert not name_what_is_missing().matches(tried)


def test_refusals_that_name_the_permission():
    assert name_what_is_missing().matches([OPEN, CLOSED, SERVICES])


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"code": "permission_denied", "detail": "No."},
        {"code": "permission_denied", "detail": "No.", "permission": "things:read"},
        {"code": "permission_denied", "detail": "No.", "permission": ""},
    ],
)
def test_a_refusal_that_names_none_is_found(body):
    assert not name_what_is_missing().matches([OPEN, CLOSED, Tried("viewer", OWNERS, answered(403, **body))])


@pytest.mark.parametrize("permission", ["things:write", None])
def test_a_refusal_that_names_another_is_found(permission):
    assert not name_what_is_missing().matches([OPEN, CLOSED, Tried("viewer", OWNERS, DENIED, permission=permission)])


def test_every_door_that_is_closed_to_some_has_a_permission():
    to_some = {place for place, roles in matrix().items() if roles < CUSTOMERS | OPERATORS}
    places = [place.partition(" ") for place in matrix()]
    doors = [Operation("backend", method, path, {}, {}) for method, _, path in places]
    assert {door.place for door in doors if permission_of(door)} == to_some


def test_doors_and_rights_are_held_against_each_other():
    places = [place.partition(" ") for place in matrix()]
    known = [Operation("backend", method, path, {}, {}) for method, _, path in places]
    new = Operation("backend", "GET", "/v1/newest-things", {}, {})
    assert forgotten(known) == without_door(known) == []
    assert forgotten([*known, new]) == [new.place]
    assert without_door(known[1:]) == [known[0].place]
