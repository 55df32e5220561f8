"""The lines of the platform that each scenario runs through, recorded in the platform's own processes.

A recorder is loaded into a service like a seeded defect, by the id ``<service>:<folder>``. It notes lines under the
name that the folder's file ``scenario`` holds. At SIGUSR1 it keeps what it has, looks there again, and says so in
``seen.<pid>``.
"""

import json
import os
import signal
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from pathlib import Path

import coverage

from support.settings import CHECKOUT

CATALOGUE = "support.proof.covering"
PLATFORM = CHECKOUT / "apex"
NOBODY = "-"
"""What lines are noted under while no scenario is played: whoever comes later depends on what ran then."""

Covered = Mapping[str, Mapping[str, Mapping[int, frozenset[str]]]]
"""By service, by file (relative to the checkout), by line: the names of the scenarios that ran through it."""


class Recorder:
    """Records what its process runs through."""

    def __init__(self, id: str) -> None:
        self.service, _, folder = id.partition(":")
        self._folder = Path(folder)
        self._own = str(os.getpid())

    def apply(self) -> None:
        """Begin. What is run through while modules are loaded is over before a defect could change it."""
        import_module(f"apex.{self.service}.app")
        file = str(self._folder / f"lines.{self.service}.{self._own}")
        self._coverage = coverage.Coverage(data_file=file, config_file=False, source=[str(PLATFORM)])
        self._coverage.start()
        self._look()
        signal.signal(signal.SIGUSR1, lambda *_: self._look())

    def _look(self) -> None:
        name = (self._folder / "scenario").read_text("utf-8")
        self._coverage.switch_context(name)
        self._coverage.save()
        (self._folder / f"seen.{self._own}").write_text(name, "utf-8")


class _Recorders(Mapping[str, Recorder]):
    def __getitem__(self, id: str) -> Recorder:
        return Recorder(id)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def catalogue() -> Mapping[str, Recorder]:
    """A recorder for whatever id is asked for."""
    return _Recorders()


def read(folders: Iterable[Path]) -> Covered:
    """What was recorded into these folders."""
    found: dict[str, dict[str, dict[int, set[str]]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(set)))
    for file in sorted(file for folder in folders for file in folder.glob("lines.*")):
        service = file.name.split(".")[1]
        data = coverage.CoverageData(basename=str(file))
        data.read()
        for measured in data.measured_files():
            lines = found[service][str(Path(measured).relative_to(CHECKOUT))]
            for line, scenarios in data.contexts_by_lineno(measured).items():
                lines[line].update(name for name in scenarios if name)
    return _without_empty(found)


def keep(file: Path, sources: str, covered: Covered) -> None:
    """Write down what was recorded of these sources (their digest)."""
    names = sorted(
        {name for files in covered.values() for lines in files.values() for some in lines.values() for name in some}
    )
    number = {name: index for index, name in enumerate(names)}
    plain = {
        service: {
            path: {line: sorted(number[name] for name in some) for line, some in lines.items()}
            for path, lines in files.items()
        }
        for service, files in covered.items()
    }
    file.write_text(json.dumps({"sources": sources, "scenarios": names, "lines": plain}), "utf-8")


def kept(file: Path, sources: str) -> Covered | None:
    """What was recorded of these very sources; None: nothing, or of others."""
    try:
        written = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    if written["sources"] != sources:
        return None
    names = written["scenarios"]
    return {
        service: {
            path: {int(line): frozenset(names[index] for index in some) for line, some in lines.items()}
            for path, lines in files.items()
        }
        for service, files in written["lines"].items()
    }


def _without_empty(found: Mapping[str, Mapping[str, Mapping[int, set[str]]]]) -> Covered:
    return {
        service: {
            path: {line: frozenset(some) for line, some in lines.items() if some} for path, lines in files.items()
        }
        for service, files in found.items()
    }
