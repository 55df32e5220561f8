"""What can be spoiled on its way to the driver: each entry says which scenario must notice, and at which step."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pkgutil import iter_modules

from support.spoiling.passing import Answer, Frame, Seen, Stream
from support.spoiling.wire import EVENTS

Change = Callable[[Answer, Seen], None]
Passing = Callable[[Frame, Stream, Seen], Sequence[Frame]]
"""Gives the frames that pass in the place of one."""

Where = tuple[str, str]
"""A scenario's title and the text of one of its steps."""


@dataclass(frozen=True, slots=True)
class Spoiling:
    """One way in which what a platform says is spoiled.

    ``verbs``: the driver's verbs whose answers are; ``events`` for the frames of live streams. ``instead``: what the
    platform is asked in place of a verb. ``targets``: those on which it is another scenario or another step, or where
    none can show it (None).
    """

    id: str
    summary: str
    where: Where
    verbs: frozenset[str] = frozenset()
    change: Change | None = None
    passing: Passing | None = None
    instead: Mapping[str, str] = field(default_factory=dict)
    targets: Mapping[str, Where | None] = field(default_factory=dict)

    @property
    def promise(self) -> str:
        return self.id[:6]

    def on(self, target: str) -> Where | None:
        """Which scenario must notice it on a target, and at which step; None: none that is green there can."""
        return self.targets.get(target, self.where)


NOTHING = Spoiling("", "nothing is spoiled", ("", ""))

CATALOGUE: dict[str, Spoiling] = {}


@dataclass(frozen=True)
class Scenario:
    """The scenario, by its title, that some entries must turn red."""

    title: str

    def answers(
        self,
        id: str,
        summary: str,
        *verbs: str,
        step: str,
        instead: Mapping[str, str] | None = None,
        on: Mapping[str, Where | None] | None = None,
    ) -> Callable[[Change], None]:
        """Enter the decorated function, which changes answers to these verbs."""

        def enter(change: Change) -> None:
            where = self.title, step
            _enter(Spoiling(id, summary, where, frozenset(verbs), change, None, instead or {}, on or {}))

        return enter

    def events(
        self, id: str, summary: str, *, step: str, on: Mapping[str, Where | None] | None = None
    ) -> Callable[[Passing], None]:
        """Enter the decorated function, which says what passes in the place of each frame."""

        def enter(passing: Passing) -> None:
            _enter(Spoiling(id, summary, (self.title, step), frozenset({EVENTS}), None, passing, {}, on or {}))

        return enter


def _enter(spoiling: Spoiling) -> None:
    if spoiling.id in CATALOGUE:
        raise ValueError(f"the spoiling {spoiling.id} is in the catalogue twice")
    CATALOGUE[spoiling.id] = spoiling


def catalogue() -> dict[str, Spoiling]:
    """Every entry by its id."""
    package = import_module("support.spoiling.catalogue")
    for module in iter_modules(package.__path__):
        import_module(f"{package.__name__}.{module.name}")
    return dict(sorted(CATALOGUE.items(), key=lambda entry: (entry[0][:6], int(entry[0][7:]))))
