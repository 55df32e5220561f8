"""Measured times, summed up."""

import math
from collections.abc import Sequence


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least ``share`` (0 to 1) of all values do not exceed.

    :raises ValueError: there are no values, or the share is no share.
    """
    if not values:
        raise ValueError("no values were measured")
    if not 0 < share <= 1:
        raise ValueError(f"{share} is no share")
    return sorted(values)[math.ceil(share * len(values)) - 1]
