"""Formatters that a run tells of its records; behave's own are told of behave's model."""

from collections.abc import Sequence

from behave.formatter.base import Formatter

from support.run.plan import Planned
from support.run.record import ScenarioRecord


class Told(Formatter):  # type: ignore[misc]  # behave has no type marker
    """What there is to be told of; nothing comes of it here."""

    def begin(self, planned: Sequence[Planned], lanes: int) -> None:
        """The run begins: what it will play, in how many lanes."""

    def note(self, text: str) -> None:
        """Something about a lane that readers should know."""

    def played(self, lane: int, one: Planned) -> None:
        """A lane has begun a scenario."""

    def finished(self, index: int, record: ScenarioRecord) -> None:
        """A scenario has ended, or will not be played."""
