"""How much runs used beside others, and which bounds that is not within."""

import pytest
from hamcrest import assert_that

from support.agent_execution.usage_metering import Comparison, Resource, are_settled, compared, is_between


def comparison(used, others, *, by_pairs=False):
    return Comparison("data read", tuple(used), tuple(others), by_pairs)


@pytest.mark.parametrize("used", [[1.6], [2.0], [2.5], [2.0, 9.0, 3.0]], ids=["low", "middle", "high", "disturbed"])
def test_use_within_the_bounds_is_accepted(used):
    assert_that(comparison(used, [7.0, 1.0, 1.0]), is_between(1.6, 2.5))


@pytest.mark.parametrize("used", [[1.59], [2.51, 9.0], [0.0]], ids=["too little", "too much", "nothing used"])
def test_use_outside_the_bounds_is_not(used):
    assert not is_between(1.6, 2.5).matches(comparison(used, [1.0, 1.0]))


def test_least_is_what_was_left_undisturbed():
    """The machine became slower by half after the first two; the last was disturbed."""
    others, used = [0.19, 0.20, 0.30, 0.31, 0.30], [0.38, 0.39, 0.60, 0.62, 0.99]
    assert_that(comparison(used, others), is_between(1.9, 2.1))


def test_what_is_counted_is_compared_pair_by_pair():
    assert_that(comparison([2.0, 4.0, 6.2], [1.0, 2.0, 3.0], by_pairs=True), is_between(1.9, 2.1))


@pytest.mark.parametrize("used", [[1.0, 1.0, 1.0], [2.0, 2.0, 1.0], [9.0, 2.0, 2.0], [0, 0, 0]])
def test_one_pair_outside_the_bounds_is_too_many(used):
    assert not is_between(1.6, 2.5).matches(comparison(used, [1.0, 1.0, 1.0], by_pairs=True))


@pytest.mark.parametrize(
    "nothing",
    [
        comparison([], [1.0]),
        comparison([1.0], []),
        comparison([], [], by_pairs=True),
        comparison([2.0], [1.0, 1.0], by_pairs=True),
        comparison([2.0], [0.0]),
    ],
    ids=["no runs", "no others", "neither", "no counterpart", "others used nothing"],
)
def test_nothing_to_compare_is_no_measure(nothing):
    assert not is_between(0.0, 9.9).matches(nothing)


def test_resource_is_read_where_runs_report_it():
    used, others = ({"cpu_seconds": n, "bytes_read": 0, "peak_state_bytes": 0} for n in (2.0, 1.0))
    assert compared(Resource.COMPUTING_TIME, [used], [others], by_pairs=False).pairs == [(2.0, 1.0)]


@pytest.mark.parametrize(
    ("times", "is_settled"),
    [([0.11, 0.2, 0.112], True), ([0.11, 0.11], True), ([0.135, 0.144, 0.18], False), ([0.2, 0.11, 0.2], False)],
)
def test_two_shortest_times_are_alike_once_nothing_disturbed_them(times, is_settled):
    assert are_settled(times) is is_settled
