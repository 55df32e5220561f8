"""The conformance matrix: which promise which platform keeps, made from the results of a run on each of them.

As JSON, which can be read again, it has ``platforms`` (:class:`Judged`) and ``promises``: by ID and platform the
``state``, how many ``scenarios`` there are, and how many of these were ``judged``.
"""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from support.promises import category_of, text_of
from support.refusal import Refusal
from support.run.state import State, worst

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Judged:
    """A platform as one run has judged it; ``date`` is that of the run, ``sources`` a digest of this suite's.

    ``page`` is the page of that run, for links; "" where only a summary is known of it.
    """

    name: str
    version: str
    date: str
    sources: str
    settings: Mapping[str, Json] = field(default_factory=dict)
    ended_early: bool = False
    page: str = ""

    @property
    def title(self) -> str:
        return f"{self.name} {self.version}".strip()


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a cell rests on: a scenario, how it went, why, and where that is shown; "" where it is not at hand."""

    scenario: str
    state: State
    reason: str
    link: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """A promise on a platform: its state, and how many of its scenarios could be judged there."""

    state: State
    judged: int
    scenarios: int
    evidence: Sequence[Evidence] = ()
    link: str = ""

    @property
    def share(self) -> str:
        """ "3/5" where only a part of the promise could be judged."""
        return f"{self.judged}/{self.scenarios}" if 0 < self.judged < self.scenarios else ""


@dataclass(frozen=True, slots=True)
class Row:
    """A promise on every platform, by the platform's name; a platform whose run has not had it has no cell."""

    id: str
    text: str
    category: str
    cells: Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class Matrix:
    """All promises that at least one of the runs has had, on all platforms."""

    platforms: Sequence[Judged]
    rows: Sequence[Row]

    @classmethod
    def of(cls, files: Iterable[Path], seen_from: Path) -> "Matrix":
        """Read results of runs, or matrices that were made of some; links are relative to the folder `seen_from`.

        :raises Refusal: a file cannot be read, or two of them are about the same platform; one line.
        """
        platforms: list[Judged] = []
        cells: dict[str, dict[str, Cell]] = {}
        sources: dict[str, Path] = {}
        for file in files:
            read = _read(file)
            try:
                judged, found = _summary(read) if "promises" in read else _run(read, file, seen_from)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise Refusal(
                    f"{file} is neither results of a run nor a matrix of this version of the suite "
                    f"({type(error).__name__}: {error})"
                ) from None
            for platform in judged:
                if platform.name in sources:
                    raise Refusal(
                        f"{sources[platform.name]} and {file} are both about {platform.name}; give one of them"
                    )
                sources[platform.name] = file
            platforms += judged
            for promise, by_platform in found.items():
                cells.setdefault(promise, {}).update(by_platform)
        return cls(platforms, [Row(each, text_of(each), category_of(each), cells[each]) for each in sorted(cells)])

    def count(self, platform: str, state: State) -> int:
        """How many promises are in that state on a platform."""
        return sum(row.cells[platform].state is state for row in self.rows if platform in row.cells)

    def to_json(self) -> dict[str, Any]:
        """Everything but the scenarios, which are in the results of the runs."""
        return {
            "platforms": [
                {name: value for name, value in asdict(each).items() if name != "page"} for each in self.platforms
            ],
            "promises": {
                row.id: {
                    name: {"state": cell.state.said, "judged": cell.judged, "scenarios": cell.scenarios}
                    for name, cell in row.cells.items()
                }
                for row in self.rows
            },
        }


Found = tuple[list[Judged], dict[str, dict[str, Cell]]]


def _read(file: Path) -> Json:
    try:
        read = json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise Refusal(f"{file} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise Refusal(f"{file} is no JSON: {error}") from None
    if not isinstance(read, dict):
        raise Refusal(f"{file} is neither results of a run nor a matrix: it is no JSON object")
    return read


def _summary(read: Json) -> Found:
    platforms = [Judged(**each) for each in read["platforms"]]
    cells = {
        promise: {
            name: Cell(State.said_as(cell["state"]), int(cell["judged"]), int(cell["scenarios"]))
            for name, cell in by_platform.items()
        }
        for promise, by_platform in read["promises"].items()
    }
    if strange := {name for each in cells.values() for name in each} - {platform.name for platform in platforms}:
        raise ValueError(f"a cell is about {min(strange)}, which is none of its platforms")
    return platforms, cells


def _run(read: Json, file: Path, seen_from: Path) -> Found:
    place = file.parent
    page = _link(place / "index.html", seen_from)
    platform = Judged(
        name=read["platform"]["name"],
        version=read["platform"]["version"],
        date=read["started_at"][:10],
        sources=read["settings"]["sources"],
        settings=read["platform"]["settings"],
        ended_early=bool(read["ended_by"] or read["counts"]["not_run"]),
        page=page,
    )
    by_promise: dict[str, list[Evidence]] = {}
    for entry in read["scenarios"]:
        if entry["promise"]:
            state = State.said_as(entry["state"])
            shown = _shown(place / entry["evidence"], seen_from) if entry["evidence"] else ""
            reason = entry["known"] or entry["reason"]
            by_promise.setdefault(entry["promise"], []).append(
                Evidence(entry["scenario"].strip(), state, next(iter(reason.splitlines()), ""), shown)
            )
    cells = {}
    for promise, evidence in by_promise.items():
        judged = sum(each.state.was_played for each in evidence)
        state = worst(each.state for each in evidence)
        cells[promise] = {
            platform.name: Cell(state, judged, len(evidence), evidence, f"{page}#{promise}" if page else "")
        }
    return [platform], cells


def _shown(evidence: Path, seen_from: Path) -> str:
    """Where a scenario can be read of: in the bug report of a violation, else in its evidence."""
    return _link(evidence.with_suffix(".md"), seen_from) or _link(evidence, seen_from)


def _link(file: Path, seen_from: Path) -> str:
    """Where a file is for who reads a page in that folder; "" where it is not."""
    return Path(os.path.relpath(file.resolve(), seen_from.resolve())).as_posix() if file.is_file() else ""
