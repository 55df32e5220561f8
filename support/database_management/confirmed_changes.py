"""What customers were told of each change that they asked for, held against what is stored afterwards."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from hamcrest.core.base_matcher import BaseMatcher

from support.matchers.faultless import faultless
from support.platform.outcome import Outcome
from support.scenario.verdict import NotShown

UNKNOWN = "outcome_unknown"


class Told(Enum):
    """What an answer says of a change."""

    CONFIRMED = "confirmed"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Entry:
    """A change, by a name that no other has, and what was said of it."""

    name: str
    told: Told


def told_by(answer: Outcome) -> Told:
    """What an answer says; without any, nobody knows whether the change was made."""
    if answer.done:
        return Told.CONFIRMED
    if answer.status is None or (answer.problem is not None and answer.problem.code == UNKNOWN):
        return Told.UNKNOWN
    return Told.REFUSED


def faults_of(entries: Mapping[str, Sequence[Entry]], stored: Mapping[str, Sequence[str]]) -> list[str]:
    """What is wrong with the changes stored for each customer, oldest first, where each was asked for after the one
    before: lost, doubled, refused and there, asked for by nobody, or in another order.
    """
    return [fault for who, asked in entries.items() for fault in _of_one(who, asked, stored.get(who, ()))]


def _of_one(who: str, asked: Sequence[Entry], stored: Sequence[str]) -> list[str]:
    told = {entry.name: entry.told for entry in asked}
    counts = Counter(stored)
    wrong = [
        f"{who}: {name} was confirmed and is lost"
        for name, each in told.items()
        if each is Told.CONFIRMED and not counts[name]
    ]
    wrong += [f"{who}: {name} is there {count} times" for name, count in counts.items() if count > 1]
    wrong += [f"{who}: {name} was refused and is there" for name in counts if told.get(name) is Told.REFUSED]
    wrong += [f"{who}: nobody asked for {name}" for name in counts if name not in told]
    places = {name: number for number, name in enumerate(told)}
    known = [name for name in dict.fromkeys(stored) if name in places]
    wrong += [
        f"{who}: {later} is stored behind {earlier}, which was asked for after it"
        for earlier, later in pairwise(known)
        if places[later] < places[earlier]
    ]
    return wrong


def keeps_every_confirmed_change(entries: Mapping[str, Sequence[Entry]]) -> BaseMatcher[Mapping[str, Sequence[str]]]:
    """Each confirmed change is stored once, in order, each refused one not, each unknown one at most once."""
    confirmed = sum(entry.told is Told.CONFIRMED for asked in entries.values() for entry in asked)

    def wrong(stored: Mapping[str, Sequence[str]]) -> list[str]:
        if not confirmed:
            raise NotShown("no change was confirmed")
        return faults_of(entries, stored)

    return faultless(f"{confirmed} confirmed changes, each once and in order, and no refused one", wrong)
