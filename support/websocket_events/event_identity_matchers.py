"""Matcher over events: do they name what their own request named?"""

from collections.abc import Sequence
from dataclasses import dataclass

from hamcrest.core.base_matcher import BaseMatcher
from hamcrest.core.description import Description

from support.matchers.story import TellsSomething
from support.platform.story import Event, events_of


@dataclass(frozen=True, slots=True)
class Asked:
    """The identities of one request: those of the run that it asked for, and its own."""

    user: str
    thread: str
    run: str
    request: str
    trace: str


class _Carry(BaseMatcher[TellsSomething]):
    def __init__(self, identity: str, asked: Sequence[Asked]) -> None:
        self.identity = identity
        # A run is known by its trace, whatever else by the run.
        self._known_by = "trace_id" if identity == "run" else "run_id"
        self._due = {each.trace if identity == "run" else each.run: getattr(each, identity) for each in asked}

    def _faults(self, told: TellsSomething) -> list[str]:
        events = events_of(told)
        seen = {getattr(event, self._known_by) for event in events}
        faults = [f"nothing came of {known}" for known in self._due if known not in seen]
        return faults + [fault for event in events if (fault := self._fault(event))]

    def _fault(self, event: Event) -> str | None:
        known, named = getattr(event, self._known_by), getattr(event, f"{self.identity}_id")
        if known not in self._due:
            return f"{event.type} belongs to no request ({self._known_by} {known})"
        if named != self._due[known]:
            return f"{event.type} names the {self.identity} {named} instead of {self._due[known]}"
        return None

    def _matches(self, item: TellsSomething) -> bool:
        return not self._faults(item)

    def describe_to(self, description: Description) -> None:
        description.append_text(f"events that name the {self.identity} of the request that caused them")

    def describe_mismatch(self, item: TellsSomething, mismatch_description: Description) -> None:
        mismatch_description.append_text("; ".join(self._faults(item)[:5]))


def carry(identity: str, asked: Sequence[Asked]) -> BaseMatcher[TellsSomething]:
    """Events came of every request, and each names that of its own request.

    :param identity: ``user``, ``thread``, ``run``, ``request`` or ``trace``.
    :raises AttributeError: there is no identity of that name.
    """
    return _Carry(identity, asked)
