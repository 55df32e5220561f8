"""The table on the terminal."""

import pytest

from support.bench.measurement import Aim, Judged, Measurement, Side
from support.bench.series import Series
from support.bench.table import amount, table


def row(aim=None, unit="s", label="the suite"):
    return Measurement(
        "start", "start of the stack", unit, Side(label, Series((4.0, 5.0, 9.0))), Side("bare", Series((2.0,) * 3)), aim
    )


def lines(measurement):
    return table([measurement]).splitlines()


def test_both_sides_and_their_ratio_are_shown():
    _, _, title, suite, bare, ratio = lines(row())
    assert title == "start of the stack"
    assert suite.split() == ["the", "suite", "5.00", "s", "4.00", "s", "9.00", "s", "-"]
    assert bare.split() == ["bare", "2.00", "s", "2.00", "s", "2.00", "s", "-"]
    assert ratio.split() == ["suite", "/", "bare", "2.50", "2.00", "4.50"]


@pytest.mark.parametrize(
    ("aim", "told"),
    [
        (Aim(Judged.SUITE, 6.0), "  aim: suite at most 6.00 s: met with 5.00 s"),
        (Aim(Judged.SUITE, 4.5), "  aim: suite at most 4.50 s: missed with 5.00 s"),
        (Aim(Judged.RATIO, 0.8, at_most=False), "  aim: suite / bare at least 0.80: met with 2.50"),
        (Aim(Judged.DIFFERENCE, 2.0), "  aim: suite - bare at most 2.00 s: missed with 3.00 s"),
    ],
)
def test_aim_and_verdict_are_told(aim, told):
    assert lines(row(aim))[-1] == told


def test_long_label_is_cut_and_no_line_is_too_long():
    found = lines(row(label="x" * 200))
    assert found[3].startswith("  xxx")
    assert "…" in found[3]
    assert max(map(len, found)) <= 120


def test_no_measurement_is_a_table_all_the_same():
    assert table([]).split() == ["median", "lowest", "highest", "p95"]


@pytest.mark.parametrize(
    ("value", "told"),
    [(None, "-"), (0.123, "0.12 ms"), (99.5, "99.50 ms"), (123.45, "123.5 ms"), (51209.4, "51,209 ms")],
)
def test_amount_is_as_exact_as_it_deserves(value, told):
    assert amount(value, "ms") == told


def test_parts_are_shown_below_what_they_belong_to():
    part = Side("until the packages are imported", Series((1.0, 2.0, 3.0)))
    measured = Measurement(
        "start", "start", "s", Side("suite", Series((4.0, 5.0, 9.0))), Side("bare", Series((2.0,) * 3)), parts=(part,)
    )
    assert lines(measured)[-1].startswith("    until the packages are imported ")
    assert lines(measured)[-1].split()[-7:] == ["2.00", "s", "1.00", "s", "3.00", "s", "-"]
