"""Requests with one thing wrong each, and answers that say so or do not."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hamcrest.core.string_description import StringDescription

from support.api.invalid_request_matchers import name_what_is_wrong
from support.api.invalid_requests import Mistake, Wrong, mistakes
from support.platform.dialect import Dialect
from support.platform.examples import example_of, made_up_in
from support.platform.openapi import Operation
from support.platform.outcome import Outcome

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


def operation(body: Any = BODY, parameters: Any = ()) -> Operation:
    details = {"parameters": parameters, "requestBody": {"content": {"application/json": {"schema": body}}}}
    return Operation("backend", "POST", "/v1/things", details, {"components": {"schemas": {"Item": ITEM}}})


def made(wrong: Wrong, body: Any = BODY) -> list[tuple[str, bytes | None]]:
    return [(mistake.field, mistake.body) for mistake in mistakes(operation(body), wrong)]


@pytest.mark.parametrize(
    ("wrong", "fields"),
    [
        (Wrong.MISSING, ["title", "items", "cost"]),
        (Wrong.TYPE, ["title", "items", "cost", "free"]),
        (Wrong.LONG, ["title", "items", "free"]),
        (Wrong.CHARACTER, ["title"] * 2 + ["free"] * 4),
        (Wrong.NUMBER, ["cost"] * 3 + ["free"] * 3),
        (Wrong.UNREADABLE, ["body"] * 5),
        (Wrong.DEEP, ["body"] * 2),
        (Wrong.HUGE, ["body"] * 2),
    ],
)
def test_every_field_is_wrong_once_in_every_way(wrong, fields):
    assert [field for field, _ in made(wrong)] == fields


def test_all_but_one_field_is_right():
    assert dict(made(Wrong.MISSING))["cost"] == b'{"title": "example", "items": [{}]}'
    assert dict(made(Wrong.LONG))["title"] == b'{"title": "eexample", "items": [{"cost": 1}]}'
    assert dict(made(Wrong.LONG))["items"] == b'{"title": "example", "items": [{"cost": 1}, {"cost": 1}, {"cost": 1}]}'


def test_each_kind_of_value_and_each_thing_in_a_list_is_too_much():
    body = {
        "type": "object",
        "properties": {
            "amount": {"anyOf": [{"type": "number", "exclusiveMaximum": 9}, {"type": "string", "maxLength": 3}]},
            "ids": {"type": "array", "maxItems": 1, "items": {"type": "string", "format": "date"}},
        },
    }
    assert made(Wrong.LONG, body) == [
        ("amount", b'{"amount": 10}'),
        ("amount", b'{"amount": "0001"}'),
        ("ids", b'{"ids": ["2026-01-01", "2026-01-01"]}'),
        ("ids", b'{"ids": ["2026-01-01x"]}'),
    ]


def test_every_alternative_of_a_body_is_tried():
    alternatives = {"oneOf": [{"$ref": "#/components/schemas/Item"}, BODY]}
    assert len(made(Wrong.MISSING, alternatives)) == 1 + len(made(Wrong.MISSING))


def test_queries_are_wrong_too():
    found = [(each.place, each.field, each.value) for wrong in (Wrong.TYPE, Wrong.LONG) for each in _wrong(wrong)]
    assert found == [("query", "limit", "nothing of the kind"), ("query", "limit", "201"), ("path", "name", "eexample")]


def _wrong(wrong: Wrong) -> Iterator[Mistake]:
    return mistakes(_asking(), wrong)


def _asking() -> Operation:
    return Operation("backend", "GET", "/v1/things", {"parameters": QUERY}, {})


@dataclass(frozen=True)
class Sent:
    answer: Outcome
    field: str = "cost"
    place: str = "POST /v1/things"


def answered(status: int | None, *errors: Any, detail: str = "No.") -> Outcome:
    text = json.dumps({"code": "validation_failed", "detail": detail, "errors": list(errors)})
    meaning = Dialect().meaning(status or 599)
    return Outcome("POST", "/v1/things", status, {}, text, meaning=meaning)


NAMED = {"field": "items.0.cost", "message": "must be a number"}


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_refusal_that_names_the_field(status):
    assert name_what_is_wrong().matches([Sent(answered(status, NAMED))])


@pytest.mark.parametrize(
    "answer",
    [
        answered(None),
        answered(200),
        answered(401, NAMED),
        answered(404, NAMED),
        answered(500, NAMED),
        answered(422),
        answered(422, {"field": "items.0.costs", "message": "must be a number"}),
        answered(422, {"field": "cost", "message": ""}),
        answered(422, "cost"),
        answered(422, NAMED, detail='Traceback (most recent call last): File "x", line 1'),
    ],
)
def test_a_refusal_that_does_not_is_found(answer):
    matcher, described = name_what_is_wrong(), StringDescription()
    assert not matcher.matches([Sent(answered(422, NAMED)), Sent(answer)])
    matcher.describe_mismatch([Sent(answer)], described)
    assert "POST /v1/things, cost" in str(described)


def test_no_mistake_proves_nothing():
    assert not name_what_is_wrong().matches([])


def test_who_is_made_up_is_known_by_name():
    people = {name: {"type": "string"} for name in ("email", "organisation")}
    door = operation({"type": "object", "required": list(people), "properties": people})
    sent = [example_of(door, door.body or {}) for _ in range(2)]
    named = [made_up_in(json.dumps(body).encode() + b"\xff") for body in sent]
    assert named == [set(body.values()) for body in sent]
    assert not named[0] & named[1]
