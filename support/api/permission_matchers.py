"""Matchers over doors that people in several roles tried: do their rights hold, and is a refusal explained?"""

from collections.abc import Callable, Sequence
from typing import Protocol

from hamcrest.core.base_matcher import BaseMatcher
from hamcrest.core.description import Description

from support.platform.dialect import Meaning
from support.platform.outcome import Outcome

_SERVICES = "services"


class RoleTried(Protocol):
    """A door that somebody in a role tried; ``roles`` may pass, None when nobody has decided.

    ``permission`` is what the others lack; ``owned`` tells whether the person has something behind the door.
    """

    @property
    def place(self) -> str: ...

    @property
    def role(self) -> str: ...

    @property
    def roles(self) -> frozenset[str] | None: ...

    @property
    def permission(self) -> str | None: ...

    @property
    def owned(self) -> bool: ...

    @property
    def answer(self) -> Outcome: ...


def _wrongly_passed(tried: RoleTried) -> str | None:
    answer = tried.answer
    if tried.roles is None:
        return f"nobody has decided who may pass; {answer}"
    if tried.role in tried.roles:
        # Who may look at something has not always got one.
        nothing_there = not tried.owned and answer.meaning is Meaning.NOT_FOUND
        return None if answer.done or nothing_there else f"should be open: {answer}"
    closed = Meaning.UNAUTHENTICATED if _SERVICES in tried.roles else Meaning.PERMISSION_DENIED
    return None if answer.meaning is closed else f"should be closed: {answer}"


def _unexplained(tried: RoleTried) -> str | None:
    problem = tried.answer.problem
    if tried.answer.meaning is not Meaning.PERMISSION_DENIED:
        return None
    named = str(problem.extra.get("permission") or "") if problem else ""
    if problem and named and named in problem.detail:
        return None if named == tried.permission else f"{named!r} is named, and {tried.permission!r} is missing"
    return f"no permission is named: {tried.answer}"


class _Each(BaseMatcher[Sequence[RoleTried]]):
    def __init__(self, said: str, fault: Callable[[RoleTried], str | None]) -> None:
        self.said = said
        self.fault = fault

    def _faults(self, item: Sequence[RoleTried]) -> list[str]:
        meanings = {tried.answer.meaning for tried in item}
        missing = [str(each.value) for each in (Meaning.DONE, Meaning.PERMISSION_DENIED) if each not in meanings]
        if missing:
            return [f"nothing that was tried was answered with: {', '.join(missing)}"]
        return [f"{tried.place} as {tried.role}: {fault}" for tried in item if (fault := self.fault(tried))]

    def _matches(self, item: Sequence[RoleTried]) -> bool:
        return not self._faults(item)

    def describe_to(self, description: Description) -> None:
        description.append_text(self.said)

    def describe_mismatch(self, item: Sequence[RoleTried], mismatch_description: Description) -> None:
        mismatch_description.append_text("; ".join(self._faults(item)[:5]))


def follow_the_rights() -> BaseMatcher[Sequence[RoleTried]]:
    """Each door was open to the roles that may pass, and closed to all others; there were both.

    Open to somebody who has nothing behind it is also a door where nothing is found.
    """
    return _Each("doors that are open and closed as the rights say", _wrongly_passed)


def name_what_is_missing() -> BaseMatcher[Sequence[RoleTried]]:
    """There were refusals for want of a permission, and each names the door's, also in words."""
    return _Each("refusals that name the missing permission", _unexplained)
