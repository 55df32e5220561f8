"""Which defects a proof runs: pure choices over the catalogue."""

import difflib
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date

from support.proof.catalogue import SERVICES, Defect

PARTS = 8

# What every scenario or every service is made of: a change there may blunt any check.
SHARED = ("apex/", "defects/", "support/", "steps/", "environment.py", "behave.ini", "requirements.txt")
# Parts of those that no check depends on.
HARMLESS = ("support/cli/", "support/proof/")


class UnknownId(Exception):
    """An ID that names no defect, promise or category; the text is one line."""


def named(ids: Iterable[str], defects: Sequence[Defect]) -> list[Defect]:
    """The defects that the IDs name: a defect (AEC-03a), a promise (AEC-03) or a category (AEC).

    Raises UnknownId.
    """
    chosen: set[str] = set()
    for wanted in ids:
        found = {defect.id for defect in defects if wanted in (defect.id, defect.promise, defect.id[:3])}
        if not found:
            raise UnknownId(_unknown(wanted, defects))
        chosen |= found
    return [defect for defect in defects if defect.id in chosen]


def _unknown(wanted: str, defects: Sequence[Defect]) -> str:
    known = sorted({name for defect in defects for name in (defect.id, defect.promise, defect.id[:3])})
    near = difflib.get_close_matches(wanted, known, n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else "bin/prove --list shows them"
    return f"no defect, promise or category {wanted!r}; {hint}"


def part_of_day(today: date) -> int:
    """Which of the eight parts is due: 1 to 8, in turn, over New Year too."""
    return today.toordinal() % PARTS + 1


def part(number: int, defects: Sequence[Defect]) -> list[Defect]:
    """The defects of one of the eight parts (1 to 8); together the parts are the whole catalogue."""
    return list(defects[number - 1 :: PARTS])


def touched(paths: Iterable[str], defects: Sequence[Defect], read: Callable[[str], str]) -> list[Defect]:
    """The defects whose proof the changed files may have spoiled.

    `paths` are relative to the checkout; `read` gives a file's text, "" when it is gone.
    A feature: the defects of its scenarios. A module of defects/: the defects it names. A service's own
    code: the defects of that service. Code shared by all: the first defect of each promise, as a sample.
    """
    chosen: set[str] = set()
    for path in paths:
        chosen |= {defect.id for defect in _touched_by(path, defects, read)}
    return [defect for defect in defects if defect.id in chosen]


def unproved(paths: Iterable[str], defects: Sequence[Defect], read: Callable[[str], str]) -> list[str]:
    """The changed files on which checks depend, and of which no defect says that the checks can still fail.

    A file that is gone has nothing to be proved; nor has a module of defects that have not been planted yet.
    """
    return [
        path
        for path in paths
        if _matters(path) and read(path).strip() and not _names(path, read) and not _touched_by(path, defects, read)
    ]


def _names(path: str, read: Callable[[str], str]) -> set[str]:
    """The IDs that a module of defects names."""
    return set(re.findall(r"\b[A-Z]{3}-\d\d[a-z]{1,2}\b", read(path))) if path.startswith("defects/") else set()


def _matters(path: str) -> bool:
    return path.endswith(".feature") or (path.startswith(SHARED) and not path.startswith(HARMLESS))


def _touched_by(path: str, defects: Sequence[Defect], read: Callable[[str], str]) -> list[Defect]:
    if path.endswith(".feature"):
        titles = set(re.findall(r"^\s*(?:Scenario|Scenario Outline|Example):\s*(.+?)\s*$", read(path), re.MULTILINE))
        return [defect for defect in defects if defect.scenario in titles]
    if ids := _names(path, read):
        return [defect for defect in defects if defect.id in ids]
    service = next((name for name in SERVICES if path.startswith((f"apex/{name}/", f"apex/{name}."))), None)
    if service is not None:
        return [defect for defect in defects if defect.service == service]
    if _matters(path):
        return list({defect.promise: defect for defect in reversed(defects)}.values())
    return []
