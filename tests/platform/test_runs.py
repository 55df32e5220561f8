"""A run in the suite's own words, out of the reference platform's answer."""

import pytest

from support.platform.dialect import Meaning
from support.platform.driver import Endpoints
from support.platform.drivers.apex import ApexDriver
from support.platform.outcome import Outcome
from support.platform.runs import RunError, RunStatus
from support.scenario.verdict import NotShown

BODY = {"id": "run-1", "status": "timed_out", "answer": None, "error": {"code": "timed_out", "message": "Too long."}}


@pytest.fixture
def platform() -> ApexDriver:
    return ApexDriver(Endpoints("", "", "", ""))


def answered(body: object, status: int = 200) -> Outcome:
    import json

    return Outcome("GET", "/v1/runs/run-1", status, text=json.dumps(body), meaning=Meaning.DONE)


@pytest.mark.parametrize(("status", "is_end"), [("queued", False), ("running", False), ("failed", True)])
def test_a_run_has_ended_or_has_not(status, is_end):
    assert RunStatus(status).is_end is is_end


def test_a_failed_run_has_its_error(platform):
    run = platform.run_in(answered(BODY | {"usage": None}))
    assert (run.status, run.error, run.error_code) == (
        RunStatus.TIMED_OUT,
        RunError("timed_out", "Too long."),
        "timed_out",
    )
    assert (run.result, run.part("savings"), run.usage) == (None, None, {})


def test_a_completed_run_has_its_result_and_usage(platform):
    body = BODY | {"status": "completed", "answer": {"savings": "1.00"}, "error": None, "usage": {"tool_calls": 3}}
    (run,) = platform.runs_in(answered({"items": [body], "next_cursor": None}))
    assert (run.part("savings"), run.usage["tool_calls"], run.error, run.raw) == ("1.00", 3, None, body)


def test_a_state_that_nobody_knows_is_no_run(platform):
    with pytest.raises(AssertionError, match="the run run-1 has the status 'paused'"):
        platform.run_in(answered(BODY | {"status": "paused", "usage": None}))


def test_a_refused_run_is_none(platform):
    with pytest.raises(NotShown, match="404"):
        platform.run_in(Outcome("GET", "/v1/runs/run-1", 404, text="{}"))
