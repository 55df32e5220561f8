"""Attempts at cross-tenant access, and matchers over them: does any response reveal that a resource exists?"""

from collections.abc import Sequence
from dataclasses import dataclass

from hamcrest.core.base_matcher import BaseMatcher

from support.api.calls import Call
from support.matchers.faultless import differences, faultless
from support.matchers.problems import essence
from support.platform.dialect import Meaning
from support.platform.outcome import Outcome


@dataclass(frozen=True, slots=True)
class CrossTenantCall(Call):
    """A call that names a resource by its id, and the response to the same call with an id that never existed.

    ``published``: whether the API reference has the method for that path.
    """

    published: bool
    answer_to_nothing: Outcome


@dataclass(frozen=True, slots=True)
class ListingCall(Call):
    """A call that names no resource, and the signs of the owner's resources that its response is searched for."""

    signs: frozenset[str]

    @property
    def found(self) -> frozenset[str]:
        """The signs that the response shows."""
        return frozenset(sign for sign in self.signs if sign in self.answer.text)


def are_as_if_nothing_existed() -> BaseMatcher[Sequence[Call]]:
    """Attempts were made at published endpoints, and listings read; no response reveals that the resources exist.

    An attempt is answered like one with an id that never existed: not found, a named missing permission, or an empty
    list. A method that is not published for the path may be refused as such. No listing shows any of the signs.
    """

    def faults_of(calls: Sequence[Call]) -> list[str]:
        found = [f"{call.place}: {fault}" for call in calls if (fault := _fault(call))]
        if not any(isinstance(call, CrossTenantCall) and call.published for call in calls):
            found.append("no published endpoint was called with the id of a resource")
        if not any(isinstance(call, ListingCall) for call in calls):
            found.append("no listing was read")
        return found

    return faultless("every response is as if the resource had never existed", faults_of)


def _fault(call: Call) -> str | None:
    if isinstance(call, CrossTenantCall):
        return _fault_of_attempt(call)
    if isinstance(call, ListingCall) and call.found:
        return f"shows {', '.join(sorted(call.found))}"
    return None if call.answer.done or call.answer.meaning is Meaning.NOT_FOUND else f"could not be read: {call.answer}"


def _fault_of_attempt(attempt: CrossTenantCall) -> str | None:
    answer = attempt.answer
    if differing := list(differences(essence(attempt.answer_to_nothing), essence(answer))):
        return f"{answer} differs from the response to an id that never existed: {', '.join(differing)}"
    if answer.done:
        # An empty list, a count of nothing, or an empty page.
        empty = (
            answer.body == []
            or answer.text == "0"
            or (isinstance(answer.body, dict) and answer.body.get("items") == [])
        )
        return None if empty else f"{answer} was granted"
    if not attempt.published:
        return None if answer.meaning in (Meaning.NOT_FOUND, Meaning.INVALID) else str(answer)
    if answer.meaning is Meaning.PERMISSION_DENIED:
        named = answer.problem is not None and answer.problem.extra.get("permission")
        return None if named else f"{answer} names no permission"
    return None if answer.meaning is Meaning.NOT_FOUND else str(answer)


def show_every_sign() -> BaseMatcher[Sequence[ListingCall]]:
    """Each listing shows some of the owner's resources, and all of them together every sign."""

    def faults_of(listings: Sequence[ListingCall]) -> list[str]:
        found = [f"{each.place} shows none of it: {each.answer}" for each in listings if _shows_none(each)]
        shown = frozenset[str]().union(*(each.found for each in listings))
        missing = frozenset[str]().union(*(each.signs for each in listings)) - shown
        if missing:
            found.append(f"no listing shows {', '.join(sorted(missing))}")
        return found if listings else ["no listing was read"]

    return faultless("listings that show all of the owner's resources", faults_of)


def _shows_none(listing: ListingCall) -> bool:
    return not listing.answer.done or not listing.found
