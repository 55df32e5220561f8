"""Do the metrics of a pool say what there is?"""

import pytest

from support.database_management.pool_metrics import Look, Waits, are_all_counted, match_the_database
from support.platform.drivers.apex import ApexDriver

FULL = {"size": 10, "in use": 10, "waiting": 3, "overflow": 0}


def test_the_same_figures_match():
    assert match_the_database().matches(Look(FULL, FULL))


@pytest.mark.parametrize("wrong", [{"size": 9}, {"in use": 0}, {"waiting": None}, {"overflow": -1}])
def test_another_figure_does_not(wrong):
    assert not match_the_database().matches(Look({**FULL, **wrong}, FULL))


def test_counted_waits():
    assert are_all_counted(0.3).matches(Waits(2, 0.7, [0.5, 0.6]))


@pytest.mark.parametrize(
    "waits",
    [
        Waits(0, 0.0, []),
        Waits(1, 0.7, [0.5, 0.6]),
        Waits(3, 0.7, [0.5, 0.6]),
        Waits(2, 0.5, [0.5, 0.6]),
        Waits(2, 700.0, [0.5, 0.6]),
    ],
    ids=["nobody waited", "one is missing", "one too many", "too short", "in milliseconds"],
)
def test_waits_that_are_counted_wrongly(waits):
    assert not are_all_counted(0.3).matches(waits)


METRICS = """
# TYPE apex_database_pool_size gauge
apex_database_pool_size 10.0
apex_database_pool_in_use 3.0
apex_database_pool_waiting 0.0
apex_database_pool_wait_seconds_bucket{le="0.1"} 5.0
apex_database_pool_wait_seconds_bucket{le="+Inf"} 7.0
apex_database_pool_wait_seconds_count 7.0
apex_database_pool_wait_seconds_sum 1.5
"""


def test_figures_are_read_and_what_is_not_said_is_none():
    figures = ApexDriver.pool_figures(METRICS)
    assert (figures.size, figures.in_use, figures.waiting, figures.overflow) == (10, 3, 0, None)
    assert figures.waits == {0.1: 5, float("inf"): 7}
    assert figures.waited == 1.5
