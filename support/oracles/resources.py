"""The resources oracle: what the platform has taken for a scenario it has given back.

Pure judgement; the sessions of the database are looked up by :mod:`support.stores.observers`.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from support.oracles.story import StoredRun

_AT_WORK = 1.0
"""Seconds for which a transaction may be open without asking anything."""


class NotGivenBack(AssertionError):
    """The platform holds something that nobody uses any more."""


@dataclass(frozen=True, slots=True)
class DatabaseSession:
    """A session of the database: who has it, in which state, and for how many seconds; the locks that it waits for."""

    name: str
    state: str
    seconds: float
    is_waiting: bool


def never_ended(runs: Iterable[StoredRun]) -> list[str]:
    """Runs that still take a place although their scenario is over, a line each."""
    return [f"run {run.id} is still {run.status}" for run in runs if not run.has_ended]


def kept_for_ever(keys: Iterable[str]) -> list[str]:
    """Keys of the cache that never expire, a line each."""
    return [f"the key {key} of the cache never expires" for key in keys]


def still_open(connections: int, before: int) -> list[str]:
    """What is wrong with the number of live connections when nobody is connected any more."""
    return [f"{connections} live connections are counted, {before} before"] if connections > before else []


def beyond_the_pool(sessions: Iterable[DatabaseSession], services: Collection[str], most: int) -> list[str]:
    """Services with more sessions of one name than a pool of theirs may have, a line each."""
    counts = Counter(session.name for session in sessions if session.name.partition(" ")[0] in services)
    return [f"{name} has {count} database sessions, {most} at most" for name, count in counts.items() if count > most]


def not_given_back(sessions: Iterable[DatabaseSession], services: Collection[str]) -> list[str]:
    """Sessions of these services that hold a transaction without using it, or wait for a lock, a line each."""
    own = [session for session in sessions if session.name.partition(" ")[0] in services]
    idle = [
        f"{session.name} has had a transaction open for {session.seconds:.1f} s without using it"
        for session in own
        if session.state.startswith("idle in transaction") and session.seconds > _AT_WORK
    ]
    waiting = [
        f"{session.name} has waited for a lock for {session.seconds:.1f} s"
        for session in own
        if session.is_waiting and session.seconds > _AT_WORK
    ]
    return idle + waiting
