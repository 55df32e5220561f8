"""When is a refusal one that asks to retry?"""

import json

import pytest

from support.api.calls import Call
from support.database_management.pool_exhaustion import ask_to_retry
from support.platform.drivers.apex import DIALECT
from support.platform.outcome import Outcome


def refused(status: int = 503, code: str = "unavailable", detail: str = "Please try again.", after: str = "") -> Call:
    body = json.dumps({"code": code, "detail": detail, "request_id": "r-1"})
    return Call(
        "GET /things", Outcome("GET", "/things", status, {"retry-after": after}, body, meaning=DIALECT.meaning(status))
    )


def test_a_temporary_error_that_says_when_to_retry_is_one():
    assert ask_to_retry().matches([refused(after="1")] * 2)


@pytest.mark.parametrize(
    "calls",
    [
        [],
        [refused()],
        [refused(after="0")],
        [refused(after="soon")],
        [refused(after="1"), refused(500, "internal_error", after="1")],
        [refused(code="time_limit_exceeded", after="1")],
        [refused(detail="psycopg.OperationalError", after="1")],
        [Call("GET /things", Outcome("GET", "/things", 200, {"retry-after": "1"}, "{}", meaning=DIALECT.meaning(200)))],
    ],
    ids=["none", "without", "at once", "unclear", "another status", "another code", "internal", "no refusal"],
)
def test_anything_else_is_none(calls):
    assert not ask_to_retry().matches(calls)
