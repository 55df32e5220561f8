"""Is a second cancellation accepted like the first?"""

import json

import pytest
from hamcrest import assert_that

from support.agent_execution.cancellation import is_accepted_like
from support.platform.dialect import Meaning
from support.platform.outcome import Outcome
from support.platform.runs import Run, RunRequest, RunStatus
from support.platform.values import read
from support.scenario.verdict import NotShown

RUN = {"id": "r1", "agent_name": "probe", "status": "running", "finished_at": None}
CONFLICT = Outcome("POST", "/v1/runs/r1/cancel", 409, {}, "{}", meaning=Meaning.CONFLICT)


def read_run(body):
    return Run(read(RunRequest, body), RunStatus(body["status"]))


def accepted(run, status=202):
    return Outcome("POST", "/v1/runs/r1/cancel", status, {}, json.dumps(run), meaning=Meaning.DONE, read=read_run)


@pytest.mark.parametrize(
    "second",
    [RUN, {**RUN, "status": "cancelled", "finished_at": "now"}, {**RUN, "answer": None}],
    ids=["the same", "cancelled meanwhile", "one more field"],
)
def test_same_run_is_accepted(second):
    assert_that(accepted(second), is_accepted_like(accepted(RUN)))


@pytest.mark.parametrize(
    "second",
    [
        CONFLICT,
        accepted(RUN, status=200),
        accepted(None),
        accepted({**RUN, "id": "r2"}),
        accepted({**RUN, "status": "failed"}),
        accepted({key: RUN[key] for key in RUN if key != "agent_name"}),
    ],
    ids=["refused", "another status code", "no body", "another run", "another state", "a field is missing"],
)
def test_anything_else_is_not(second):
    assert not is_accepted_like(accepted(RUN)).matches(second)


def test_refused_first_cancellation_shows_nothing():
    with pytest.raises(NotShown, match="409"):
        is_accepted_like(CONFLICT)
