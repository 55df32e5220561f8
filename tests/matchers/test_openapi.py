"""Answers are held against the published documents."""

import json
from typing import Any

import pytest
from hamcrest.core.string_description import StringDescription

from support.matchers.openapi import are_as_published
from support.platform.outcome import Outcome

THING = {"$ref": "#/components/schemas/Thing"}
DOCUMENT: dict[str, Any] = {
    "paths": {
        "/v1/things/{thing_id}": {
            "get": {"responses": {"200": {"content": {"application/json": {"schema": THING}}}}},
            "delete": {"responses": {"204": {"description": "Gone"}, "4XX": {"description": "No"}}},
        },
        "/v1/things/newest": {"get": {"responses": {"200": {"description": "Nothing to say"}}}},
    },
    "components": {
        "schemas": {"Thing": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}}
    },
}


def answered(method: str, path: str, status: int | None, body: Any = None) -> Outcome:
    return Outcome(method, path, status, text="" if body is None else json.dumps(body))


def test_answers_as_published():
    answers = [
        answered("GET", "/v1/things/1", 200, {"id": "1"}),
        answered("DELETE", "/v1/things/1", 204),
        answered("DELETE", "/v1/things/1", 404),
        answered("GET", "/v1/things/newest", 200),
    ]
    assert are_as_published([{"paths": {}}, DOCUMENT]).matches(answers)


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (answered("GET", "/v1/things/1", 200, {"id": 1}), "is not of type 'string'"),
        (answered("GET", "/v1/things/1", 200, {}), "'id' is a required property"),
        (answered("GET", "/v1/things/1", 202, {"id": "1"}), "only 200 are published"),
        (answered("GET", "/v1/things/1", None), "only 200 are published"),
        (answered("GET", "/v1/things/1/parts", 200, {"id": "1"}), "not published at all"),
        (answered("PUT", "/v1/things/1", 200, {"id": "1"}), "not published at all"),
        (answered("DELETE", "/v1/things/1", 204, {"id": "1"}), "no body is published"),
    ],
)
def test_anything_else_is_a_fault(answer, fault):
    matcher, described = are_as_published([DOCUMENT]), StringDescription()
    assert not matcher.matches([answered("GET", "/v1/things/2", 200, {"id": "2"}), answer])
    matcher.describe_mismatch([answer], described)
    assert fault in str(described)


def test_no_answer_proves_nothing():
    assert not are_as_published([DOCUMENT]).matches([])
