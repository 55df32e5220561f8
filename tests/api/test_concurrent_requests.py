"""Responses to many customers at once: correct ones with IDs of their own, and each thing that can be wrong."""

from functools import partial
from typing import Any

import pytest

from support.api.concurrent_requests import MixedCall, PlannedRequest, are_correct, have_unique_ids, holds, mixture
from support.platform.drivers.apex import ApexDriver
from support.platform.outcome import Outcome
from support.scenario.users import Tenant, User
from tests.api.responses import PLACE, mismatch, response

OWN, FOREIGN = "canary-000000000001", "canary-000000000002"
CALLER = User("Acme", Tenant("Acme", "acme-1", OWN, "1"), "", "")


def called(answer: Outcome, expected: dict[str, Any] | None = None, creates: bool = False) -> MixedCall:
    return MixedCall(PLACE, answer, CALLER, expected or {}, creates)


@pytest.mark.parametrize(
    ("value", "expected", "held"),
    [
        ({"a": 1, "b": [{"c": 2, "d": 3}]}, {"b": [{"c": 2}]}, True),
        ({"b": [{"c": 2}, {}]}, {"b": [{"c": 2}]}, False),
        ({}, {"a": None}, False),
        ([], {"a": 1}, False),
    ],
)
def test_what_a_value_holds(value, expected, held):
    assert holds(value, expected) is held


RIGHT = called(response(200, {"title": OWN, "id": "1"}), {"title": OWN})


def test_correct_responses():
    assert are_correct().matches([RIGHT])


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        (called(response(500, {})), "received GET /: 500"),
        (called(response(200, {"title": "b"}), {"title": "a"}), "expected {'title': 'a'}"),
        (called(response(200, {"title": FOREIGN})), f"was shown {FOREIGN}"),
    ],
)
def test_one_wrong_response(wrong, fault):
    assert fault in mismatch(are_correct(), [RIGHT, wrong])


def created(id: str | None, request_id: str | None, creates: bool = True) -> MixedCall:
    headers: Any = {} if request_id is None else {"x_request_id": request_id}
    return called(response(201, {"id": id}, **headers), creates=creates)


def test_unique_ids():
    assert have_unique_ids().matches([created("a", "1"), created("b", "2"), created("a", "3", creates=False)])


@pytest.mark.parametrize(
    ("calls", "fault"),
    [
        ([], "no resource was created"),
        ([created("a", "1", creates=False)], "no resource was created"),
        ([created("a", "1"), created("a", "2")], "resources share the ID a"),
        ([created("a", "1"), created("b", "1")], "responses share the ID 1"),
        ([created("a", None)], "responses share the ID None"),
        ([created(None, "1")], "resources share the ID None"),
    ],
)
def test_ids_that_are_shared_or_missing(calls, fault):
    assert fault in mismatch(have_unique_ids(), calls)


def _send(planned: PlannedRequest, platform: ApexDriver) -> Outcome:
    return planned.request.send(platform, CALLER)


def test_the_mixture_is_of_ten_requests_of_different_kinds():
    expected = mixture(CALLER, "t", share=0.5)
    platform = ApexDriver({})
    described = [platform.described(partial(_send, each)) for each in expected]
    assert len({(each.method, each.path) for each in described}) == 10
    assert (described[-1].method, described[-1].path) == ("GET", "/v1/threads/t/messages?limit=1")
    assert {each.request.who for each in expected} == {CALLER}
    assert expected[0].request.pause == expected[1].request.pause / 2
