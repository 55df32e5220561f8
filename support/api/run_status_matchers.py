"""Matchers over what was read one after the other: does it only go forward?"""

from collections.abc import Sequence
from itertools import pairwise

from hamcrest.core.base_matcher import BaseMatcher
from hamcrest.core.description import Description

_RANK = {"queued": 0, "running": 1}
_ENDED = 2


class _GoOnlyForward(BaseMatcher[Sequence[str]]):
    def _fault(self, item: Sequence[str]) -> str | None:
        for earlier, later in pairwise(item):
            before, after = _RANK.get(earlier, _ENDED), _RANK.get(later, _ENDED)
            if after < before or (before == after and earlier != later):
                return f"{later} was read after {earlier}"
        if len(set(item)) < 2:
            return "no state followed another"
        return None if _RANK.get(item[-1], _ENDED) == _ENDED else f"the last was {item[-1]}"

    def _matches(self, item: Sequence[str]) -> bool:
        return self._fault(item) is None

    def describe_to(self, description: Description) -> None:
        description.append_text("states that go only forward, to an end")

    def describe_mismatch(self, item: Sequence[str], mismatch_description: Description) -> None:
        mismatch_description.append_text(self._fault(item) or "they do")


class _Grows(BaseMatcher[Sequence[int]]):
    def __init__(self, strictly: bool) -> None:
        self.strictly = strictly

    def _matches(self, item: Sequence[int]) -> bool:
        steps = list(pairwise(item))
        return bool(steps) and all(
            later > earlier or (later == earlier and not self.strictly) for earlier, later in steps
        )

    def describe_to(self, description: Description) -> None:
        description.append_text(
            "numbers, each larger than the one before" if self.strictly else "numbers that never fall"
        )


def go_only_forward() -> BaseMatcher[Sequence[str]]:
    """States of one run as they were read: queued, running, and one end, none after a later one; at least two."""
    return _GoOnlyForward()


def grows() -> BaseMatcher[Sequence[int]]:
    """At least two numbers, each larger than the one before."""
    return _Grows(strictly=True)


def never_falls() -> BaseMatcher[Sequence[int]]:
    """At least two numbers, none smaller than the one before."""
    return _Grows(strictly=False)
