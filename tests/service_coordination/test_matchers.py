"""The checks on what several services did together: each fault that they are for is found, and named."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from support.matchers.job_records import Ledger, are_one_job_each
from support.platform.story import Event
from support.scenario.partner import PartnerCall
from support.service_coordination.event_order_matchers import are_told_between_cause_and_effect, causal_faults
from support.service_coordination.research_matchers import Served, are_each_served_once

TRACE, OTHER = "a" * 32, "b" * 32
CALL = {
    "id": "call-1",
    "run_id": "run-1",
    "user_id": "user-1",
    "tenant_id": "tenant-1",
    "tool_name": "read_prices",
    "status": "succeeded",
    "trace_id": TRACE,
}
RUN = {
    "id": "run-1",
    "user_id": "user-1",
    "tenant_id": "tenant-1",
    "agent_name": "cost_analysis",
    "status": "completed",
    "answered": True,
    "tool_calls": 1,
    "duration_seconds": 0.5,
    "finished_at": 1_000.5,
}
JOB = {**RUN, "run_id": "run-1", "trace_id": TRACE}
TOLD = Event("tool_completed", payload={"call_id": "call-1", "tool_name": "read_prices", "outcome": "succeeded"})
GOOD = Ledger("run-1", TRACE, "user-1", "tenant-1", "cost_analysis", [RUN], 1, [CALL], [JOB], [TOLD])


def test_records_that_agree_are_one_job():
    assert are_one_job_each().matches([GOOD])


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"runs": []}, "the backend has it 0 times"),
        ({"runs": [RUN, RUN]}, "the backend has it 2 times"),
        ({"runs": [{**RUN, "user_id": "user-2"}]}, "the backend's record has user_id user-2"),
        ({"replies": 0}, "the conversation has 0 answers"),
        ({"calls": []}, "the tools service has the calls []"),
        ({"calls": [CALL, {**CALL, "id": "call-2"}]}, "the run counts 1 tool calls, the tools service 2"),
        ({"calls": [{**CALL, "status": "failed"}]}, "the tools service has the calls"),
        ({"calls": [{**CALL, "trace_id": OTHER}]}, f"the call of read_prices has trace_id {OTHER}"),
        ({"calls": [{**CALL, "run_id": "run-2"}]}, "the call of read_prices has run_id run-2"),
        ({"jobs": []}, "the analytics service has it 0 times"),
        ({"jobs": [JOB, JOB]}, "the analytics service has it 2 times"),
        ({"jobs": [{**JOB, "status": "failed"}]}, "the analytics record has status failed"),
        ({"jobs": [{**JOB, "tool_calls": 2}]}, "the analytics record has tool_calls 2"),
        ({"jobs": [{**JOB, "duration_seconds": 0.6}]}, "the analytics record has duration_seconds 0.6"),
        ({"told": []}, "told were []"),
    ],
)
def test_records_that_differ_are_named(changes, named):
    faults = replace(GOOD, **changes).faults
    assert any(named in fault for fault in faults), faults
    assert not are_one_job_each().matches([replace(GOOD, **changes)])


def test_too_few_jobs_prove_nothing():
    assert not are_one_job_each(at_least=2).matches([GOOD])


def asked(path: str, at: float, trace: str = TRACE, key: str | None = None, answered: bool = True) -> PartnerCall:
    return PartnerCall(1, path, trace, key or f"key of {path}", at, at + 0.01 if answered else None, None)


def event(kind: str, at: float, **payload: Any) -> Event:
    moment = datetime.fromtimestamp(at, UTC).isoformat()
    return Event(kind, run_id="run-1", timestamp=moment, payload={"call_id": "call-1", **payload})


STORY = [
    event("tool_executing", 10.0, parameters={"paths": ["/a", "/b"]}),
    event("tool_progress", 10.2, done=1, total=2),
    event("tool_progress", 10.4, done=2, total=2),
    event("tool_completed", 10.5),
]
JOURNAL = [asked("/a", 10.1), asked("/b", 10.3)]


def test_reports_between_their_causes_and_effects_are_in_order():
    assert are_told_between_cause_and_effect(JOURNAL).matches(STORY)


@pytest.mark.parametrize(
    ("story", "journal", "named"),
    [
        ([], JOURNAL, "no tool call"),
        ([STORY[0], *STORY[2:]], JOURNAL, "of the call were told"),
        ([*STORY[:3][::-1], STORY[3]], JOURNAL, "of the call were told"),
        ([STORY[0], event("tool_progress", 10.05, done=1, total=2), *STORY[2:]], JOURNAL, "before its cause"),
        ([STORY[0], event("tool_progress", 10.35, done=1, total=2), *STORY[2:]], JOURNAL, "asked for /b is told"),
        ([STORY[0], STORY[2], STORY[1], STORY[3]], JOURNAL, "the reports count"),
        (STORY, JOURNAL[:1], "the partner was asked {'/b': 0}"),
        (STORY, [asked("/a", 10.1, answered=False), JOURNAL[1]], "before its cause, answered /a"),
        ([*STORY, event("tool_progress", 10.6, call_id="call-2")], JOURNAL, "unknown call call-2"),
    ],
)
def test_what_is_told_out_of_its_place_is_named(story, journal, named):
    faults = causal_faults(story, journal)
    assert any(named in fault for fault in faults), faults
    assert not are_told_between_cause_and_effect(journal).matches(story)


SERVED = Served("run-1", TRACE, [["/a", "/b"]], [["/a", "/b"]], JOURNAL)


def test_a_job_that_was_given_everything_once_is_served():
    assert are_each_served_once().matches([SERVED])
    # A request that nobody waited for any more, and that was never answered, was not carried out.
    again = [asked("/a", 9.0, answered=False), *JOURNAL]
    assert are_each_served_once().matches([replace(SERVED, requests=again)])


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"given": [["/a", "/a"]]}, "it was given"),
        ({"given": None}, "it was given None"),
        ({"requests": JOURNAL[:1]}, "/b was answered 0 times"),
        ({"requests": [*JOURNAL, JOURNAL[0]]}, "/a was answered 2 times"),
        ({"requests": [JOURNAL[0], asked("/b", 10.3, key="key of /a")]}, "the key key of /a was answered 2 times"),
        ({"requests": [JOURNAL[0], replace(JOURNAL[1], idempotency_key=None)]}, "the key None was answered"),
        ({"requests": [JOURNAL[0], asked("/b", 10.3, trace=OTHER)]}, "which is another's"),
    ],
)
def test_a_job_that_was_served_wrongly_is_named(changes, named):
    faults = replace(SERVED, **changes).faults
    assert any(named in fault for fault in faults), faults
    assert not are_each_served_once().matches([replace(SERVED, **changes)])


def test_too_few_served_jobs_prove_nothing():
    assert not are_each_served_once(at_least=2).matches([SERVED])
