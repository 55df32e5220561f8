"""The catalogue of seeded defects: small named faults of the running platform, each with the scenario it must turn red.

A check that cannot fail proves nothing. Each defect is loaded into a service of Apex with ``--catalogue defects
--defect ID``, shown in its health, and refused by a ``live`` deployment. ``python -m defects --list`` shows them all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

SERVICES = ("auth", "backend", "worker", "tools", "analytics")


@dataclass(frozen=True)
class Defect:
    """One defect: ``apply`` patches the process of ``service``; ``scenario`` must turn red at ``step``.

    ``scenario`` is a scenario's title, ``step`` the text of one of its steps, without the keyword. A ``blind`` defect
    was written by somebody who did not know the scenarios; until it has been planted nobody knows which one notices it,
    and both are empty.
    """

    id: str
    service: str
    summary: str
    scenario: str
    step: str
    apply: Callable[[], None]
    blind: bool = False

    @property
    def promise(self) -> str:
        return self.id[:6]


CATALOGUE: dict[str, Defect] = {}


@dataclass(frozen=True)
class Scenario:
    """The scenario, by its title, that a group of defects must turn red; ``service`` is where most of them are."""

    title: str
    service: str = ""

    def defect(
        self, id: str, summary: str, *, step: str, service: str = "", blind: bool = False
    ) -> Callable[[Callable[[], None]], None]:
        """Enter the decorated function into the catalogue under ``id``, such as AEC-03a.

        ``step``: the text of the step that must notice, without the keyword.
        """
        return _entering(id, service or self.service, summary, self.title, step, blind)


def blind_defect(
    id: str, summary: str, *, service: str, scenario: str = "", step: str = ""
) -> Callable[[Callable[[], None]], None]:
    """Enter the decorated function as a blind defect; without a scenario nobody knows yet which one notices it."""
    return _entering(id, service, summary, scenario, step, True)


def _entering(id: str, service: str, summary: str, *where: Any) -> Callable[[Callable[[], None]], None]:
    def enter(apply: Callable[[], None]) -> None:
        if id in CATALOGUE:
            raise ValueError(f"the defect {id} is in the catalogue twice")
        scenario, step, is_blind = where
        CATALOGUE[id] = Defect(id, service, summary, scenario, step, apply, is_blind)

    return enter


def catalogue() -> dict[str, Defect]:
    """Every defect by its id."""
    for module in walk_packages(__path__, prefix=f"{__name__}."):
        if not module.name.rpartition(".")[2].startswith("_"):
            import_module(module.name)
    return dict(sorted(CATALOGUE.items(), key=lambda entry: (entry[1].promise, len(entry[0]), entry[0])))
