"""Matcher over what each of many connections has shown: its own user's runs from beginning to end, and nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from hamcrest.core.base_matcher import BaseMatcher
from hamcrest.core.description import Description

from support.matchers.isolation import text_of
from support.matchers.story import numbering_faults, story_faults
from support.oracles.canary import markers_in
from support.platform.story import Event, of_run


@dataclass(frozen=True, slots=True)
class Heard:
    """What one connection has shown to its user.

    :param run_ids: the runs that the user started while it was open.
    :param after: where the user's numbering was when it opened.
    :param marker: the marker of the user's tenant; it must be in what the runs told if ``shows_data``.
    """

    who: str
    user_id: str
    run_ids: tuple[str, ...]
    marker: str
    after: int | None
    shows_data: bool
    events: Sequence[Event] = field(repr=False)

    @property
    def faults(self) -> list[str]:
        """What is wrong; empty when it has shown what it had to and nothing else."""
        found = [f"{fault} (run {run})" for run in self.run_ids for fault in story_faults(of_run(self.events, run))]
        foreign = [event for event in self.events if event.user_id != self.user_id]
        found += [f"there came {event.type} of user {event.user_id}" for event in foreign[:2]]
        others = {event.run_id for event in self.events} - {*self.run_ids, None}
        found += [f"there came events of the run {run}, which is not theirs" for run in sorted(map(str, others))[:2]]
        seen = markers_in(text_of(self.events))
        found += [f"there came data of {marker}" for marker in sorted(seen - {self.marker})]
        if self.shows_data and self.marker not in seen:
            found.append("none of their own data came")
        return [f"{self.who}: {fault}" for fault in found + numbering_faults(self.events, after=self.after)]


class _EachTheirOwn(BaseMatcher[Sequence[Heard]]):
    def __init__(self, at_least: int) -> None:
        self.at_least = at_least

    def _faults(self, item: Sequence[Heard]) -> list[str]:
        faults = [fault for heard in item for fault in heard.faults]
        if len(item) < self.at_least:
            faults.insert(0, f"there were only {len(item)} connections")
        faults += [f"{heard.who}: started no run, so it proves nothing" for heard in item if not heard.run_ids]
        return faults

    def _matches(self, item: Sequence[Heard]) -> bool:
        return not self._faults(item)

    def describe_to(self, description: Description) -> None:
        description.append_text(
            f"at least {self.at_least} connections, each with the whole story of its own user's runs and nothing else"
        )

    def describe_mismatch(self, item: Sequence[Heard], mismatch_description: Description) -> None:
        faults = self._faults(item)
        mismatch_description.append_text(f"{len(faults)} faults: {'; '.join(faults[:6])}")


def each_hears_their_own(at_least: int = 1) -> BaseMatcher[Sequence[Heard]]:
    """Every connection has shown its own user's runs, complete, in order, each event once, and nothing else."""
    return _EachTheirOwn(at_least)
