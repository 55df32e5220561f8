"""Matcher over ways to what somebody owns: does any of them tell a stranger that there is something?"""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from hamcrest.core.base_matcher import BaseMatcher
from hamcrest.core.description import Description

from support.matchers.problems import essence
from support.platform.dialect import Meaning
from support.platform.outcome import Outcome


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


class Reading(Protocol):
    """What was shown where nothing is named, and which of the signs that were looked for are in it."""

    @property
    def place(self) -> str: ...

    @property
    def answer(self) -> Outcome: ...

    @property
    def signs(self) -> frozenset[str]: ...

    @property
    def found(self) -> frozenset[str]: ...


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


class _Readings(BaseMatcher[Sequence[Reading]]):
    def __init__(self, said: str, faults: Callable[[Sequence[Reading]], Iterator[str]]) -> None:
        self.said = said
        self.faults = faults

    def _faults(self, item: Sequence[Reading]) -> list[str]:
        return list(self.faults(item)) if item else ["nothing was read"]

    def _matches(self, item: Sequence[Reading]) -> bool:
        return not self._faults(item)

    def describe_to(self, description: Description) -> None:
        description.append_text(self.said)

    def describe_mismatch(self, item: Sequence[Reading], mismatch_description: Description) -> None:
        mismatch_description.append_text("; ".join(self._faults(item)[:5]))


def _shown(item: Sequence[Reading]) -> Iterator[str]:
    for reading in item:
        if reading.found:
            yield f"{reading.place} shows {', '.join(sorted(reading.found))}"
        elif not reading.answer.done and reading.answer.meaning is not Meaning.NOT_FOUND:
            yield f"{reading.place} could not be read: {reading.answer}"


def _not_shown(item: Sequence[Reading]) -> Iterator[str]:
    for reading in item:
        if not reading.answer.done or not reading.found:
            yield f"{reading.place} shows nothing of it: {reading.answer}"
    if missing := frozenset[str]().union(*(reading.signs - _all_found(item) for reading in item)):
        yield f"nothing shows {', '.join(sorted(missing))}"


def _all_found(item: Sequence[Reading]) -> frozenset[str]:
    return frozenset[str]().union(*(reading.found for reading in item))


def show_nothing_of_it() -> BaseMatcher[Sequence[Reading]]:
    """Something was read, and none of the signs was in any of it."""
    return _Readings("lists and readings with nothing of what is somebody else's", _shown)


def show_all_of_it() -> BaseMatcher[Sequence[Reading]]:
    """Each reading shows some of what is the reader's own, and all of them together every sign of it."""
    return _Readings("lists and readings that each show something of what is one's own", _not_shown)
