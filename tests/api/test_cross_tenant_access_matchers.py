"""Responses as if a resource had never existed, and those that reveal something."""

from typing import Any

import pytest

from support.api.cross_tenant_access_matchers import (
    CrossTenantCall,
    ListingCall,
    are_as_if_nothing_existed,
    show_every_sign,
)
from support.platform.outcome import Outcome
from tests.api.responses import PLACE, mismatch, response

SIGNS = frozenset({"canary-1", "id-1"})
REFUSAL = {"code": "x", "request_id": "1"}
NOT_FOUND = response(404, REFUSAL)
DENIED = response(403, {"code": "permission_denied", "permission": "things:manage"})
EMPTY = response(200, {"items": []})


def attempt(answer: Outcome, answer_to_nothing: Outcome | None = None, published: bool = True) -> CrossTenantCall:
    return CrossTenantCall(PLACE, answer, published, answer_to_nothing or answer)


def listing(status: int, *shown: str) -> ListingCall:
    return ListingCall(PLACE, response(status, {"items": list(shown)}), SIGNS)


CLEAN = [attempt(NOT_FOUND), listing(200)]


@pytest.mark.parametrize(
    "call",
    [
        attempt(NOT_FOUND, response(404, {**REFUSAL, "request_id": "2"})),
        attempt(DENIED),
        attempt(EMPTY),
        attempt(response(405, REFUSAL), published=False),
        listing(200, "id-2"),
        listing(404),
    ],
)
def test_a_response_that_reveals_nothing(call):
    assert are_as_if_nothing_existed().matches([*CLEAN, call])


@pytest.mark.parametrize(
    "call",
    [
        attempt(response(404, REFUSAL, allow="GET"), NOT_FOUND),
        attempt(response(404, {"code": "x", "detail": "yours"}), response(404, {"code": "x", "detail": "mine"})),
        attempt(response(403, REFUSAL), NOT_FOUND),
        attempt(response(403, REFUSAL)),
        attempt(response(200, {"id": "1"}), NOT_FOUND),
        attempt(response(200, {"id": "1"})),
        attempt(response(500, REFUSAL)),
        attempt(response(405, REFUSAL)),
        attempt(response(204), published=False),
        attempt(response(500, REFUSAL), published=False),
        listing(200, "id-1"),
        listing(500),
        listing(404, "canary-1"),
    ],
)
def test_a_response_that_reveals_something(call):
    assert PLACE in mismatch(are_as_if_nothing_existed(), [*CLEAN, call])


@pytest.mark.parametrize(
    ("calls", "fault"),
    [
        ([], "no published endpoint"),
        ([attempt(response(405, REFUSAL), published=False), listing(200)], "no published endpoint"),
        ([attempt(NOT_FOUND)], "no listing"),
    ],
)
def test_calls_that_prove_nothing(calls, fault):
    assert fault in mismatch(are_as_if_nothing_existed(), calls)


def test_listings_with_every_sign():
    assert show_every_sign().matches([listing(200, "id-1"), listing(200, "canary-1")])


@pytest.mark.parametrize(
    ("listings", "fault"),
    [
        ([], "no listing was read"),
        ([listing(200, *SIGNS), listing(200)], "shows none of it"),
        ([listing(200, *SIGNS), listing(404, "id-1")], "shows none of it"),
        ([listing(200, "id-1")], "no listing shows canary-1"),
    ],
)
def test_listings_in_which_a_sign_is_missing(listings: list[Any], fault: str):
    assert fault in mismatch(show_every_sign(), listings)
