"""The identities oracle: an event that names another cause is found, and a frame that is not as published."""

import json
from dataclasses import replace

import pytest

from support.oracles.identities import (
    AskedOfPartner,
    Cause,
    unpublished_frames,
    wrong_identities,
    wrong_log_lines,
    wrong_requests,
)
from support.platform.drivers.apex import DIALECT
from tests.matchers.stories import RUN, with_tools

STORY = [
    replace(event, user_id="user-1", thread_id="thread-1", request_id="request-1", trace_id="trace-1")
    for event in with_tools()
]
CAUSE = Cause("user-1", "thread-1", "request-1", "trace-1")


def test_a_story_names_its_cause():
    assert wrong_identities(STORY, {RUN: CAUSE}) == []


@pytest.mark.parametrize("name", ["user_id", "thread_id", "request_id", "trace_id"])
@pytest.mark.parametrize("value", ["other", None])
def test_each_event_must_name_it(name, value):
    for place in range(len(STORY)):
        story = [*STORY[:place], replace(STORY[place], **{name: value}), *STORY[place + 1 :]]
        (found,) = wrong_identities(story, {RUN: CAUSE})
        assert f"{STORY[place].type} of run {RUN} has the {name} {value}" in found


def test_what_is_not_known_is_not_judged():
    assert wrong_identities(STORY, {}) == []
    assert wrong_identities(STORY, {RUN: Cause("user-1", None, None, None)}) == []


def test_frames_are_held_against_what_is_published():
    checks = {"ping": lambda frame: [] if frame.get("at") else ["at is missing"]}
    assert unpublished_frames([json.dumps({"type": "ping", "at": 1})], checks, DIALECT) == []
    bad = ["no JSON", "[]", json.dumps({"type": "pong"}), json.dumps({"type": "ping"})]
    assert [line.split(":")[0] for line in unpublished_frames(bad, checks, DIALECT)] == [
        *("no event", "no event", "the type 'pong' is not published", "ping"),
    ]


OWNERS = {"run-1": {"user_id": "user-1", "tenant_id": "tenant-1", "trace_id": "trace-1"}}


def test_a_log_line_names_the_owner_of_its_run():
    line = b'{"event": "run ended", "run_id": "run-1", "user_id": "user-1", "tenant_id": "tenant-1"}'
    assert wrong_log_lines([line, b"plain text", b'{"run_id": "run-2", "user_id": "user-2"}'], OWNERS) == []
    (found,) = wrong_log_lines([line.replace(b"tenant-1", b"tenant-2")], OWNERS)
    assert "names the tenant_id tenant-2, not tenant-1" in found
    assert len(wrong_log_lines([line.replace(b'"user-1"', b'"user-2"')], OWNERS)) == 1


def test_requests_to_the_partner_have_the_trace_of_a_run_of_their_tenant():
    traces = {"acme-1": {"trace-1"}, "borealis-2": {"trace-2"}}
    asked = [
        AskedOfPartner("/acme-1/waiting", "trace-1"),
        AskedOfPartner("/v1/prices", "other"),
        AskedOfPartner("/borealis-2/waiting", "trace-2"),
    ]
    assert wrong_requests(asked, traces) == []
    assert wrong_requests([AskedOfPartner("/acme-12/waiting", "other")], traces) == []
    (found,) = wrong_requests([*asked, *[AskedOfPartner("/acme-1/more", "trace-2")] * 2], traces)
    assert found == "the partner was asked for /acme-1/more under the trace trace-2"
    (found,) = wrong_requests([AskedOfPartner("/acme-1/more", "")], traces)
    assert "under the trace of nobody" in found


def test_a_cookie_belongs_to_a_tenant():
    traces = {"acme": ["trace-1", "trace-3"], "borealis": ["trace-2"]}
    own = AskedOfPartner("/v1/prices", "trace-1", cookie_trace="trace-3")
    unknown = replace(own, cookie_trace="earlier")
    assert wrong_requests([own, unknown, replace(own, trace="other")], traces) == []
    (found,) = wrong_requests([own, replace(own, trace="trace-2")], traces)
    assert found == "the partner was asked for /v1/prices with the cookie of another tenant, acme"


def test_an_idempotency_key_belongs_to_one_call():
    once = AskedOfPartner("/v1/prices", "trace-1", "key-1")
    assert wrong_requests([once, once, replace(once, key="key-2"), replace(once, key="")], {}) == []
    for other in (replace(once, trace="trace-2"), replace(once, path="/v1/rates")):
        (found,) = wrong_requests([once, other], {})
        assert found == "the partner was asked for different things under the idempotency key key-1"
