"""Matcher over what each of many connections has received: its own user's runs, complete, and nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from hamcrest.core.base_matcher import BaseMatcher

from support.matchers.faultless import faultless
from support.matchers.isolation import text_of
from support.matchers.story import numbering_faults, story_faults
from support.oracles.canary import markers_in
from support.platform.dialect import Dialect
from support.platform.story import Event, of_run


@dataclass(frozen=True, slots=True)
class Received:
    """What one connection has received.

    :param run_ids: the runs that the user started while it was open.
    :param after: where the user's numbering was when it opened.
    :param marker: the marker of the user's tenant; it must be in the events if ``shows_data``.
    :param malformed: frames that were no events.
    :param dialect: what the platform's events name, and whether they are numbered for each user.
    """

    who: str
    user_id: str
    run_ids: tuple[str, ...]
    marker: str
    after: int | None
    shows_data: bool
    events: Sequence[Event] = field(repr=False)
    malformed: Sequence[str] = ()
    dialect: Dialect | None = None

    @property
    def faults(self) -> list[str]:
        """What is wrong; empty when it has received what it had to and nothing else."""
        found = [f"{fault} (run {run})" for run in self.run_ids for fault in story_faults(of_run(self.events, run))]
        names_users = self.dialect is None or "user_id" in self.dialect.identities
        foreign = [event for event in self.events if names_users and event.user_id != self.user_id]
        found += [f"there came {event.type} of user {event.user_id}" for event in foreign[:2]]
        others = {event.run_id for event in self.events} - {*self.run_ids, None}
        found += [f"there came events of the run {run}, which is not theirs" for run in sorted(map(str, others))[:2]]
        seen = markers_in(text_of(self.events))
        found += [f"there came data of {marker}" for marker in sorted(seen - {self.marker})]
        if self.shows_data and self.marker not in seen:
            found.append("none of their own data came")
        found += [f"there came what is no event: {text[:200]}" for text in self.malformed[:2]]
        if self.dialect is None or self.dialect.sequences:
            found += numbering_faults(self.events, after=self.after)
        return [f"{self.who}: {fault}" for fault in found]


def are_each_their_own(at_least: int = 1) -> BaseMatcher[Sequence[Received]]:
    """Every connection has received its own user's runs, complete, in order, each event once, and nothing else."""

    def faults_of(connections: Sequence[Received]) -> list[str]:
        too_few = [f"there were only {len(connections)} connections"] if len(connections) < at_least else []
        idle = [f"{each.who}: started no run, so it proves nothing" for each in connections if not each.run_ids]
        return [*too_few, *idle, *(fault for each in connections for fault in each.faults)]

    return faultless(
        f"at least {at_least} connections, each with its own user's runs in order, and nothing else", faults_of
    )
