"""How much runs used beside others, and which bounds that is not within."""

import pytest
from hamcrest import assert_that, close_to

from support.agent_execution.usage_metering import By, Comparison, Resource, compared, is_between, is_known


def comparison(used, others, by=By.LEAST):
    return Comparison("data read", tuple(used), tuple(others), by)


@pytest.mark.parametrize("used", [[1.6], [2.0], [2.5], [2.0, 9.0, 3.0]], ids=["low", "middle", "high", "disturbed"])
def test_use_within_the_bounds_is_accepted(used):
    assert_that(comparison(used, [7.0, 1.0, 1.0]), is_between(1.6, 2.5))


@pytest.mark.parametrize("used", [[1.59], [2.51, 9.0], [0.0]], ids=["too little", "too much", "nothing used"])
def test_use_outside_the_bounds_is_not(used):
    assert not is_between(1.6, 2.5).matches(comparison(used, [1.0, 1.0]))


def test_what_is_counted_is_compared_pair_by_pair():
    assert_that(comparison([2.0, 4.0, 6.2], [1.0, 2.0, 3.0], By.EACH_PAIR), is_between(1.9, 2.1))


@pytest.mark.parametrize("used", [[1.0, 1.0, 1.0], [2.0, 2.0, 1.0], [9.0, 2.0, 2.0], [0, 0, 0]])
def test_one_pair_outside_the_bounds_is_too_many(used):
    assert not is_between(1.6, 2.5).matches(comparison(used, [1.0, 1.0, 1.0], By.EACH_PAIR))


def test_what_is_timed_is_compared_by_the_mean_of_its_pairs():
    """The processor's speed has changed in between, and one run was disturbed."""
    [ratio] = comparison([0.40, 0.60, 0.80, 0.40], [0.20, 0.30, 0.20, 0.40], By.MEAN_OF_PAIRS).ratios
    assert_that(ratio, close_to(2.0, 1e-9))


@pytest.mark.parametrize("used", [[1.5, 1.6, 1.6], [2.0, 0.0, 2.0], [1.0, 1.0, 4.0]])
def test_mean_of_pairs_outside_the_bounds_is_not_accepted(used):
    assert not is_between(1.6, 2.5).matches(comparison(used, [1.0, 1.0, 1.0], By.MEAN_OF_PAIRS))


@pytest.mark.parametrize(
    "nothing",
    [
        comparison([], [1.0]),
        comparison([1.0], []),
        comparison([], [], By.EACH_PAIR),
        comparison([], [], By.MEAN_OF_PAIRS),
        comparison([2.0], [1.0, 1.0], By.EACH_PAIR),
        comparison([2.0, 2.0], [1.0], By.MEAN_OF_PAIRS),
        comparison([2.0], [0.0]),
        comparison([2.0], [0.0], By.MEAN_OF_PAIRS),
    ],
    ids=lambda compared: f"{compared.by.name} {len(compared.used)} {len(compared.others)}",
)
def test_nothing_to_compare_is_no_measure(nothing):
    assert not is_between(0.0, 9.9).matches(nothing)


def test_resource_is_read_where_runs_report_it():
    used, others = ({"cpu_seconds": n, "bytes_read": 0, "peak_state_bytes": 0} for n in (2.0, 1.0))
    assert compared(Resource.COMPUTING_TIME, [used], [others], By.LEAST).ratios == [2.0]


def test_resource_that_is_not_reported_is_outside_all_bounds():
    assert not is_between(0.0, 9.9).matches(compared(Resource.COMPUTING_TIME, [{}], [{}], By.MEAN_OF_PAIRS))


@pytest.mark.parametrize(
    ("used", "others", "known"),
    [
        ([0.40, 0.60, 0.41], [0.20, 0.30, 0.20], True),  # the speed changes for both
        ([0.40, 0.40, 0.60], [0.20, 0.20, 0.20], False),  # one was disturbed
        ([0.40, 0.40, 0.60] + [0.40, 0.41] * 10, [0.20] * 23, True),  # and hardly weighs any more
        ([0.40, 0.0, 0.40], [0.20, 0.20, 0.20], True),  # nothing is measured: more rounds are in vain
    ],
)
def test_ratio_is_known_once_more_pairs_would_hardly_change_it(used, others, known):
    assert is_known(used, others) is known
