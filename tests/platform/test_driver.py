"""Asking a real HTTP server: what is sent, and what becomes of answers and of broken lines."""

import json
import re

import pytest

from support.platform.dialect import Dialect, Meaning
from support.platform.driver import Anyone
from support.platform.drivers.apex import DIALECT, ApexDriver
from support.platform.outcome import Outcome
from support.platform.trace import new_trace_id, trace_id_of, traceparent
from support.scenario.verdict import NotShown
from tests.servers import ApiServer

PROBLEM = {
    "type": "about:blank",
    "title": "Unknown agent",
    "status": 422,
    "code": "unknown_agent",
    "detail": "There is no agent 'x'.",
    "request_id": "req-1",
    "known_agents": ["cost_analysis"],
}


def platform_at(api: ApiServer, record=None) -> ApexDriver:
    return ApexDriver(dict.fromkeys(("auth", "backend", "analytics", "tools"), api.url), record)


def test_a_request_carries_token_and_trace(api):
    outcome = platform_at(api).runs(Anyone("token-1"), status="queued")
    asked = api.asked[0]
    assert (asked.method, asked.path) == ("GET", "/v1/runs?status=queued")
    assert asked.headers["authorization"] == "Bearer token-1"
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]", asked.headers["traceparent"])
    assert trace_id_of(asked.headers["traceparent"]) == outcome.trace_id
    assert outcome.done


def test_each_request_has_a_trace_of_its_own_unless_told(api):
    platform = platform_at(api)
    first, second = platform.agents(Anyone()), platform.agents(Anyone())
    assert first.trace_id != second.trace_id
    trace = new_trace_id()
    assert platform.start_run(Anyone(), "x", trace_id=trace).trace_id == trace


def test_an_outcome_says_who_asked_for_what(api):
    told: list[Outcome] = []
    platform = platform_at(api, told.append)
    platform.runs(Anyone("token-1"), status="queued")
    platform.create_thread(Anyone(), "x")
    platform.request(Anyone(), "POST", "/v1/threads", data=b"caf\xe9")
    assert [(each.who, each.query, each.sent) for each in told] == [
        ("somebody with a token", "status=queued", None),
        ("anonymous", "", {"title": "x"}),
        ("anonymous", "", "caf\ufffd"),
    ]


@pytest.mark.parametrize(
    ("document", "version"), [({"info": {"version": "1.2"}}, "1.2"), ({"info": {}}, ""), ({}, ""), ([], ""), (None, "")]
)
def test_a_platform_names_its_version_in_what_it_publishes(api, document, version):
    api.answer = lambda asked: (200, {}, document)
    assert platform_at(api).version() == version


def test_nobody_has_no_token_whatever_the_environment_knows(api, tmp_path, monkeypatch):
    known = tmp_path / "netrc"
    known.write_text("default login somebody password something\n")
    monkeypatch.setenv("NETRC", str(known))
    platform_at(api).agents(Anyone())
    assert "authorization" not in api.asked[0].headers


def test_a_run_is_asked_for_with_what_is_given_and_nothing_else(api):
    platform = platform_at(api)
    platform.start_run(Anyone(), "cost_analysis")
    platform.start_run(Anyone(), "probe", thread_id="t", input={"a": 1}, time_limit_seconds=0.5, request_id="req-7")
    assert api.asked[0].body == {"agent_name": "cost_analysis", "input": {}}
    assert "x-request-id" not in api.asked[0].headers
    assert api.asked[1].body == {"agent_name": "probe", "thread_id": "t", "input": {"a": 1}, "time_limit_seconds": 0.5}
    assert api.asked[1].headers["x-request-id"] == "req-7"


