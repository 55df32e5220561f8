"""One benchmark's outcome: the suite's figures, those of the bare reference, and whether the aim is met."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from support.bench.series import Series


class BenchmarkFailed(Exception):
    """A benchmark could not be measured; the text says why, with the last lines of whatever said so."""


class Judged(Enum):
    """Which figure an aim is about; of differences and ratios the median over the rounds."""

    SUITE = "suite"
    DIFFERENCE = "suite - bare"
    RATIO = "suite / bare"


@dataclass(frozen=True, slots=True)
class Aim:
    """What a figure should be: at most `bound`, or at least."""

    judged: Judged
    bound: float
    at_most: bool = True

    def is_met_by(self, figure: float) -> bool:
        """Whether a figure is as it should be."""
        return figure <= self.bound if self.at_most else figure >= self.bound


@dataclass(frozen=True, slots=True)
class Side:
    """What was measured, in words, and its figures."""

    label: str
    series: Series


@dataclass(frozen=True, slots=True)
class Measurement:
    """A suite's side and a bare side, measured in turn; figure n of both belongs to round n.

    `unit`: s, ms or messages/s. `parts`: what the suite's side is made of, in the same unit and rounds. ValueError
    when a side has more rounds than the other, or the bare side a zero.
    """

    name: str
    title: str
    unit: str
    suite: Side
    bare: Side
    aim: Aim | None = None
    notes: tuple[str, ...] = ()
    """What follows from the figures, a line each."""
    parts: tuple[Side, ...] = ()

    def __post_init__(self) -> None:
        rounds = len(self.suite.series.values), len(self.bare.series.values)
        if rounds[0] != rounds[1]:
            raise ValueError(f"{self.title}: {rounds[0]} rounds of the suite, {rounds[1]} of the reference")
        if not all(self.bare.series.values):
            raise ValueError(f"{self.title}: the reference took no time at all")

    @property
    def ratio(self) -> Series:
        """Suite / bare of each round, so that a load that both sides bore falls out."""
        return Series(tuple(suite / bare for suite, bare in self._rounds()))

    @property
    def difference(self) -> Series:
        """Suite - bare of each round."""
        return Series(tuple(suite - bare for suite, bare in self._rounds()))

    @property
    def figure(self) -> float | None:
        """The figure that the aim is about; None without an aim."""
        if self.aim is None:
            return None
        judged = {Judged.SUITE: self.suite.series, Judged.DIFFERENCE: self.difference, Judged.RATIO: self.ratio}
        return judged[self.aim.judged].median

    @property
    def is_met(self) -> bool | None:
        """Whether the aim is met; None without an aim."""
        return None if self.aim is None or self.figure is None else self.aim.is_met_by(self.figure)

    def _rounds(self) -> Iterable[tuple[float, float]]:
        return zip(self.suite.series.values, self.bare.series.values, strict=True)

    def to_json(self) -> dict[str, object]:
        """Everything that is known."""
        return {
            "name": self.name,
            "title": self.title,
            "unit": self.unit,
            "suite": {"what": self.suite.label, **self.suite.series.to_json()},
            "bare": {"what": self.bare.label, **self.bare.series.to_json()},
            "parts": [{"what": part.label, **part.series.to_json()} for part in self.parts],
            "ratio": self.ratio.to_json(),
            "notes": list(self.notes),
            "aim": None
            if self.aim is None
            else {
                "figure": self.aim.judged.value,
                "at_most" if self.aim.at_most else "at_least": self.aim.bound,
                "is": self.figure,
                "met": self.is_met,
            },
        }
