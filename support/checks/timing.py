"""Matcher over measured times."""

import math
from collections.abc import Sequence

from hamcrest.core.base_matcher import BaseMatcher
from hamcrest.core.description import Description


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least ``share`` (0 to 1) of all values do not exceed.

    :raises ValueError: there are no values, or the share is no share.
    """
    if not values:
        raise ValueError("no values were measured")
    if not 0 < share <= 1:
        raise ValueError(f"{share} is no share")
    return sorted(values)[math.ceil(share * len(values)) - 1]


class _Percentile(BaseMatcher[Sequence[float]]):
    def __init__(self, share: float, limit: float, at_least: int) -> None:
        self.share = share
        self.limit = limit
        self.at_least = at_least

    def _matches(self, item: Sequence[float]) -> bool:
        return len(item) >= self.at_least and percentile(item, self.share) <= self.limit

    def describe_to(self, description: Description) -> None:
        description.append_text(f"at least {self.at_least} values, {self.share:.0%} of them at most {self.limit:g} s")

    def describe_mismatch(self, item: Sequence[float], mismatch_description: Description) -> None:
        if len(item) < self.at_least:
            mismatch_description.append_text(f"there were only {len(item)} values")
            return
        shown = ", ".join(f"p{share * 100:g} {percentile(item, share):.3f} s" for share in (0.5, 0.95, 0.99, 1.0))
        mismatch_description.append_text(f"of {len(item)} values: {shown}")


def has_p95_within(limit: float, at_least: int = 1) -> BaseMatcher[Sequence[float]]:
    """At least so many values, and 95 % of them at most ``limit`` (seconds)."""
    return _Percentile(0.95, limit, at_least)
