"""What is made for the doors: requests that fit the schema, and judgement over many answers."""

from dataclasses import dataclass
from typing import Any

import pytest
from hamcrest.core.string_description import StringDescription

from support.api.rights import matrix, rights_of
from support.matchers.responses import are_all_closed, are_all_open
from support.platform.dialect import Dialect, Meaning
from support.platform.examples import example_of, filled
from support.platform.openapi import Operation
from support.platform.outcome import Outcome

DOCUMENT: dict[str, Any] = {"components": {"schemas": {"Day": {"type": "string", "format": "date"}}}}
OPERATION = Operation("backend", "POST", "/v1/things", {}, DOCUMENT)


@dataclass(frozen=True)
class Tried:
    place: str
    answer: Outcome


def tried(status: int | None) -> Tried:
    meaning = Meaning.FAILED if status is None else Dialect().meaning(status)
    return Tried("GET /x", Outcome("GET", "/x", status, meaning=meaning))


def test_doors_that_are_all_closed():
    assert are_all_closed(Meaning.UNAUTHENTICATED).matches([tried(401), tried(401)])


@pytest.mark.parametrize("status", [200, 403, 404, 422, 500, None])
def test_one_other_answer_is_enough(status):
    matcher, described = are_all_closed(Meaning.UNAUTHENTICATED), StringDescription()
    assert not matcher.matches([tried(401), tried(status)])
    matcher.describe_mismatch([tried(401), tried(status)], described)
    assert "GET /x" in str(described)


def test_doors_that_are_all_open():
    assert are_all_open().matches([tried(200), tried(204)])
    assert not are_all_open().matches([tried(200), tried(401)])
    assert not are_all_open().matches([tried(None)])


def test_no_door_proves_nothing():
    assert not are_all_closed(Meaning.UNAUTHENTICATED).matches([])
    assert not are_all_open().matches([])


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"$ref": "#/components/schemas/Day"}, "2026-01-01"),
        ({"anyOf": [{"type": "integer", "minimum": 7}, {"type": "null"}]}, 7),
        ({"enum": ["a", "b"]}, "a"),
        ({"const": "password", "type": "string"}, "password"),
        ({"type": "boolean"}, False),
        ({"type": "array", "items": {"type": "number"}, "minItems": 2}, [1, 1]),
        (
            {
                "type": "object",
                "required": ["region"],
                "properties": {"region": {"type": "string"}, "more": {"type": "string"}},
            },
            {"region": "us-east-1"},
        ),
    ],
)
def test_the_smallest_value_of_a_schema(schema, value):
    assert example_of(OPERATION, schema) == value


def test_what_the_platform_knows_by_name_fits_whatever_its_kind():
    money = {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "string"}]}
    assert example_of(OPERATION, money, "monthly_amount") == "1000000.00"


def test_an_example_names_what_is_at_hand():
    ids = {"thread_id": "t-1", "name": "another"}
    assert filled({"thread_id": "made-up", "run_id": "r", "name": "n"}, ids) == {
        "thread_id": "t-1",
        "run_id": "r",
        "name": "n",
    }
    assert filled([1], ids) == [1]


def test_every_address_is_another():
    assert example_of(OPERATION, {"type": "string"}, "email") != example_of(OPERATION, {"type": "string"}, "email")


def test_a_way_in_that_nobody_has_thought_of_has_no_rights():
    assert rights_of(OPERATION) is None
    assert all(matrix().values())
