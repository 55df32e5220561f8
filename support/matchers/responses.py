"""Matchers over many answers at once: is each a refusal of the right kind, and is each a grant?"""

from collections.abc import Callable, Sequence
from typing import Protocol

from hamcrest.core.base_matcher import BaseMatcher
from hamcrest.core.description import Description

from support.platform.dialect import Meaning
from support.platform.outcome import Outcome


class Tried(Protocol):
    """One door that was tried."""

    @property
    def place(self) -> str: ...

    @property
    def answer(self) -> Outcome: ...


class _Each(BaseMatcher[Sequence[Tried]]):
    def __init__(self, said: str, fits: Callable[[Outcome], bool]) -> None:
        self.said = said
        self.fits = fits

    def _matches(self, item: Sequence[Tried]) -> bool:
        return bool(item) and all(self.fits(each.answer) for each in item)

    def describe_to(self, description: Description) -> None:
        description.append_text(f"doors, each {self.said}")

    def describe_mismatch(self, item: Sequence[Tried], mismatch_description: Description) -> None:
        wrong = [f"{each.place}: {each.answer}" for each in item if not self.fits(each.answer)]
        mismatch_description.append_text("; ".join(wrong[:5]) or "no door was tried")


def are_all_closed(meaning: Meaning) -> BaseMatcher[Sequence[Tried]]:
    """Doors were tried, and each answered with a refusal of that meaning."""
    return _Each(f"closed ({meaning.value})", lambda answer: answer.meaning is meaning)


def are_all_open() -> BaseMatcher[Sequence[Tried]]:
    """Doors were tried, and each did what was asked."""
    return _Each("open", lambda answer: answer.done)
