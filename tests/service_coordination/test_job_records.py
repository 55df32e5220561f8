"""The records of a job in every service: whatever does not agree is found and named."""

from dataclasses import replace

import pytest

from support.matchers.job_records import JobRecords, are_one_job_each
from support.platform.story import Event

TRACE, OTHER = "a" * 32, "b" * 32
OWNER = {"user_id": "user-1", "tenant_id": "tenant-1"}
CALL = {
    **OWNER,
    "id": "call-1",
    "run_id": "run-1",
    "tool_name": "read_prices",
    "status": "succeeded",
    "trace_id": TRACE,
}
RUN = {
    **OWNER,
    "id": "run-1",
    "agent_name": "cost_analysis",
    "status": "completed",
    "answered": True,
    "tool_calls": 1,
    "duration_seconds": 0.5,
    "finished_at": 1_000.5,
}
JOB = {**RUN, "run_id": "run-1", "trace_id": TRACE}
COMPLETED = Event("tool_completed", payload={"call_id": "call-1", "tool_name": "read_prices", "outcome": "succeeded"})
GOOD = JobRecords("run-1", TRACE, "user-1", "tenant-1", "cost_analysis", [RUN], 1, [CALL], [JOB], [COMPLETED])


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
        ({"received": []}, "the events name []"),
    ],
)
def test_records_that_differ_are_named(changes, named):
    faults = replace(GOOD, **changes).faults
    assert any(named in fault for fault in faults), faults
    assert not are_one_job_each().matches([replace(GOOD, **changes)])


def test_too_few_jobs_prove_nothing():
    assert not are_one_job_each(at_least=2).matches([GOOD])
