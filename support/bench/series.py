"""What was measured on one side: figures in the order in which they were taken."""

import math
import statistics
from dataclasses import dataclass

# Of fewer figures the highest is as good an answer, and it stands beside it.
ENOUGH_FOR_PERCENTILES = 20


@dataclass(frozen=True, slots=True)
class Series:
    """Figures of one side, in the unit of their measurement; ValueError without any."""

    values: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError("nothing was measured")
        if not all(math.isfinite(value) for value in self.values):
            raise ValueError(f"not all of these are figures: {self.values}")

    @property
    def median(self) -> float:
        """The middle one, or the mean of the two in the middle."""
        return statistics.median(self.values)

    @property
    def lowest(self) -> float:
        """The lowest."""
        return min(self.values)

    @property
    def highest(self) -> float:
        """The highest."""
        return max(self.values)

    @property
    def p95(self) -> float | None:
        """What 95 in 100 do not exceed (nearest rank); None where there are too few."""
        if len(self.values) < ENOUGH_FOR_PERCENTILES:
            return None
        return sorted(self.values)[math.ceil(0.95 * len(self.values)) - 1]

    def to_json(self) -> dict[str, object]:
        """All figures, and what is shown of them."""
        return {
            "median": self.median,
            "lowest": self.lowest,
            "highest": self.highest,
            "p95": self.p95,
            "values": list(self.values),
        }
