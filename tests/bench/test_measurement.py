"""Figures, their comparison and the judgement of aims."""

import math

import pytest

from support.bench.measurement import Aim, Judged, Measurement, Side
from support.bench.series import Series


def measurement(suite, bare, aim=None):
    return Measurement("start", "start", "s", Side("suite", Series(suite)), Side("bare", Series(bare)), aim)


@pytest.mark.parametrize(
    ("values", "median", "lowest", "highest"),
    [((3.0,), 3.0, 3.0, 3.0), ((5.0, 1.0, 2.0), 2.0, 1.0, 5.0), ((1.0, 2.0, 4.0, 9.0), 3.0, 1.0, 9.0)],
)
def test_middle_and_ends(values, median, lowest, highest):
    series = Series(values)
    assert (series.median, series.lowest, series.highest) == (median, lowest, highest)


@pytest.mark.parametrize(("count", "p95"), [(19, None), (20, 19.0), (100, 95.0)])
def test_p95_is_the_nearest_rank_and_needs_enough_figures(count, p95):
    assert Series(tuple(float(number) for number in range(count, 0, -1))).p95 == p95


@pytest.mark.parametrize("values", [(), (1.0, math.nan), (math.inf,)])
def test_what_is_no_measurement_is_refused(values):
    with pytest.raises(ValueError, match=r"nothing was measured|not all of these are figures"):
        Series(values)


def test_rounds_are_compared_one_by_one():
    # Both sides bore the load of the second round, which the medians of the sides alone would not show.
    compared = measurement((1.0, 30.0, 1.0), (2.0, 10.0, 2.0))
    assert compared.ratio.values == (0.5, 3.0, 0.5)
    assert compared.difference.values == (-1.0, 20.0, -1.0)


@pytest.mark.parametrize(("suite", "bare"), [((1.0, 2.0), (1.0,)), ((1.0,), (0.0,))])
def test_sides_that_cannot_be_compared_are_refused(suite, bare):
    with pytest.raises(ValueError, match="start"):
        measurement(suite, bare)


@pytest.mark.parametrize(
    ("aim", "figure", "met"),
    [
        (None, None, None),
        (Aim(Judged.SUITE, 4.0), 4.0, True),
        (Aim(Judged.SUITE, 3.9), 4.0, False),
        (Aim(Judged.DIFFERENCE, 2.0), 2.0, True),
        (Aim(Judged.DIFFERENCE, 1.9), 2.0, False),
        (Aim(Judged.RATIO, 2.0, at_most=False), 2.0, True),
        (Aim(Judged.RATIO, 2.1, at_most=False), 2.0, False),
    ],
)
def test_aim_is_judged_by_its_figure(aim, figure, met):
    judged = measurement((4.0,), (2.0,), aim)
    assert (judged.figure, judged.is_met) == (figure, met)
    written = judged.to_json()["aim"]
    assert written is None if aim is None else (written["is"], written["met"]) == (figure, met)
