"""Is a refusal the same as for what never existed?"""

import dataclasses
import json
import secrets

import pytest
from hamcrest import assert_that

from support.matchers.problems import is_indistinguishable_from
from support.platform.dialect import Meaning
from support.platform.outcome import Outcome


def refusal(status=404, code="not_found", meaning=Meaning.NOT_FOUND, **headers):
    text = json.dumps({"code": code, "detail": "There is nothing here.", "request_id": secrets.token_hex(4)})
    given = {"content-type": "application/problem+json", "x-request-id": secrets.token_hex(4), "date": "now"}
    return Outcome("POST", "/v1/runs/x/cancel", status, {**given, **headers}, text, meaning=meaning)


def test_responses_that_differ_only_in_what_always_differs_are_alike():
    assert_that(refusal(), is_indistinguishable_from(refusal()))


@pytest.mark.parametrize(
    "other",
    [
        refusal(status=403, meaning=Meaning.PERMISSION_DENIED),
        refusal(code="gone"),
        refusal(**{"cache-control": "private"}),
        refusal(**{"Content-Type": "text/html"}),
        dataclasses.replace(refusal(), headers={"content-type": "application/problem+json"}),
    ],
    ids=["status", "body", "one more header", "another header", "no request ID"],
)
def test_responses_that_reveal_something_are_not(other):
    assert not is_indistinguishable_from(refusal()).matches(other)
