"""Calls that are all successes, or all refused with one code; one that is not is named."""

import pytest

from support.api.calls import Call, are_refused, succeed
from tests.api.responses import PLACE, mismatch, response


def call(status: int | None, code: str = "unauthenticated") -> Call:
    return Call(PLACE, response(status, {"code": code}))


def test_successes():
    assert succeed().matches([call(200), call(204)])


@pytest.mark.parametrize("status", [401, 404, 500, None])
def test_one_that_is_none(status):
    assert PLACE in mismatch(succeed(), [call(200), call(status)])


def test_refusals():
    assert are_refused("unauthenticated").matches([call(401), call(401)])


@pytest.mark.parametrize(
    "other", [*map(call, (200, 403, 404, 422, 500, None)), call(401, "not_found"), Call(PLACE, response(401))]
)
def test_one_other_response(other):
    assert PLACE in mismatch(are_refused("unauthenticated"), [call(401), other])


@pytest.mark.parametrize("matcher", [succeed(), are_refused("not_found")])
def test_no_call_proves_nothing(matcher):
    assert mismatch(matcher, []) == "no call"
