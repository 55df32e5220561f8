"""Matchers over what a run says of itself: where its time went, what it used."""

import math
from collections.abc import Mapping, Sequence
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
    compared_with = "the least"

    def __init__(self, others: Sequence[Account], resources: Sequence[str], low: float, high: float) -> None:
        self.others, self.resources, self.low, self.high = others, resources, low, high

    def _ratios(self, item: Sequence[Account], name: str) -> list[float]:
        return [_times(*(min(account[name] for account in accounts) for accounts in (item, self.others)))]

    def _matches(self, item: Sequence[Account]) -> bool:
        return all(self.low <= ratio <= self.high for name in self.resources for ratio in self._ratios(item, name))

    def describe_to(self, description: Description) -> None:
        resources = ", ".join(self.resources)
        others = [[other[name] for name in self.resources] for other in self.others]
        description.append_text(
            f"{self.low} to {self.high} times as much of {resources} as {self.compared_with} of {others}"
        )

    def describe_mismatch(self, item: Sequence[Account], mismatch_description: Description) -> None:
        told = (
            f"{name} {', '.join(f'{ratio:.2f}' for ratio in self._ratios(item, name))} times"
            f" ({[account[name] for account in item]} to {[account[name] for account in self.others]})"
            for name in self.resources
        )
        mismatch_description.append_text(f"it was {'; '.join(told)}")


class _EachUsesTimesAsMuch(_UsesTimesAsMuch):
    compared_with = "each"

    def _ratios(self, item: Sequence[Account], name: str) -> list[float]:
        if not item:
            raise ValueError("there is nothing to compare")
        return [_times(mine[name], other[name]) for mine, other in zip(item, self.others, strict=True)]


def _times(mine: float, other: float) -> float:
    return mine / other if other else math.nan


def accounts_for_its_duration() -> BaseMatcher[Account]:
    """A run whose steps have all ended, and whose durations add up to its own."""
    return _AccountsForItsDuration()


def uses_times_as_much_as(
    others: Sequence[Account], resources: Sequence[str], low: float, high: float
) -> BaseMatcher[Sequence[Account]]:
    """Usages whose least is between ``low`` and ``high`` times the least of the others, in each resource.

    A processor that is shared makes the same work take longer, never shorter: the least is nearest to the work.
    """
    return _UsesTimesAsMuch(others, resources, low, high)


def each_uses_times_as_much_as(
    others: Sequence[Account], resources: Sequence[str], low: float, high: float
) -> BaseMatcher[Sequence[Account]]:
    """Usages each of which is between ``low`` and ``high`` times its counterpart of the others, in each resource.

    For what is counted, and the same however fast the machine is.
    """
    return _EachUsesTimesAsMuch(others, resources, low, high)
