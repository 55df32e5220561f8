"""The records oracle: each difference between what two services have stored of a run is named."""

import math
from dataclasses import replace
from typing import Any

import pytest

from support.oracles.records import (
    StoredJob,
    different_records,
    not_what_was_asked,
    read_backwards,
    read_otherwise,
    shown_untimely,
    told_otherwise,
)
from support.oracles.story import StoredRun
from support.platform.dialect import Meaning
from support.platform.outcome import Outcome
from support.platform.runs import Run, RunError, RunRequest, RunStatus
from support.platform.story import Event
from support.platform.values import Page

RUN = StoredRun(
    *("run-1", "user-1", "tenant-1", "completed", True, "cost", "trace-1"),
    seconds=1.5, finished_at=100.0, counted_calls=2, calls={"a": ("succeeded", 0.5), "b": ("failed", 1.0)},
    result={"answer": {"total": "9.13"}, "partial": False, "error": None}, replies=1, started_at=98.5,
)  # fmt: skip
JOB = StoredJob("run-1", "user-1", "tenant-1", "cost", "completed", "trace-1", 2, 1.5, 100.0)
EXACT = replace(RUN, finished_at=100.0001)
IN_THE_QUEUE = StoredRun("run-2", "user-1", "tenant-1", "cancelled", False, "cost", "trace-2", finished_at=90.0)
LOST = replace(RUN, status="failed", counted_calls=None, replies=0, calls={}, result={"error": {"code": "worker_lost"}})
LOST_JOB = replace(JOB, status="failed", tool_calls=0)
NEVER_BEGUN = StoredJob("run-2", "user-1", "tenant-1", "cost", "cancelled", "trace-2", 0, 0.0, 90.0)


def test_records_that_agree():
    assert different_records([RUN, IN_THE_QUEUE], [NEVER_BEGUN, JOB]) == []


def test_a_run_that_is_under_way_has_no_record_yet():
    assert different_records([replace(RUN, status="running")], []) == []


@pytest.mark.parametrize(
    ("run", "jobs", "fault"),
    [
        (RUN, [], "has 0 records"),
        (RUN, [JOB, JOB], "has 2 records"),
        (IN_THE_QUEUE, [JOB], "has 0 records"),
        (RUN, [replace(JOB, status="failed")], "status failed, the run completed"),
        (RUN, [replace(JOB, user_id="user-2")], "user_id user-2"),
        (RUN, [replace(JOB, tenant_id="tenant-2")], "tenant_id tenant-2"),
        (RUN, [replace(JOB, trace_id="other")], "trace_id other"),
        (RUN, [replace(JOB, tool_calls=3)], "counts 3 tool calls, made were 2"),
        (RUN, [replace(JOB, seconds=0.0)], "seconds 0.0, the run 1.5"),
        (RUN, [replace(JOB, finished_at=101.0)], "finished_at 101.0"),
        (
            replace(RUN, counted_calls=1),
            [replace(JOB, tool_calls=1)],
            "it counts 1 tool calls, the tools service has 2",
        ),
        (replace(RUN, counted_calls=None), [JOB], "it does not say what it used"),
        (replace(LOST, calls={"a": ("cancelled", 0.5)}), [LOST_JOB], "counts 0 tool calls, made were 1"),
        (replace(RUN, replies=0), [JOB], "its conversation has 0"),
        (replace(RUN, replies=2), [JOB], "its conversation has 2"),
        (replace(IN_THE_QUEUE, replies=1), [NEVER_BEGUN], "without an answer, its conversation has 1"),
        (replace(RUN, astray=1), [JOB], "1 of its tool calls are recorded as another tenant's"),
        (replace(RUN, accounted=1.4), [JOB], "its steps account for 1.400000 s, it took 1.500000 s"),
        (replace(RUN, accounted=1.6), [JOB], "its steps account for 1.600000 s"),
        (replace(RUN, replied_at=98.5), [JOB], "its answer is dated 1.500 s before its end"),
    ],
)
def test_a_difference_is_named(run, jobs, fault):
    (found,) = different_records([run], jobs)
    assert fault in found
    assert run.id in found


