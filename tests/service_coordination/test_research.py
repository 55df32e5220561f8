"""The results of research jobs: a result of another job, and a request that was made twice, are found and named."""

from dataclasses import replace

import pytest
from hamcrest.core.string_description import StringDescription

from support.service_coordination.research import JobResult, have_their_own_results
from tests.service_coordination.partner_requests import OTHER_TRACE, TRACE, request

REQUESTS = [request("/a", 10.1), request("/b", 10.3)]
GOOD = JobResult("run-1", TRACE, [["/a", "/b"]], [["/a", "/b"]], REQUESTS)


def test_a_job_with_its_own_results_and_one_answer_to_each_request_has_no_fault():
    assert have_their_own_results().matches([GOOD])
    # A request whose caller had disconnected, and that was never answered, was not carried out.
    assert have_their_own_results().matches([replace(GOOD, requests=[request("/a", 9.0, answered=False), *REQUESTS])])


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"results": [["/a", "/a"]]}, "its results[0][1]: '/a', expected '/b'"),
        ({"results": None}, "its results: None, expected [['/a', '/b']]"),
        ({"requests": REQUESTS[:1]}, "/b was answered 0 times"),
        ({"requests": [*REQUESTS, REQUESTS[0]]}, "/a was answered 2 times"),
        ({"requests": [REQUESTS[0], request("/b", 10.3, key="key of /a")]}, "the key key of /a was answered 2 times"),
        ({"requests": [REQUESTS[0], replace(REQUESTS[1], idempotency_key=None)]}, "the key None was answered"),
        ({"requests": [REQUESTS[0], request("/b", 10.3, trace=OTHER_TRACE)]}, f"a request had the trace {OTHER_TRACE}"),
    ],
)
def test_what_is_wrong_with_a_job_is_named(changes, named):
    mismatch, jobs = StringDescription(), [replace(GOOD, **changes)]
    assert not have_their_own_results().matches(jobs)
    have_their_own_results().describe_mismatch(jobs, mismatch)
    assert f"job run-1: {named}" in str(mismatch)


@pytest.mark.parametrize(("jobs", "at_least"), [([], 1), ([GOOD], 2)])
def test_too_few_jobs_prove_nothing(jobs, at_least):
    assert not have_their_own_results(at_least).matches(jobs)
