"""Matcher over ways to what somebody owns: does any of them tell a stranger that there is something?"""

from collections.abc import Sequence
from typing import Protocol

from hamcrest.core.base_matcher import BaseMatcher
from hamcrest.core.description import Description

from support.checks.problems import essence
from support.dialect import Meaning
from support.outcome import Outcome


class Trespassed(Protocol):
    """One way, what came of going it, and what comes of it where nothing ever was."""

    @property
    def place(self) -> str: ...

    @property
    def published(self) -> bool: ...

    @property
    def answer(self) -> Outcome: ...

    @property
    def answer_to_nothing(self) -> Outcome: ...


def _fault(tried: Trespassed) -> str | None:
    answer = tried.answer
    if essence(answer) != essence(tried.answer_to_nothing):
        return f"{answer} tells it from what never existed ({tried.answer_to_nothing})"
    if answer.done:
        empty = isinstance(answer.body, dict) and answer.body.get("items") == []
        return None if empty else f"{answer} was granted"
    if not tried.published:
        return None if answer.meaning in (Meaning.NOT_FOUND, Meaning.INVALID) else str(answer)
    if answer.meaning is Meaning.PERMISSION_DENIED:
        named = answer.problem is not None and answer.problem.extra.get("permission")
        return None if named else f"{answer} names no permission"
    return None if answer.meaning is Meaning.NOT_FOUND else str(answer)


class _EndAsIfNothingWereThere(BaseMatcher[Sequence[Trespassed]]):
    def _faults(self, item: Sequence[Trespassed]) -> list[str]:
        if not any(tried.published for tried in item):
            return ["no published way was tried"]
        return [f"{tried.place}: {fault}" for tried in item if (fault := _fault(tried))]

    def _matches(self, item: Sequence[Trespassed]) -> bool:
        return not self._faults(item)

    def describe_to(self, description: Description) -> None:
        description.append_text("ways that all end as if nothing were there")

    def describe_mismatch(self, item: Sequence[Trespassed], mismatch_description: Description) -> None:
        mismatch_description.append_text("; ".join(self._faults(item)[:5]))


def end_as_if_nothing_were_there() -> BaseMatcher[Sequence[Trespassed]]:
    """Each way is answered like one to an id that never existed: not found, not permitted by name, or an empty list.

    A verb that is not published for a path may be refused as such, if that tells nothing either.
    """
    return _EndAsIfNothingWereThere()
