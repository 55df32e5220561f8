"""Known deviations of a platform: what it is known not to keep, so that only what is new needs attention.

``targets/<name>/known.toml`` has a ``[[deviation]]`` for each scenario that is red because of one: its ``promise`` and
``scenario`` (without the number of an example), what the failure ``says`` (an expression), the ``reason`` and the
``date``. A ``[[finding]]`` is what an ``oracle`` would say after many scenarios, whatever these are about; it is left
out there, and its promise has a scenario of its own.
"""

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

D = TypeVar("D", "Deviation", "KnownFinding")


@dataclass(frozen=True, slots=True)
class Deviation:
    """A scenario that is red because of what the platform does."""

    promise: str
    scenario: str
    says: str
    reason: str
    date: date

    def explains(self, promise: str, scenario: str, reason: str) -> bool:
        """Whether a violation is this one."""
        return self.is_about(promise, scenario) and re.search(self.says, reason) is not None

    def is_about(self, promise: str, scenario: str) -> bool:
        """Whether that is its scenario, or an example of it."""
        return (promise, scenario.partition(" -- @")[0]) == (self.promise, self.scenario)


@dataclass(frozen=True, slots=True)
class KnownFinding:
    """What an oracle says after every scenario in which the platform does that; ``says`` matches all of it."""

    promise: str
    oracle: str
    says: str
    reason: str
    date: date


@dataclass(frozen=True, slots=True)
class Deviations:
    """Everything that is known of one platform."""

    scenarios: Sequence[Deviation] = ()
    findings: Sequence[KnownFinding] = field(default=())

    @classmethod
    def read(cls, file: Path) -> "Deviations":
        """What a file says; nothing where there is none.

        :raises ValueError: an entry lacks something, says something unknown, or its expression is none; one line.
        """
        if not file.exists():
            return cls()
        written = tomllib.loads(file.read_text("utf-8"))
        if strange := sorted(written.keys() - {"deviation", "finding"}):
            raise ValueError(f"{strange[0]}: there are only [[deviation]] and [[finding]]")
        return cls(
            [_entry(Deviation, entry) for entry in written.get("deviation", ())],
            [_entry(KnownFinding, entry) for entry in written.get("finding", ())],
        )

    def reason(self, promise: str, scenario: str, reason: str) -> str:
        """Why a violation is known; "" when it is not."""
        found = (each for each in self.scenarios if each.explains(promise, scenario, reason))
        return next((f"{each.reason} (since {each.date})" for each in found), "")

    def new(self, oracle: str, lines: Iterable[str]) -> list[str]:
        """Of what an oracle says, a line each, what is not known."""
        known = [each.says for each in self.findings if each.oracle == oracle]
        return [line for line in lines if not any(re.fullmatch(says, line) for says in known)]


def _entry(kind: type[D], entry: dict[str, Any]) -> D:
    names = {each.name for each in fields(kind)}
    where = f"[[{'deviation' if kind is Deviation else 'finding'}]] {entry.get('scenario') or entry.get('oracle')}"
    if wrong := sorted(names ^ entry.keys()):
        raise ValueError(f"{where}: {wrong[0]} is {'missing' if wrong[0] in names else 'unknown'}")
    try:
        re.compile(entry["says"])
    except re.error as error:
        raise ValueError(f"{where}: says is no expression ({error})") from None
    return kind(**entry)
