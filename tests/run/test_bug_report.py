"""The report of a violation: what was done, expected, what came, what was logged, how to see it again."""

from dataclasses import asdict
from typing import Any

from support.run.bug_report import bug_report, command
from support.run.record import StepRecord
from support.scenario.verdict import Verdict
from tests.run.examples import record, step

RED = record(
    status="failed",
    verdict=Verdict.VIOLATED,
    reason="cancel takes effect: 5.1 seconds used of 1",
    started_at="2026-11-26T06:31:02+00:00",
    steps=(step("Acme watches"), step("the run ends", "failed", error="late"), step("x", "skipped")),
    budgets=({"budget": "cancel takes effect", "limit": 1.0, "used": 5.1, "unit": "seconds", "share": 5.1},),
)

EVIDENCE: dict[str, Any] = {
    **RED.to_json(),
    "platform": {"name": "aegra", "version": "0.11.0", "settings": {"A": {"value": True, "reason": "for logs"}}},
    "settings": {"target": "aegra"},
    "timeline": [
        {
            "seconds": 0.25, "at": "", "what": "request", "who": "Acme", "method": "POST", "path": "/runs?a=b",
            "sent": '{"agent": "probe"}', "status": 409, "meaning": "conflict", "took": 0.125, "trace_id": "",
            "request_id": "r-1", "error": None, "answer": '{"error": "busy"}',
        },
        {
            "seconds": 0.5, "at": "", "what": "request", "who": "Acme", "method": "GET", "path": "/runs",
            "status": None, "meaning": "failed", "took": 2.0, "trace_id": "", "request_id": None, "error": "reset",
        },
        {"seconds": 1.0, "at": "", "what": "fault", "kind": "lost", "service": "worker-1"},
    ],
    "observations": [
        {"seconds": 0.1, "at": "", "expected": "a start", "observed": "it", "verdict": "proven", "reason": ""},
        {"seconds": 5.2, "at": "", "expected": "an end", "observed": "none", "verdict": "violated", "reason": ""},
    ],
    "received": [{"connection": "Acme's connection 1", "frames": 99, "last": ["the ``` last"]}],
    "log_lines": [{"log": "worker-1", "event": "gone"}],
}  # fmt: skip


def test_it_says_everything_that_maintainers_need():
    text = bug_report(EVIDENCE, "reports/evidence/x.json")
    parts = [
        "# aegra 0.11.0: It is cancelled",
        "- Promise: AEC-11 A customer can cancel a running agent",
        "  - A=true, not its default: for logs",
        "- Seen: 2026-11-26T06:31:02+00:00",
        "## What was done",
        "- Given the run ends (here it went wrong)",
        '   0.250  Acme: POST /runs?a=b {"agent": "probe"}',
        "-> 409 conflict after 0.125 s, request ID r-1",
        '{"error": "busy"}',
        "-> no answer: reset after 2.000 s",
        "   1.000  fault: kind=lost service=worker-1",
        "## What was expected",
        "and it really stops. So: Given the run ends.",
        "an end",
        "- cancel takes effect: at most 1 seconds",
        "## What came",
        "cancel takes effect: 5.1 seconds used of 1",
        "Observed 5.200 s after the beginning:",
        "The last of 99 frames on Acme's connection 1:",
        "````\nthe ``` last\n````",
        "## What was logged",
        '{"log": "worker-1", "event": "gone"}',
        "bin/acceptance --repro reports/evidence/x.json",
    ]
    places = [text.find(part) for part in parts]
    assert -1 not in places, parts[places.index(-1)]
    assert places == sorted(places)


def test_what_is_long_is_cut_with_a_note():
    many = [{"seconds": 0.0, "at": "", "what": f"note {number}"} for number in range(500)]
    lines = [{"event": f"line {number}"} for number in range(100)]
    text = bug_report(EVIDENCE | {"timeline": many, "log_lines": lines, "reason": "x\n" * 3}, "x.json")
    assert "note 0\n" in text
    assert "... 440 more" in text
    assert "note 499\n" in text
    assert "The last 40 of 100 lines" in text
    assert '"line 59"' not in text


def test_a_request_that_is_repeated_is_told_once():
    first = EVIDENCE["timeline"][0] | {"status": 200, "answer": None}
    asked = [first | {"seconds": float(second), "request_id": str(second)} for second in range(5)]
    text = bug_report(EVIDENCE | {"timeline": [*asked, EVIDENCE["timeline"][0]]}, "x.json")
    assert text.count("POST /runs?a=b") == 2
    assert "... and 4 times more, until 4.000" in text


def test_what_an_oracle_finds_is_no_step():
    found = StepRecord("After", "the leak canary finds nothing", "after", "failed", error="found")
    text = bug_report(EVIDENCE | {"steps": [asdict(found)]}, "x.json")
    assert "Besides, after whatever happens, the leak canary finds nothing." in text
    assert "- After" not in text


def test_without_logs_and_observations_it_says_so():
    text = bug_report(EVIDENCE | {"log_lines": [], "observations": [], "reason": "", "known": "it blocks"}, "x.json")
    assert "Nothing that belongs to these requests." in text
    assert "(nothing)" in text
    assert "- Known: it blocks" in text


def test_a_path_with_spaces_is_quoted():
    assert command("a b/c.json") == "bin/acceptance --repro 'a b/c.json'"
