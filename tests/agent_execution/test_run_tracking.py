"""Matchers over a run as the operator sees it, each with what it must not accept."""

import pytest
from hamcrest import assert_that

from support.agent_execution.run_tracking import accounts_for_its_duration, took_less_than, took_long_only_in
from support.platform.runs import RunStep, TrackedRun


def run(total, *durations):
    steps = [RunStep(f"s{number}", duration) for number, duration in enumerate(durations)]
    return TrackedRun("r1", "completed", seconds=total, steps=steps)


@pytest.mark.parametrize("tracked", [run(1.25, 0.25, 1.0), run(0.3, 0.1, 0.2)], ids=["exact", "binary fractions"])
def test_durations_that_add_up_are_accepted(tracked):
    assert_that(tracked, accounts_for_its_duration())


@pytest.mark.parametrize(
    "tracked",
    [
        run(1.25, 0.25, 1.01),
        run(1.25, 0.25),
        run(1.25),
        run(1.25, 1.25, None),
        run(None, 1.0),
        run(0, 0.0),
    ],
    ids=["too much", "too little", "no steps", "a step that has not ended", "no duration", "nothing took any time"],
)
def test_durations_that_do_not_add_up_are_not(tracked):
    assert not accounts_for_its_duration().matches(tracked)


def test_long_step_is_seen():
    assert_that(run(1.5, 0.4, 1.1), took_long_only_in("s1", 1.0))


@pytest.mark.parametrize(
    "tracked",
    [run(1.5, 1.1, 0.4), run(2.2, 1.1, 1.1), run(1.2, 0.6, 0.6), run(1.0), run(1.0, 0.5, None)],
    ids=["another", "two", "none", "no steps", "not ended"],
)
def test_long_step_elsewhere_is_not_accepted(tracked):
    assert not took_long_only_in("s1", 1.0).matches(tracked)


def test_shorter_run_is_accepted():
    assert_that(run(0.9), took_less_than(1.0))


@pytest.mark.parametrize("total", [1.0, 1.1, 0, None])
def test_run_that_took_longer_or_nothing_is_not(total):
    assert not took_less_than(1.0).matches(run(total))
