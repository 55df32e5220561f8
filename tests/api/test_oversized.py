"""Values that are too large: invalid in their size alone, where that can be."""

import pytest

from support.api.oversized import too_much


@pytest.mark.parametrize(
    ("schema", "example", "more"),
    [
        ({"type": "string", "maxLength": 9}, "example", "eeeexample"),
        ({"type": "string", "maxLength": 9, "pattern": "^/[a-z]+$"}, "/example", "/eeexample"),
        ({"type": "string", "maxLength": 2, "pattern": r"^\d{2}$"}, "12", "112"),
        ({"type": "string", "maxLength": 3}, 1, "0001"),
        ({"type": "string", "enum": ["free"]}, "free", "freex"),
        ({"type": "string", "format": "date"}, "2026-01-01", "2026-01-01x"),
        ({"type": "array", "maxItems": 2}, [1, 2], [1, 1, 1]),
        ({"type": "object", "maxProperties": 1}, {}, {"member 0": 0, "member 1": 1}),
        ({"type": "integer", "maximum": 200}, 1, 201),
        ({"type": "number", "exclusiveMaximum": 9}, 1, 10),
        ({"type": "number"}, 1, None),
        ({"type": "boolean"}, False, None),
    ],
)
def test_one_more_than_fits(schema, example, more):
    assert too_much(schema, example) == more


@pytest.mark.parametrize(("type", "example"), [("string", "x"), ("array", ["x"]), ("object", {})])
def test_a_schema_without_a_size_is_given_far_more_than_anybody_needs(type, example):
    assert len(too_much({"type": type}, example)) > 10_000


def test_an_example_of_another_kind_is_not_made_a_list():
    assert too_much({"type": "array"}, "x") is None