AT = "1970-01-01T00:01:40.000000Z"
END = Event("agent_completed", "run-1", timestamp=AT, payload={"answer": {"total": "9.13"}, "duration_seconds": 1.5})
CALL = Event(
    "tool_completed", "run-1", payload={"call_id": "b", "outcome": "failed", "duration_seconds": 1.0}, timestamp=AT
)
FAILED = replace(RUN, status="failed", result={"error": {"code": "tool_failed", "recoverable": True}})


def with_payload(event: Event, **changed) -> Event:
    return replace(event, payload={**event.payload, **changed})


@pytest.mark.parametrize(
    ("run", "event"),
    [
        (RUN, END),
        (RUN, CALL),
        (RUN, with_payload(END, answer=None, reference="/runs/run-1")),
        (RUN, with_payload(CALL, outcome="cancelled", duration_seconds=9.0)),
        (replace(RUN, status="running"), with_payload(END, answer={})),
        (FAILED, replace(END, type="agent_error", payload={"code": "tool_failed", "recoverable": True})),
    ],
)
def test_what_is_told_is_what_is_stored(run, event):
    assert told_otherwise([run], [event]) == []


@pytest.mark.parametrize(
    ("run", "event", "fault"),
    [
        (RUN, with_payload(END, answer={"total": "9.12"}), "tells the answer {'total': '9.12'}"),
        (RUN, with_payload(END, partial=True), "tells the partial True, stored is False"),
        (RUN, with_payload(END, duration_seconds=0.0), "tells the duration_seconds 0.0, stored is 1.5"),
        (RUN, replace(END, timestamp="1970-01-01T00:01:41.000000Z"), "happened at 1970-01-01T00:01:41"),
        (RUN, with_payload(CALL, duration_seconds=0.0), "the call b told that it took 0.0 s, stored is 1.0"),
        (RUN, with_payload(CALL, duration_seconds=None), "the call b told that it took None s"),
        (FAILED, replace(END, type="agent_error", payload={"code": "agent_failed"}), "tells the code agent_failed"),
    ],
)
def test_what_is_told_otherwise_is_named(run, event, fault):
    (found,) = told_otherwise([run], [event])
    assert fault in found


READ = Run(RunRequest("run-1", trace_id="trace-1"), RunStatus.COMPLETED, result={"total": "9.13"}, is_partial=False)


def test_what_is_read_is_what_is_stored():
    assert read_otherwise(READ, RUN) == []
    failed = replace(READ, status=RunStatus.FAILED, result=None, error=RunError("tool_failed", "It failed."))
    assert read_otherwise(failed, FAILED) == []


@pytest.mark.parametrize(
    ("read", "fault"),
    [
        (replace(READ, status=RunStatus.FAILED), "reads the status failed, stored is completed"),
        (replace(READ, result={"total": "9.12"}), "reads the result {'total': '9.12'}"),
        (replace(READ, is_partial=True), "reads the partial True"),
        (replace(READ, error=RunError("x", "y")), "reads the error x, stored is None"),
        (replace(READ, request=RunRequest("run-1", trace_id="trace-2")), "reads the trace_id trace-2"),
        (replace(READ, seconds=2.5), "reads that it took 2.5 s, stored is 1.5"),
    ],
)
def test_what_is_read_otherwise_is_named(read, fault):
    (found,) = read_otherwise(read, RUN)
    assert fault in found


ASKED: Any = {"run_id": "run-1", "thread_id": "thread-1", "asked_at": 1_000_000_000.5, "now": 1_000_000_060.0}


def read_of(created_at: str | None = None, *, id: str = "run-1", thread_id: str = "thread-1") -> Run:
    return Run(RunRequest(id, thread_id=thread_id, created_at=created_at), RunStatus.COMPLETED)


@pytest.mark.parametrize(
    "created_at",
    [None, "2001-09-09T01:46:40.600000Z", "2001-09-09T01:46:41", "2001-09-09T01:46:40Z", "2001-09-09T03:46:41+02:00"],
)
def test_a_run_that_is_read_as_it_was_asked_for(created_at):
    assert not_what_was_asked(read_of(created_at), **ASKED) == []


