"""Validation errors that name the field, and those that do not."""

from typing import Any

import pytest

from support.api.invalid_requests import InvalidCall, name_the_field
from tests.api.responses import PLACE, mismatch, response

NAMED = {"field": "items.0.cost", "message": "must be a number"}


def answered(status: int | None, *errors: Any, detail: str = "No.") -> InvalidCall:
    body = {"code": "validation_failed", "detail": detail, "errors": list(errors)}
    return InvalidCall(PLACE, response(status, body), "cost")


@pytest.mark.parametrize("status", [400, 413, 422])
def test_an_error_that_names_the_field(status):
    assert name_the_field().matches([answered(status, NAMED)])


@pytest.mark.parametrize(
    "call",
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
def test_an_error_that_does_not(call):
    assert f"{PLACE}: cost" in mismatch(name_the_field(), [answered(422, NAMED), call])


@pytest.mark.parametrize(
    ("field", "entries", "is_named"),
    [
        ("items.0.cost", (0,), True),
        ("items.2.cost", (0,), False),
        ("items.cost", (0,), False),
        ("items.cost", (), True),
        ("groups.1.items.0.cost", (1, 0), True),
        ("groups.items.0.cost", (1, 0), False),
    ],
)
def test_an_error_in_a_list_says_in_which_entry(field, entries, is_named):
    body = {"code": "validation_failed", "detail": "No.", "errors": [{"field": field, "message": "must be a number"}]}
    call = InvalidCall(PLACE, response(422, body), "cost", entries)
    assert name_the_field().matches([call]) == is_named


def test_no_request_proves_nothing():
    assert mismatch(name_the_field(), []) == "no call"
