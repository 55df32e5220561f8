"""A run in the suite's own words, out of the reference platform's answer."""

import pytest

from support.platform.driver import Anyone
from support.platform.drivers.apex import ApexDriver
from support.platform.runs import RunError, RunStatus
from support.scenario.verdict import NotShown

BODY = {"id": "run-1", "status": "timed_out", "answer": None, "error": {"code": "timed_out", "message": "Too long."}}


@pytest.fixture
def platform(api) -> ApexDriver:
    return ApexDriver({"backend": api.url})


@pytest.mark.parametrize(("status", "is_end"), [("queued", False), ("running", False), ("failed", True)])
def test_a_run_has_ended_or_has_not(status, is_end):
    assert RunStatus(status).is_end is is_end


def test_a_failed_run_has_its_error(api, platform):
    api.answer = lambda asked: (200, {}, BODY | {"usage": None})
    run = platform.run(Anyone(), "run-1").require()
    assert (run.id, run.status, run.error_code) == ("run-1", RunStatus.TIMED_OUT, "timed_out")
    assert run.error == RunError("timed_out", "Too long.")
    assert (run.result, run.part("savings"), run.usage) == (None, None, {})


def test_a_completed_run_has_its_result_and_usage(api, platform):
    body = BODY | {"status": "completed", "answer": {"savings": "1.00"}, "error": None, "usage": {"tool_calls": 3}}
    api.answer = lambda asked: (200, {}, {"items": [body], "next_cursor": "there"})
    page = platform.runs(Anyone()).require()
    (run,) = page.items
    assert (run.part("savings"), run.usage["tool_calls"], run.error, run.raw) == ("1.00", 3, None, body)
    assert page.next == "there"


def test_a_state_that_nobody_knows_is_no_run(api, platform):
    api.answer = lambda asked: (200, {}, BODY | {"status": "paused"})
    with pytest.raises(AssertionError, match="the run run-1 has the status 'paused'"):
        platform.run(Anyone(), "run-1").require()


def test_an_answer_that_is_no_object_is_no_run(api, platform):
    api.answer = lambda asked: (200, {}, ["run-1"])
    with pytest.raises(AssertionError, match="no JSON object"):
        platform.run(Anyone(), "run-1").require()


def test_a_refused_run_is_none(api, platform):
    api.answer = lambda asked: (404, {}, {})
    with pytest.raises(NotShown, match="404"):
        platform.run(Anyone(), "run-1").require()
