"""Matchers over what a run says of itself: where its time went, what it used."""

import math
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from hamcrest.core.base_matcher import BaseMatcher
from hamcrest.core.description import Description

# Durations are told in microseconds; each may be rounded.
_ROUNDING = 0.000_01

Account = Mapping[str, Any]


class _AccountsForItsDuration(BaseMatcher[Account]):
    def _matches(self, item: Account) -> bool:
        total, steps = item.get("duration_seconds"), item.get("steps") or []
        if not total or not steps or any(step["duration_seconds"] is None for step in steps):
            return False
        told = sum(step["duration_seconds"] for step in steps)
        return bool(abs(told - total) <= _ROUNDING * (len(steps) + 1))

    def describe_to(self, description: Description) -> None:
        description.append_text("steps whose durations add up to the run's")

    def describe_mismatch(self, item: Account, mismatch_description: Description) -> None:
        steps = [(step["name"], step["duration_seconds"]) for step in item.get("steps") or []]
        told = sum(seconds or 0 for _, seconds in steps)
        mismatch_description.append_text(
            f"the run took {item.get('duration_seconds')} s, its steps {told:.6f} s: {steps}"
        )


class _UsesTimesAsMuch(BaseMatcher[Sequence[Account]]):
    def __init__(self, others: Sequence[Account], resources: Sequence[str], low: float, high: float) -> None:
        self.others, self.resources, self.low, self.high = others, resources, low, high

    def _ratios(self, item: Sequence[Account]) -> dict[str, list[float]]:
        pairs = list(zip(item, self.others, strict=True))
        return {
            name: [mine[name] / other[name] if other[name] else math.nan for mine, other in pairs]
            for name in self.resources
        }

    def _matches(self, item: Sequence[Account]) -> bool:
        return all(self.low <= median(ratios) <= self.high for ratios in self._ratios(item).values())

    def describe_to(self, description: Description) -> None:
        description.append_text(f"{self.low} to {self.high} times as much of {', '.join(self.resources)}")

    def describe_mismatch(self, item: Sequence[Account], mismatch_description: Description) -> None:
        told = (
            f"{name} {median(ratios):.2f} (pair by pair {', '.join(f'{ratio:.2f}' for ratio in ratios)})"
            for name, ratios in self._ratios(item).items()
        )
        mismatch_description.append_text(f"it was {'; '.join(told)}")


def accounts_for_its_duration() -> BaseMatcher[Account]:
    """A run whose steps have all ended, and whose durations add up to its own."""
    return _AccountsForItsDuration()


def uses_times_as_much_as(
    others: Sequence[Account], resources: Sequence[str], low: float, high: float
) -> BaseMatcher[Sequence[Account]]:
    """Usages that are between ``low`` and ``high`` times the others, in each resource, in the median of the pairs.

    A processor that is shared works now quicker, now slower: only what ran at about the same time compares.
    """
    return _UsesTimesAsMuch(others, resources, low, high)
