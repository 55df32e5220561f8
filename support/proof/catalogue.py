"""The seeded defects of the platform, as their catalogue lists them."""

import json
import re
import subprocess
import sys
from collections import Counter
from dataclasses import asdict, dataclass, fields
from typing import Any

from support.run.orders import DRIVER
from support.settings import CHECKOUT
from support.surroundings import base_environment

SERVICES = ("auth", "backend", "worker", "tools", "analytics")


class CatalogueError(Exception):
    """The catalogue cannot be used; the text is one line."""


@dataclass(frozen=True, slots=True)
class Defect:
    """One seeded defect.

    `service` loads it; `scenario` (its title) must turn red at `step` (its text, without the keyword). A `blind` one
    was written without knowledge of the scenarios; as long as it has not been planted it has neither.
    """

    id: str
    promise: str
    service: str
    summary: str
    scenario: str
    step: str
    blind: bool = False

    @property
    def is_planted(self) -> bool:
        """Whether it is known which scenario notices it."""
        return bool(self.scenario)

    def to_json(self) -> dict[str, Any]:
        """As the catalogue lists it."""
        return asdict(self)


def load() -> tuple[Defect, ...]:
    """Ask the catalogue by its command line; raises CatalogueError."""
    command = [sys.executable, "-m", "defects", "--list", "--json"]
    done = subprocess.run(command, cwd=CHECKOUT, env=base_environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise CatalogueError(f"the catalogue does not list its defects: {reason}")
    return parse(done.stdout)


def spoilings(target: str) -> tuple[Defect, ...]:
    """What is spoiled between a target and its driver, in the order of promises; raises CatalogueError."""
    # Nothing else of a proof needs it.
    from support.spoiling.entries import catalogue
    from support.spoiling.wire import Wire

    file = CHECKOUT / "targets" / target / "wire.toml"
    try:
        Wire.read(file)
    except OSError as error:
        raise CatalogueError(f"nobody has said how {target}'s answers are read: {file}: {error.strerror}") from None
    except ValueError as error:
        raise CatalogueError(f"{file}: {error}") from None
    entered = ((each, each.on(target)) for each in catalogue().values())
    return tuple(
        Defect(each.id, each.promise, DRIVER, each.summary, *where) for each, where in entered if where is not None
    )


def parse(listing: str) -> tuple[Defect, ...]:
    """Read the JSON list that the catalogue prints; raises CatalogueError naming the faulty entry."""
    try:
        entries = json.loads(listing)
    except json.JSONDecodeError as error:
        raise CatalogueError(f"the list of defects is not JSON: {error}") from None
    if entries == []:
        raise CatalogueError("the list of defects is empty")
    if not isinstance(entries, list):
        raise CatalogueError("the list of defects is not a list")
    defects = tuple(_defect(entry) for entry in entries)
    doubles = [found for found, times in Counter(defect.id for defect in defects).items() if times > 1]
    if doubles:
        raise CatalogueError(f"listed twice: {', '.join(doubles)}")
    return tuple(sorted(defects, key=lambda defect: (defect.promise, len(defect.id), defect.id)))


def _defect(entry: Any) -> Defect:
    names = [field.name for field in fields(Defect) if field.name != "blind"]
    if not isinstance(entry, dict) or any(not isinstance(entry.get(name), str) for name in names):
        raise CatalogueError(f"a defect needs the texts {', '.join(names)}: {entry!r}")
    defect = Defect(**{name: entry[name] for name in names}, blind=entry.get("blind") is True)
    if not re.fullmatch(r"[A-Z]{3}-\d\d[a-z]{1,2}", defect.id) or defect.id[:6] != defect.promise:
        raise CatalogueError(f"{defect.id!r} is no defect of the promise {defect.promise!r}")
    if defect.service not in SERVICES:
        raise CatalogueError(f"{defect.id}: no service {defect.service!r}; there are {', '.join(SERVICES)}")
    where = (defect.scenario, defect.step)
    if not defect.summary or not (all(where) or (defect.blind and not any(where))):
        raise CatalogueError(f"{defect.id}: summary, scenario and step must say something")
    return defect
