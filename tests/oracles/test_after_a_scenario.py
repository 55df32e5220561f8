"""Leak canary, story oracle, logs and evidence: pure judgement, fed with good and bad."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from support.oracles.canary import Sighting, leaks, markers_in, unseen
from support.oracles.story import StoredRun, broken_stories, told_late, untold_progress, untold_thoughts
from support.platform.outcome import Outcome
from support.platform.story import Event
from support.scenario.agents import PROBE, beside, fetching, thoughts_in
from support.scenario.budgets import BudgetUse
from support.scenario.evidence import Aftermath, Evidence, Finding, Subject, evidence_path, write_evidence
from support.scenario.verdict import Verdict
from support.stores.logs import ServiceLogs, of_services, of_traces, sightings
from tests.matchers.stories import GOOD, RUN, cancelled, told, with_tools

ACME, BOREALIS, OLD = "canary-aaaaaaaaaaaa", "canary-bbbbbbbbbbbb", "canary-000000000000"
OWNERS = {ACME: "tenant-a", BOREALIS: "tenant-b"}
SUBJECT = Subject("A feature", "features/agent_execution/some.feature", 12, "A rule", "AEC-01", "A scenario", ("gate",))


def seen(tenant_id, *markers):
    return Sighting("the table messages", tenant_id, frozenset(markers))


def test_markers_are_found_in_text():
    assert markers_in(f"x {ACME}, {BOREALIS}{ACME} canary-short canary-AAAAAAAAAAAA") == {ACME, BOREALIS}
    assert markers_in("nothing") == frozenset()


def test_a_marker_in_its_own_place_is_no_leak():
    assert leaks([seen("tenant-a", ACME), seen("tenant-b", BOREALIS)], OWNERS) == []


@pytest.mark.parametrize(
    "sighting",
    [
        seen("tenant-b", ACME),
        seen("tenant-a", ACME, BOREALIS),
        seen(None, ACME),
        seen("tenant-x", ACME),
        seen("tenant-a", OLD),
    ],
    ids=["another tenant's", "beside the own", "nobody's", "an outsider's", "of an earlier run"],
)
def test_a_marker_in_a_foreign_place_is_a_leak(sighting):
    found = leaks([seen("tenant-a", ACME), sighting], OWNERS)
    assert len(found) == 1
    assert "stands in the table messages" in found[0]


def test_what_earlier_runs_did_among_themselves_is_not_judged():
    assert leaks([seen("tenant-old", OLD), seen(None, OLD)], OWNERS) == []


def test_a_canary_that_sees_nothing_is_blind():
    assert unseen([ACME], [seen("tenant-a", ACME)], OWNERS) == []
    assert unseen([ACME], [], OWNERS) == [ACME]
    assert unseen([ACME], [seen("tenant-b", ACME)], OWNERS) == [ACME]
    assert unseen([ACME, BOREALIS], [seen("tenant-a", ACME)], OWNERS) == [BOREALIS]


@pytest.mark.parametrize(
    ("story", "status"),
    [
        (GOOD["with tools"], "completed"),
        (GOOD["with delegates"], "completed"),
        (cancelled, "cancelled"),
        (GOOD["failed"], "failed"),
    ],
)
def test_the_oracle_accepts_complete_stories(story, status):
    assert broken_stories([StoredRun(RUN, "user-1", "tenant-a", status, True)], story()) == []


def test_a_thought_is_told_in_full_when_its_run_has_completed():
    story = told(("agent_started", {}), ("agent_thinking", {"thought": "Two things:"}), ("agent_completed", {}))
    runs = [StoredRun(RUN, "user-1", "tenant-a", "completed", True)]
    assert untold_thoughts(runs, story, {RUN: ["Two things:"], "another": ["Hm."]}) == []
    (found,) = untold_thoughts(runs, story, {RUN: ["Two things:", "Two things:\nstop one"]})
    assert "the thought 'Two things:\\nstop one' was not told" in found
    assert untold_thoughts([replace(runs[0], status="failed")], story, {RUN: ["Hm."]}) == []


def reported(*done: int, outcome: str = "succeeded") -> list[Event]:
    call = {"call_id": "a", "parameters": {"topics": ["/one", "/two"]}}
    reports = [("tool_progress", {"call_id": "a", "done": each, "total": 2}) for each in done]
    return told(("tool_executing", call), *reports, ("tool_completed", {"call_id": "a", "outcome": outcome}))


def test_a_call_that_has_read_all_topics_has_reported_each():
    assert untold_progress(reported(1, 2)) == untold_progress(reported(1, 1, 2)) == []
    assert untold_progress(reported(1, outcome="failed")) == []
    (found,) = untold_progress(reported(2))
    assert found == "the call a has reported [2] of 2 topics"


def test_the_thoughts_of_a_script_are_those_of_all_its_parts():
    script = beside([{"think": "a"}, {"fetch": "/b"}], [{"delegate": {"agent": PROBE, "input": fetching("/c")}}])
    assert list(thoughts_in(script)) == ["a", *thoughts_in(fetching("/c"))]
    assert len(list(thoughts_in(script))) == 2


def test_how_the_calls_of_a_lost_run_ended_nobody_can_tell():
    begun: list[tuple[str, dict[str, str]]] = [
        ("agent_started", {}),
        ("agent_thinking", {"thought": "Hm."}),
        ("tool_executing", {"call_id": "a"}),
    ]
    story = told(*begun, ("agent_error", {}))
    lost = {"error": {"code": "worker_lost"}}
    assert broken_stories([StoredRun(RUN, "user-1", "tenant-a", "failed", True, result=lost)], story) == []
    (found,) = broken_stories([StoredRun(RUN, "user-1", "tenant-a", "failed", True)], story)
    assert "tool_completed of call a is missing" in found


def test_the_oracle_accepts_a_run_that_never_started():
    run = StoredRun(RUN, "user-1", "tenant-a", "cancelled", False)
    assert broken_stories([run], told(("agent_cancelled", {}))) == []


@pytest.mark.parametrize(
    ("run", "story", "fault"),
    [
        (StoredRun(RUN, "user-1", "t", "completed", True), [], "nothing was told"),
        (StoredRun(RUN, "user-1", "t", "completed", True), with_tools()[:-1], "the end is missing"),
        (StoredRun(RUN, "user-1", "t", "running", True), with_tools(), "it has not ended: running"),
        (StoredRun(RUN, "user-1", "t", "queued", False), [], "it has not ended: queued"),
        (StoredRun(RUN, "user-1", "t", "failed", True), with_tools(), "stored as failed, told as agent_completed"),
        (StoredRun(RUN, "user-2", "t", "completed", True), with_tools(), "was told to user user-1"),
        (StoredRun("run-9", "user-1", "t", "completed", True), with_tools(), "nothing was told"),
    ],
)
def test_the_oracle_names_a_broken_story(run, story, fault):
    broken = broken_stories([run], story)
    assert len(broken) == 1
    assert fault in broken[0]


def test_more_calls_at_the_same_time_than_there_are_places_are_found():
    run = StoredRun(RUN, "user-1", "t", "completed", True)
    assert broken_stories([run], with_tools(), 1) == []
    (found,) = broken_stories([run], with_tools(), 0)
    assert "1 tool calls are told as executing at the same time" in found


def test_every_run_is_examined():
    runs = [StoredRun(RUN, "user-1", "t", "completed", True), StoredRun("run-2", "user-1", "t", "completed", True)]
    assert len(broken_stories(runs, with_tools())) == 1


# -- logs ---------------------------------------------------------------------------------------------------------


def line(**fields) -> str:
    return json.dumps({"event": "something", **fields}) + "\n"


def test_logs_are_read_from_where_the_last_look_ended(tmp_path):
    log = tmp_path / "backend.log"
    log.write_text(line(n=1))
    logs = ServiceLogs(tmp_path)
    assert logs.new_lines() == []
    with log.open("a") as file:
        file.write(line(n=2))
        file.write('{"half a')
    (tmp_path / "worker-1.log").write_text(line(n=3))
    assert [(entry.service, entry.fields.get("n")) for entry in logs.new_lines()] == [("backend", 2), ("worker-1", 3)]
    with log.open("a") as file:
        file.write(' line": 4}\n')
    assert [entry.fields for entry in logs.new_lines()] == [{"half a line": 4, "log": "backend"}]


def test_a_log_that_was_begun_anew_is_read_from_its_start(tmp_path):
    log = tmp_path / "auth.log"
    log.write_text(line(n=1) * 3)
    logs = ServiceLogs(tmp_path)
    log.write_text(line(n=9))
    assert [entry.fields["n"] for entry in logs.new_lines()] == [9]


def test_a_marker_in_a_log_line_belongs_to_the_lines_tenant(tmp_path):
    logs = ServiceLogs(tmp_path)
    (tmp_path / "backend.log").write_text(
        line(tenant_id="tenant-a", title=ACME) + line(title=BOREALIS) + f"plain {ACME}\n" + line(tenant_id="tenant-b")
    )
    found = sightings(logs.new_lines(), ["tenant_id"], {})
    assert [(sighting.tenant_id, set(sighting.markers)) for sighting in found] == [
        ("tenant-a", {ACME}),
        (None, {BOREALIS}),
        (None, {ACME}),
    ]
    assert len(leaks(found, OWNERS)) == 2


def test_lines_of_a_trace_are_chosen(tmp_path):
    logs = ServiceLogs(tmp_path)
    mine, other = "a" * 32, "b" * 32
    (tmp_path / "backend.log").write_text(line(trace_id=mine, n=1) + line(trace_id=other, n=2) + line(n=3))
    assert [entry["n"] for entry in of_traces(logs.new_lines(), {mine})] == [1]


def test_complaints_of_no_trace_are_chosen_too(tmp_path):
    logs = ServiceLogs(tmp_path)
    other = "b" * 32
    text = line(level="info", n=1) + line(level="warning", n=2) + line(level="error", trace_id=other, n=3) + "plain\n"
    (tmp_path / "worker-1.log").write_text(text)
    assert [entry["n"] for entry in of_traces(logs.new_lines(), set())] == [2]


def test_lines_of_services_are_chosen_unless_they_are_older(tmp_path):
    logs = ServiceLogs(tmp_path)
    times = ("2026-11-26T06:31:01.9Z", "2026-11-26T06:31:02.1Z", "2026-11-26T06:31:03+00:00")
    (tmp_path / "aegra-1.log").write_text("".join(line(at=at) for at in times) + "Traceback\n")
    (tmp_path / "redis.log").write_text(line(at=times[-1]))
    since = datetime(2026, 11, 26, 6, 31, 2, 500_000, tzinfo=UTC)
    chosen = of_services(logs.new_lines(), ["aegra-*"], since)
    assert [entry.get("at", entry.get("event")) for entry in chosen] == [*times[1:], "Traceback"]


# -- evidence -----------------------------------------------------------------------------------------------------


def test_evidence_tells_what_was_seen(tmp_path):
    evidence = Evidence(SUBJECT)
    evidence.request(Outcome("GET", "/v1/runs", 503, text='{"code":"unavailable"}', trace_id="a" * 32, seconds=0.25))
    evidence.observed("an answer", {"answer": 42}, Verdict.PROVEN, "because")
    found = Finding("leak canary", AssertionError("found"))
    aftermath = Aftermath(evidence, [found], [BudgetUse("reconnect", 2.0, 0.5, "seconds")], [{"event": "x"}])
    assert aftermath.verdict is Verdict.VIOLATED
    path = tmp_path / "deep" / "evidence.json"
    write_evidence(path, evidence.report(aftermath))
    written = json.loads(path.read_text())
    assert written["budgets"] == [{"budget": "reconnect", "limit": 2.0, "used": 0.5, "unit": "seconds", "share": 0.25}]
    assert written["trace_ids"] == ["a" * 32]
    assert written["timeline"][0]["answer"] == '{"code":"unavailable"}'
    assert written["observations"][0]["observed"] == "{'answer': 42}"
    assert written["findings"] == ["leak canary: found"]
    assert datetime.fromisoformat(written["timeline"][0]["at"]).tzinfo == UTC


def test_no_secret_reaches_the_evidence(tmp_path):
    token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
    evidence = Evidence(SUBJECT)
    evidence.note("log in", password="pw-0123456789abcdef01234567", headers={"Authorization": f"Bearer {token}"})
    evidence.request(Outcome("POST", "/v1/token", 401, text=json.dumps({"access_token": "opaque-token-value"})))
    evidence.observed("an answer", {"refresh_token": "rt_opaque_value", "note": token}, Verdict.PROVEN)
    path = tmp_path / "evidence.json"
    logs = [{"event": f"connected to postgresql://apex:databasepassword@127.0.0.1/x with {token}"}]
    write_evidence(path, evidence.report(Aftermath(evidence, log_lines=logs)))
    text = path.read_text()
    json.loads(text)
    for secret in ("0123456789abcdef01234567", token, "opaque-token-value", "rt_opaque_value", "databasepassword"):
        assert secret not in text


def test_evidence_shows_who_sent_what_without_a_secret(tmp_path):
    evidence = Evidence(SUBJECT)
    sent = {"title": "x", "password": "hunter2hunter2", "text": "y" * 20_000}
    outcome = Outcome("POST", "/v1/threads", 200, who="Acme", query="limit=2", sent=sent)
    evidence.request(outcome)
    evidence.observed("a thread", outcome, Verdict.PROVEN)
    evidence.stream("Acme's connection", [f"frame {number}" for number in range(100)])
    path = tmp_path / "evidence.json"
    shown = write_evidence(path, evidence.report(Aftermath(evidence)))
    written = json.loads(path.read_text())
    assert written == json.loads(json.dumps(shown))
    (request,) = written["timeline"]
    assert (request["who"], request["path"]) == ("Acme", "/v1/threads?limit=2")
    assert request["sent"].startswith('{"title": "x", "password": "[secret]"')
    assert len(request["sent"]) < 1100
    assert written["observations"][0]["observed"].startswith("POST /v1/threads: 200 failed")
    (received,) = written["received"]
    assert (received["frames"], received["last"][-1], len(received["last"])) == (100, "frame 99", 40)


def test_long_observations_are_shortened():
    evidence = Evidence(SUBJECT)
    evidence.observed("x", "y" * 100_000, Verdict.PROVEN)
    assert len(evidence.observations[0]["observed"]) < 1100


@pytest.mark.parametrize(
    ("file", "scenario", "line_number", "path"),
    [
        ("features/agent_execution/hang.feature", "A tool hangs", 12, "agent_execution/hang/a-tool-hangs-12.json"),
        ("features/a/b.feature", "Äpfel & <Birnen> -- @1.2 ", 7, "a/b/pfel-birnen-1-2-7.json"),
        ("features/a/b.feature", "時間", 7, "a/b/scenario-7.json"),
        # Files of one name have evidence of their own, wherever they lie, and never outside of the reports.
        ("/x/features/a/b.feature", "S", 7, "x/features/a/b/s-7.json"),
        ("../elsewhere/b.feature", "S", 1, "elsewhere/b/s-1.json"),
        ("b.feature", "S", 1, "b/s-1.json"),
    ],
)
def test_evidence_has_its_place(file, scenario, line_number, path):
    assert evidence_path(replace(SUBJECT, file=file, scenario=scenario, line=line_number)) == path


def test_two_examples_of_one_outline_have_evidence_of_their_own():
    assert evidence_path(SUBJECT) != evidence_path(replace(SUBJECT, line=SUBJECT.line + 1))


def test_what_a_connection_was_shown_late_is_found_unless_it_had_happened_before() -> None:
    def shown(happened: str, received: float, connection: int = 1) -> Event:
        return Event("agent_thinking", "r1", timestamp=happened, received_wall=received, connection=connection)

    prompt = shown("1970-01-01T00:01:40Z", 100.2)
    late = shown("1970-01-01T00:01:40Z", 101.5)
    assert told_late([prompt], {1: 90.0}, 1.0) == []
    assert told_late([prompt, late], {1: 90.0}, 1.0) == ["run r1: agent_thinking came 1.500 s after it happened"]
    # It was missed, and sent when the second connection was opened.
    assert told_late([shown("1970-01-01T00:01:40Z", 130.0, 2)], {1: 90.0, 2: 129.9}, 1.0) == []
    assert told_late([Event("agent_thinking", "r1", received_wall=130.0, is_timed=False)], {}, 1.0) == []
