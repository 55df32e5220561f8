"""Answers to many at once, and grants of what a plan allows: right ones, and each thing that can be wrong."""

import json
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from hamcrest.core.string_description import StringDescription

from support.api.concurrent_request_matchers import are_all_right, have_names_of_their_own, holds
from support.api.concurrent_requests import mixture
from support.api.rate_limit_matchers import Allowed, were_all_granted, were_granted_what_the_plan_allows
from support.platform.dialect import Dialect
from support.platform.outcome import Outcome
from support.scenario.users import Tenant, User

OWN, FOREIGN = "canary-000000000001", "canary-000000000002"
WHO = SimpleNamespace(tenant=SimpleNamespace(marker=OWN))


def outcome(status: int, body: Any, sent_at: float = 0.0, **headers: str) -> Outcome:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Outcome("GET", "/", status, named, json.dumps(body), meaning=Dialect().meaning(status), sent_at=sent_at)


@dataclass(frozen=True)
class Answered:
    answer: Outcome
    due: dict[str, Any] = field(default_factory=dict)
    made: bool = False
    who: Any = field(default_factory=lambda: WHO)


def test_what_a_value_holds():
    assert holds({"a": 1, "b": [{"c": 2, "d": 3}]}, {"b": [{"c": 2}]})
    assert not holds({"b": [{"c": 2}, {}]}, {"b": [{"c": 2}]})
    assert not holds({}, {"a": None})
    assert not holds([], {"a": 1})


@pytest.mark.parametrize(
    "wrong",
    [
        Answered(outcome(500, {})),
        Answered(outcome(200, {"title": "b"}), {"title": "a"}),
        Answered(outcome(200, {"title": FOREIGN})),
    ],
)
def test_one_wrong_answer_is_found(wrong):
    right = Answered(outcome(200, {"title": OWN, "id": "1"}), {"title": OWN})
    described = StringDescription()
    assert are_all_right().matches([right])
    assert not are_all_right().matches([right, wrong])
    are_all_right().describe_mismatch([right, wrong], described)
    assert "1 of 2" in str(described)


def made(id: str | None, request_id: str | None, made: bool = True) -> Answered:
    headers: Any = {} if request_id is None else {"x_request_id": request_id}
    return Answered(outcome(201, {"id": id}, **headers), made=made)


def test_names_of_their_own():
    assert have_names_of_their_own().matches([made("a", "1"), made("b", "2"), made("a", "3", made=False)])


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        [made("a", "1", made=False)],
        [made("a", "1"), made("a", "2")],
        [made("a", "1"), made("b", "1")],
        [made("a", None)],
        [made(None, "1")],
    ],
)
def test_names_that_are_shared_or_missing(wrong):
    assert not have_names_of_their_own().matches(wrong)


ALLOWED = Allowed(burst=3, per_second=2)


def refused(
    at: float = 1.0, status: int = 429, code: str = "rate_limited", after: str = "1", burst: int = 3
) -> Outcome:
    body = {"code": code, "detail": "Later.", "limit": {"burst": burst, "per_second": 2}}
    return outcome(status, body, at, retry_after=after)


def granted(count: int) -> list[Outcome]:
    return [outcome(200, {}, number / 10) for number in range(count)]


@pytest.mark.parametrize("count", [3, 5, 6])
def test_grants_that_the_plan_allows(count):
    assert were_granted_what_the_plan_allows(ALLOWED).matches([*granted(count), refused()])


@pytest.mark.parametrize(
    "answers",
    [
        [],
        granted(3),
        [*granted(2), refused()],
        [*granted(7), refused()],
        [*granted(3), refused(status=503)],
        [*granted(3), refused(code="too_busy")],
        [*granted(3), refused(after="")],
        [*granted(3), refused(after="0")],
        [*granted(3), refused(burst=4)],
        [*granted(8), refused(burst=8)],
        [*granted(3), outcome(429, {"code": "rate_limited"}, 1.0, retry_after="1")],
    ],
)
def test_grants_that_it_does_not(answers):
    assert not were_granted_what_the_plan_allows(ALLOWED).matches(answers)


def test_everything_granted():
    assert were_all_granted().matches(granted(2))
    assert not were_all_granted().matches([])
    assert not were_all_granted().matches([*granted(2), refused()])


def test_the_mixture_is_of_ten_requests_of_different_kinds():
    user = User("Acme", Tenant("Acme", "acme-1", OWN, "1"), "", "")
    asked = mixture(user, "t", share=0.5)
    assert len({(each.request.method, each.request.path) for each in asked}) == 10
    assert {each.request.who for each in asked} == {user}
    assert asked[0].request.pause == asked[1].request.pause / 2
