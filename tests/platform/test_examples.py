"""Requests that fit a published schema."""

import json
from typing import Any

import pytest

from support.platform.examples import example_of, filled, made_up_in
from support.platform.openapi import Operation

DOCUMENT: dict[str, Any] = {"components": {"schemas": {"Day": {"type": "string", "format": "date"}}}}
OPERATION = Operation("backend", "POST", "/v1/things", {}, DOCUMENT)


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


def test_made_up_people_are_known_by_name():
    names = ("email", "organisation")
    body = {"type": "object", "required": names, "properties": {name: {"type": "string"} for name in names}}
    sent = [example_of(OPERATION, body) for _ in range(2)]
    found = [made_up_in(json.dumps(each).encode() + b"\xff") for each in sent]
    assert found == [set(each.values()) for each in sent]
    assert not found[0] & found[1]
