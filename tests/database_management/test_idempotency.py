"""The matcher over two responses of one request, with what it must not accept."""

import pytest
from hamcrest.core.string_description import StringDescription

from support.database_management.idempotency import are_the_same
from support.platform.drivers.apex import DIALECT
from support.platform.outcome import Outcome


def outcome(status: int | None, text: str = '{"id": 1}') -> Outcome:
    return Outcome("POST", "/x", status, text=text, meaning=DIALECT.meaning(status or 0))


def test_two_equal_responses():
    assert are_the_same().matches([outcome(201), outcome(201, '{"id":1}')])


@pytest.mark.parametrize(
    ("outcomes", "fault"),
    [
        ([], "they were: none"),
        ([outcome(201)], "they were: POST /x: 201 done"),
        ([outcome(201)] * 3, "they were: "),
        ([outcome(201), outcome(409)], "they were: POST /x: 201 done; POST /x: 409 conflict"),
        ([outcome(503), outcome(503)], "they were: POST /x: 503 unavailable"),
        ([outcome(None), outcome(201)], "they were: POST /x: no answer"),
        ([outcome(201), outcome(200)], ".status: 200, expected 201"),
        ([outcome(201), outcome(201, '{"id": 2}')], ".body.id: 2, expected 1"),
        ([outcome(201), outcome(201, "")], ".body: None, expected {'id': 1}"),
    ],
)
def test_anything_else_is_not(outcomes, fault):
    matcher, described = are_the_same(), StringDescription()
    assert not matcher.matches(outcomes)
    matcher.describe_mismatch(outcomes, described)
    assert fault in str(described)