@pytest.mark.parametrize(
    ("read", "fault"),
    [
        (read_of(id="run-2"), "its owner reads the run run-2"),
        (read_of(thread_id="thread-2"), "in the conversation thread-2, it is in thread-1"),
        (read_of("2000-09-09T01:46:41Z"), "created at 2000-09-09T01:46:41Z"),
        (read_of("2001-09-09T01:48:00Z"), "created at 2001-09-09T01:48:00Z"),
        (read_of("today"), "created at today"),
    ],
)
def test_a_run_that_is_read_as_another_than_was_asked_for_is_named(read, fault):
    (found,) = not_what_was_asked(read, **ASKED)
    assert fault in found


def answer(status: str, at: float, *, is_page: bool = False) -> Outcome:
    """Somebody reads the run with that status, at a moment of the monotonic clock, which began at 50."""

    def read(body: Any) -> Any:
        run = replace(READ, status=RunStatus(body["status"]))
        return Page([run], None) if is_page else run

    text = f'{{"status": "{status}"}}'
    return Outcome("GET", "/runs/run-1", 200, text=text, meaning=Meaning.DONE, sent_at=at - 1, seconds=1.0, read=read)


@pytest.mark.parametrize(
    "answers",
    [
        [answer("running", 20.0), answer("completed", 50.0), answer("completed", 60.0, is_page=True)],
        [Outcome("GET", "/runs/run-1", 404, text='{"status": "failed"}')],
        [replace(answer("completed", 20.0), read=None)],
    ],
)
def test_a_run_that_is_shown_as_it_is_is_timely(answers):
    assert shown_untimely(answers, [RUN, IN_THE_QUEUE], 50.0, 0.5) == []


@pytest.mark.parametrize(
    ("read", "fault"),
    [
        (answer("completed", 49.5), "read as completed 0.500 s before its end"),
        (answer("completed", 49.5, is_page=True), "0.500 s before its end"),
        (answer("cancelled", 60.0), "ended completed, and was read as cancelled"),
        (answer("running", 51.6), "read as running 0.600 s after its end"),
        (answer("queued", 50.1), "read as queued 0.600 s after it had begun"),
    ],
)
def test_a_run_that_is_shown_in_another_state_is_found(read, fault):
    (found,) = shown_untimely([read], [EXACT, IN_THE_QUEUE], 50.0, 0.5)
    assert fault in found


@pytest.mark.parametrize(
    "answers",
    [
        [answer("queued", 10.0), answer("running", 20.0, is_page=True), answer("completed", 50.0)],
        [answer("running", 20.0), replace(answer("queued", 20.5), sent_at=18.0, seconds=2.5)],
        [answer("completed", 50.0), answer("completed", 60.0)],
    ],
    ids=["forward", "asked before", "twice the end"],
)
def test_a_run_that_only_moves_forward_is_read_as_it_must(answers):
    assert read_backwards(answers) == []


@pytest.mark.parametrize(("before", "after"), [("running", "queued"), ("completed", "running"), ("failed", "queued")])
def test_a_run_that_was_read_in_an_earlier_state_than_before_is_found(before, after):
    (found,) = read_backwards([answer(after, 30.0), answer("queued", 10.0), answer(before, 20.0, is_page=True)])
    assert f"read as {after} after it had been read as {before}" in found


def test_while_something_is_broken_a_state_may_be_shown_late():
    assert shown_untimely([answer("running", 90.0)], [RUN], 50.0, math.inf) == []


def test_a_large_answer_takes_its_time_to_be_written():
    large = replace(EXACT, result={**RUN.result, "answer": {"text": "." * 200_000}})
    assert shown_untimely([answer("running", 53.0)], [large], 50.0, 0.5) == []
    assert len(shown_untimely([answer("running", 54.0)], [large], 50.0, 0.5)) == 1
    assert len(shown_untimely([answer("running", 53.0)], [EXACT], 50.0, 0.5)) == 1


def test_an_end_that_is_known_to_the_second_may_have_been_up_to_a_second_later():
    assert shown_untimely([answer("running", 52.4)], [RUN], 50.0, 0.5) == []
    assert len(shown_untimely([answer("running", 52.6)], [RUN], 50.0, 0.5)) == 1
    assert len(shown_untimely([answer("running", 52.4)], [EXACT], 50.0, 0.5)) == 1
