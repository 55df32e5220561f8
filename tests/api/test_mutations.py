"""Requests with one error each, made from a schema."""

from dataclasses import replace
from typing import Any

import pytest

from support.api.mutations import RequestError, mutations
from support.platform.openapi import Operation

ITEM = {
    "type": "object",
    "required": ["cost"],
    "properties": {"cost": {"anyOf": [{"type": "number"}, {"type": "null"}]}},
}
BODY = {
    "type": "object",
    "required": ["title", "items"],
    "properties": {
        "title": {"type": "string", "maxLength": 7},
        "items": {"type": "array", "minItems": 1, "maxItems": 2, "items": {"$ref": "#/components/schemas/Item"}},
        "free": {"type": "object"},
    },
}
QUERY = [
    {"in": "query", "name": "limit", "schema": {"type": "integer", "maximum": 200}},
    {"in": "path", "name": "name", "schema": {"type": "string", "maxLength": 7}},
]


def operation(body: Any = BODY, parameters: Any = (), required: bool = True) -> Operation:
    content = {"application/json": {"schema": body}}
    details = {"parameters": parameters, "requestBody": {"required": required, "content": content}}
    return Operation("backend", "POST", "/v1/things", details, {"components": {"schemas": {"Item": ITEM}}})


def made(error: RequestError, body: Any = BODY) -> list[tuple[str, bytes | None]]:
    return [(mutation.field, mutation.body) for mutation in mutations(operation(body), error)]


@pytest.mark.parametrize(
    ("error", "fields"),
    [
        (RequestError.MISSING, ["title", "items", "cost"]),
        (RequestError.TYPE, ["title", "items", "cost", "cost", "free"]),
        (RequestError.LONG, ["title", "items", "free"]),
        (RequestError.CHARACTER, ["title"] * 2 + ["free"] * 4),
        (RequestError.NUMBER, ["cost"] * 3 + ["free"] * 3),
        (RequestError.ENCODING, ["body"] * 5),
        (RequestError.DEEP, ["body"] * 4),
        (RequestError.HUGE, ["body"] * 2),
    ],
)
def test_every_field_is_invalid_in_every_way(error, fields):
    assert [field for field, _ in made(error)] == fields


def test_a_body_that_nobody_needs_may_be_empty():
    sent = [each.body for each in mutations(operation(required=False), RequestError.ENCODING)]
    assert len(sent) == 4
    assert b"" not in sent


def test_a_sample_of_the_target_is_what_is_wrong_in_one_place():
    sampled = replace(operation(), sample={"title": "sample", "items": [{"cost": 2}], "thread_id": ""})
    bodies = {each.field: each.body for each in mutations(sampled, RequestError.MISSING, {"thread_id": "7"})}
    assert bodies["title"] == b'{"items": [{"cost": 2}], "thread_id": "7"}'


def test_all_other_fields_are_valid():
    assert dict(made(RequestError.MISSING))["cost"] == b'{"title": "example", "items": [{}]}'
    assert dict(made(RequestError.LONG))["title"] == b'{"title": "eexample", "items": [{"cost": 1}]}'
    assert (
        dict(made(RequestError.LONG))["items"]
        == b'{"title": "example", "items": [{"cost": 1}, {"cost": 1}, {"cost": 1}]}'
    )


def test_each_kind_of_value_and_each_item_of_a_list_is_too_large():
    body = {
        "type": "object",
        "properties": {
            "amount": {"anyOf": [{"type": "number", "exclusiveMaximum": 9}, {"type": "string", "maxLength": 3}]},
            "ids": {"type": "array", "maxItems": 1, "items": {"type": "string", "format": "date"}},
        },
    }
    assert made(RequestError.LONG, body) == [
        ("amount", b'{"amount": 10}'),
        ("amount", b'{"amount": "0001"}'),
        ("ids", b'{"ids": ["2026-01-01", "2026-01-01"]}'),
        ("ids", b'{"ids": ["2026-01-01x"]}'),
    ]


def test_every_alternative_of_a_body_is_tried():
    alternatives = {"oneOf": [{"$ref": "#/components/schemas/Item"}, BODY]}
    assert len(made(RequestError.MISSING, alternatives)) == 1 + len(made(RequestError.MISSING))


def test_parameters_are_invalid_too():
    asking = Operation("backend", "GET", "/v1/things", {"parameters": QUERY}, {})
    made = [each for error in (RequestError.TYPE, RequestError.LONG) for each in mutations(asking, error)]
    found = [(each.place, each.field, each.value) for each in made]
    assert found == [("query", "limit", "nothing of the kind"), ("query", "limit", "201"), ("path", "name", "eexample")]