@pytest.mark.parametrize(
    ("ask", "method", "path"),
    [
        (lambda p, w: p.me(w), "GET", "/v1/me"),
        (lambda p, w: p.log_out(w), "POST", "/v1/logout"),
        (lambda p, w: p.refresh(w, "r"), "POST", "/v1/token"),
        (lambda p, w: p.members(w), "GET", "/v1/members"),
        (lambda p, w: p.remove_member(w, "u"), "DELETE", "/v1/members/u"),
        (lambda p, w: p.create_thread(w, "t"), "POST", "/v1/threads"),
        (lambda p, w: p.threads(w, limit=2), "GET", "/v1/threads?limit=2"),
        (lambda p, w: p.thread(w, "t"), "GET", "/v1/threads/t"),
        (lambda p, w: p.rename_thread(w, "t", "n"), "PATCH", "/v1/threads/t"),
        (lambda p, w: p.delete_thread(w, "t"), "DELETE", "/v1/threads/t"),
        (lambda p, w: p.post_message(w, "t", "c"), "POST", "/v1/threads/t/messages"),
        (lambda p, w: p.messages(w, "t"), "GET", "/v1/threads/t/messages"),
        (lambda p, w: p.set_cloud_account(w, account_id="1", role_arn="a", region="r"), "PUT", "/v1/cloud-account"),
        (lambda p, w: p.store_usage(w, []), "POST", "/v1/usage-records"),
        (lambda p, w: p.run(w, "r"), "GET", "/v1/runs/r"),
        (lambda p, w: p.cancel_run(w, "r"), "POST", "/v1/runs/r/cancel"),
        (lambda p, w: p.jobs(w, "r"), "GET", "/v1/jobs?run_id=r"),
        (lambda p, w: p.operator_runs(w), "GET", "/v1/operations/runs"),
        (lambda p, w: p.operator_connections(w), "GET", "/v1/operations/connections"),
        (lambda p, w: p.send_notice(w, title="t", body="b"), "POST", "/v1/operations/notices"),
    ],
)
def test_what_can_be_asked(api, ask, method, path):
    assert ask(platform_at(api), Anyone("t")).done
    assert (api.asked[0].method, api.asked[0].path) == (method, path)


def test_a_refusal_is_a_value_with_its_explanation(api):
    api.answer = lambda asked: (422, {"x-request-id": "req-1", "content-type": "application/problem+json"}, PROBLEM)
    outcome = platform_at(api).start_run(Anyone(), "x")
    assert not outcome.done
    assert outcome.meaning is Meaning.INVALID
    assert outcome.problem is not None
    assert outcome.problem.code == "unknown_agent"
    assert outcome.problem.extra == {"known_agents": ["cost_analysis"]}
    assert outcome.request_id == "req-1"
    with pytest.raises(NotShown, match=r"POST /v1/runs: 422 invalid .*unknown_agent"):
        outcome.require()


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (200, Meaning.DONE),
        (204, Meaning.DONE),
        (400, Meaning.INVALID),
        (401, Meaning.UNAUTHENTICATED),
        (403, Meaning.PERMISSION_DENIED),
        (404, Meaning.NOT_FOUND),
        (409, Meaning.CONFLICT),
        (429, Meaning.RATE_LIMITED),
        (500, Meaning.FAILED),
        (503, Meaning.UNAVAILABLE),
    ],
)
def test_what_a_status_means(status, meaning):
    assert DIALECT.meaning(status) is meaning


def test_another_platform_may_say_403_where_ours_says_401():
    other = Dialect(name="other", meanings={403: Meaning.UNAUTHENTICATED})
    assert other.meaning(403) is Meaning.UNAUTHENTICATED


def test_a_broken_line_is_a_value(api):
    api.answer = lambda asked: (0, {}, None)
    outcome = platform_at(api).agents(Anyone())
    assert outcome.status is None
    assert outcome.error
    assert outcome.meaning is Meaning.FAILED
    assert outcome.body is None
    with pytest.raises(NotShown, match="no answer"):
        outcome.require()


def test_an_answer_that_is_no_json_has_no_body():
    assert Outcome("GET", "/", 200, text="<html>", meaning=Meaning.DONE).body is None
    assert Outcome("GET", "/", 204, text="", meaning=Meaning.DONE).require() is None


def test_every_request_is_recorded(api):
    recorded: list[Outcome] = []
    outcome = platform_at(api, recorded.append).agents(Anyone())
    assert recorded == [outcome]
    assert outcome.seconds > 0
    assert json.loads(outcome.text) == {"path": "/v1/agents"}


def test_a_malformed_traceparent_can_be_sent(api):
    outcome = platform_at(api).request(Anyone(), "GET", "/x", headers={"traceparent": "nonsense"})
    assert api.asked[0].headers["traceparent"] == "nonsense"
    assert outcome.trace_id == ""


def test_any_service_can_be_asked(api):
    platform_at(api).request(Anyone(), "GET", "/health/ready", service=api.url)
    assert api.asked[0].path == "/health/ready"


def test_trace_ids_are_read_from_headers():
    trace = new_trace_id()
    assert trace_id_of(traceparent(trace)) == trace
    with pytest.raises(ValueError, match="not a traceparent"):
        trace_id_of("00-abc-01")
