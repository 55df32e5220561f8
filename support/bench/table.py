"""The measurements as a table for the terminal."""

from collections.abc import Sequence

from support.bench.measurement import Aim, Judged, Measurement, Side

HEADINGS = ("", "median", "lowest", "highest", "p95")
_LABEL, _CELL = 62, 14


def table(measurements: Sequence[Measurement]) -> str:
    """For each measurement its title, both sides, how they compare, and the parts of the suite's side."""
    blocks = [_row(HEADINGS), *(_block(measurement) for measurement in measurements)]
    return "\n\n".join(blocks)


def _block(measurement: Measurement) -> str:
    unit = measurement.unit
    lines = [measurement.title, _side(measurement.suite, unit), _side(measurement.bare, unit)]
    ratio = measurement.ratio
    cells = (f"{value:.2f}" for value in (ratio.median, ratio.lowest, ratio.highest))
    lines.append(_row(("  suite / bare", *cells)))
    if measurement.aim is not None and measurement.figure is not None:
        verdict = "met" if measurement.is_met else "missed"
        figure = in_words(measurement.figure, measurement.aim, unit)
        lines.append(f"  aim: {aim_in_words(measurement.aim, unit)}: {verdict} with {figure}")
    lines += [_side(part, unit, indent=4) for part in measurement.parts]
    return "\n".join([*lines, *(f"  {note}" for note in measurement.notes)])


def _side(side: Side, unit: str, indent: int = 2) -> str:
    series = side.series
    return _row(
        (
            f"{' ' * indent}{side.label}",
            *(amount(value, unit) for value in (series.median, series.lowest, series.highest, series.p95)),
        )
    )


def _row(cells: Sequence[str]) -> str:
    first, *others = cells
    cut = first if len(first) <= _LABEL else f"{first[: _LABEL - 1]}…"
    return (cut.ljust(_LABEL) + "".join(cell.rjust(_CELL) for cell in others)).rstrip()


def aim_in_words(aim: Aim, unit: str) -> str:
    """An aim, as "suite at most 6 s"."""
    return f"{aim.judged.value} {'at most' if aim.at_most else 'at least'} {in_words(aim.bound, aim, unit)}"


def in_words(value: float, aim: Aim, unit: str) -> str:
    """A figure that an aim is about: an amount, or the bare number of a ratio."""
    return f"{value:.2f}" if aim.judged is Judged.RATIO else amount(value, unit)


def amount(value: float | None, unit: str) -> str:
    """A figure with its unit, as exact as it deserves; "-" for None."""
    if value is None:
        return "-"
    digits = 0 if abs(value) >= 1000 else 1 if abs(value) >= 100 else 2
    return f"{value:,.{digits}f} {unit}"
