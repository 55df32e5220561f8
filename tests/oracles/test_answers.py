"""The answers oracle: each thing that no answer may be is named."""

import json
from dataclasses import replace
from typing import Any

import pytest

from support.oracles.answers import Published, unfit_failures, unfit_run, wrong_answers
from support.platform.dialect import Meaning
from support.platform.outcome import Outcome
from support.platform.runs import Run, RunRequest, RunStatus
from support.platform.story import Event

TRACE = "0123456789abcdef0123456789abcdef"
DOCUMENT = {
    "paths": {
        "/v1/things/{thing_id}": {
            "get": {
                "responses": {
                    "200": {
                        "content": {
                            "application/json": {
                                "schema": {
                                    "type": "object",
                                    "required": ["id"],
                                    "properties": {"id": {"type": "string"}},
                                }
                            }
                        }
                    },
                    "409": {"content": {"application/json": {"schema": {"type": "object"}}}},
                    "4XX": {"content": {"application/problem+json": {"schema": {"type": "object"}}}},
                }
            },
            "delete": {"responses": {"204": {}}},
        },
        "/health": {"get": {"responses": {"503": {"content": {"application/json": {"schema": {"type": "object"}}}}}}},
    }
}


def done(body=None, **headers: str) -> Outcome:
    shown = {
        "x-request-id": "r1",
        "content-type": "application/json",
        "traceparent": f"00-{TRACE}-0123456789abcdef-01",
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    text = json.dumps({"id": "a"} if body is None else body)
    return Outcome("GET", "/v1/things/7?page=2", 200, shown, text, None, Meaning.DONE, trace_id=TRACE)


def refused(status=404, meaning=Meaning.NOT_FOUND, retry_after=None, **body) -> Outcome:
    problem = {"code": "not_found", "title": "Not found", "detail": "There is none.", "status": status} | {
        "request_id": "r2"
    }
    answer = replace(
        done(problem | body, x_request_id="r2", content_type="application/problem+json"), status=status, meaning=meaning
    )
    return replace(answer, headers={**answer.headers, "retry-after": retry_after}) if retry_after else answer


def limited(after: str | None, per_second: float = 0.5) -> Outcome:
    return refused(429, Meaning.RATE_LIMITED, after, limit={"per_second": per_second})


def found(*answers: Outcome, own=()) -> list[str]:
    return wrong_answers(answers, Published([DOCUMENT], {"GET /health"}), own)


@pytest.mark.parametrize(
    "answer",
    [
        done(),
        done(cache_control="no-store"),
        refused(),
        limited("3"),
        refused(503, Meaning.UNAVAILABLE, "60"),
        Outcome("GET", "/v1/things/7", None, error="the line broke"),
        replace(done(), method="DELETE", status=204, text=""),
        replace(done(), path="/v1/unknown"),
    ],
)
def test_good_answers(answer):
    if answer.status == 503:
        assert wrong_answers([answer], None, ()) == []
    else:
        assert found(answer) == []


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (replace(done(), status=202), "the status 202 is not published"),
        (
            done(content_type="text/html; charset=utf-8"),
            "it is text/html; charset=utf-8, published is application/json",
        ),
        (
            replace(refused(), headers={**refused().headers, "content-type": "application/json"}),
            "it is application/json",
        ),
        (done({"name": "a"}), "id"),
        (replace(done(), method="DELETE", status=204), "a body where there is none"),
        (replace(done(), headers={"traceparent": done().headers["traceparent"]}), "no request ID"),
        (done(traceparent=f"00-{TRACE[::-1]}-0123456789abcdef-01"), "it shows the trace"),
        (done(traceparent="something"), "it shows the trace something"),
        (done(cache_control="public, max-age=60"), "it may be cached"),
        (refused(detail="The password=hunter2hunter2 is wrong."), "a secret"),
        (replace(refused(), text="gone"), "a refusal without an explanation"),
        (refused(detail=""), "a refusal without an explanation"),
        (refused(request_id="r3"), "it names the request r3"),
        (refused(status=404, detail="psycopg says no"), "SQL"),
        (refused(detail="KeyError: 'x'"), "an exception"),
        (limited(None), "Retry-After is ''"),
        (limited("0"), "Retry-After is '0'"),
        (limited("63"), "Retry-After is 63 s, 3 s are enough"),
        (refused(503, Meaning.UNAVAILABLE, "61"), "60 s are enough"),
    ],
)
def test_what_is_wrong_is_named(answer, fault):
    (line,) = [line for line in found(answer) if fault in line]
    assert "/v1/things/7" in line


def unwell(why: str) -> Outcome:
    body = {"status": "not ready", "checks": {"database": why}}
    return replace(done(body), path="/health", status=503, meaning=Meaning.UNAVAILABLE)


def test_a_report_of_the_health_is_no_refusal_and_shows_nothing_of_the_inside_either():
    assert found(unwell("failing")) == []
    (line,) = found(unwell("OperationalError: connection to 127.0.0.1 failed"))
    for part in ("/health", "an exception", "an inner address"):
        assert part in line


def test_a_refusal_is_one_however_it_is_published():
    answer = replace(done({"problem": "no"}), status=409, meaning=Meaning.CONFLICT)
    (line,) = found(answer)
    assert "a refusal without an explanation" in line


def test_a_request_id_belongs_to_one_request():
    assert found(done(), done()) == ["2 answers have the request ID r1"]
    assert found(done(), done(), own=["r1"]) == []


def failure(type: str, **payload: Any) -> Event:
    return Event(type, run_id="run-1", payload=payload)


@pytest.mark.parametrize(
    ("event", "what"),
    [
        (failure("agent_error", message="Traceback (most recent call last)"), "a stack trace"),
        (failure("tool_completed", outcome="failed", error={"message": "see /srv/agents/secrets.py"}), "a path"),
        (failure("tool_completed", outcome="cancelled", error="KeyError"), "an exception"),
    ],
)
def test_a_failure_that_shows_the_inside_is_named(event, what):
    (line,) = unfit_failures([failure("agent_error", message="Please try again."), event])
    assert line.startswith(f"{event.type} of run run-1 shows {what}")


def test_what_a_tool_gives_may_be_anything():
    given = failure("tool_completed", outcome="succeeded", result="/srv/data/report.py")
    assert unfit_failures([given, failure("agent_thinking", text="/srv/data/report.py")]) == []


def test_a_run_may_show_what_was_asked_and_answered_and_nothing_of_the_inside():
    asked, answered = {"path": "/srv/data"}, {"path": "/srv/data"}
    raw = {"id": "run-1", "input": asked, "answer": answered, "steps": [{"name": "analysis"}]}
    run = Run(RunRequest("run-1", input=asked), RunStatus.FAILED, answered, raw=raw)
    assert unfit_run(run) == []
    (line,) = unfit_run(replace(run, raw={**raw, "steps": [{"name": "KeyError: 'x'"}]}))
    assert line.startswith("run run-1 shows its owner an exception")
