"""Matcher over the answers to two who asked for what only one of them can have."""

from collections.abc import Sequence

from hamcrest.core.base_matcher import BaseMatcher
from hamcrest.core.description import Description

from support.matchers.problems import is_refused_with
from support.platform.outcome import Outcome


class _OneOfTwo(BaseMatcher[Sequence[Outcome]]):
    def __init__(self, code: str) -> None:
        self._refused = is_refused_with(code)

    def _matches(self, item: Sequence[Outcome]) -> bool:
        granted = [answer for answer in item if answer.done]
        return len(item) == 2 and len(granted) == 1 and any(self._refused.matches(answer) for answer in item)

    def describe_to(self, description: Description) -> None:
        description.append_text("two answers, one a grant and one ").append_description_of(self._refused)

    def describe_mismatch(self, item: Sequence[Outcome], mismatch_description: Description) -> None:
        mismatch_description.append_text(f"they were: {'; '.join(map(str, item))}")


def one_is_granted_and_one_refused(code: str) -> BaseMatcher[Sequence[Outcome]]:
    """Of two answers one granted what was asked, and the other refused it with that published code."""
    return _OneOfTwo(code)
