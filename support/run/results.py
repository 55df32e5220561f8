"""Reading `results.json`, in which a run writes what it showed."""

import json
from dataclasses import dataclass
from pathlib import Path

from support.run.record import ScenarioRecord

ANSWERED = 64
"""The exit code of the process that runs behave when it played nothing because it was only asked a question."""


class ResultsMissing(Exception):
    """There are no results that can be read; the text is one line."""


@dataclass(frozen=True, slots=True)
class Results:
    """All scenarios of a run, in the order in which they ran; `ended_by` names the signal that ended it early."""

    scenarios: tuple[ScenarioRecord, ...]
    ended_by: str = ""

    @property
    def passed(self) -> int:
        """How many promises were shown."""
        return self._count("passed")

    @property
    def skipped(self) -> int:
        """How many were left out, with a reason."""
        return self._count("skipped")

    @property
    def not_run(self) -> int:
        """How many were never begun, because the run ended before."""
        return self._count("untested")

    @property
    def failed(self) -> int:
        """How many were played and not shown: violated or inconclusive."""
        return len(self.scenarios) - self.passed - self.skipped - self.not_run

    @property
    def summary(self) -> str:
        """The closing line."""
        return closing(self.passed, self.failed, self.skipped, self.not_run)

    def _count(self, status: str) -> int:
        return sum(scenario.status == status for scenario in self.scenarios)


def closing(passed: int, failed: int, skipped: int, not_run: int) -> str:
    """The closing line of a run."""
    return f"{passed} passed, {failed} failed, {skipped} skipped" + (f", {not_run} not run" if not_run else "")


def read_results(path: Path) -> Results:
    """Read a run's `results.json`; raises ResultsMissing."""
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
        scenarios = tuple(ScenarioRecord.from_json(entry) for entry in written["scenarios"])
        return Results(scenarios, str(written.get("ended_by", "")))
    except FileNotFoundError:
        raise ResultsMissing(f"the run wrote no results ({path})") from None
    except (ValueError, KeyError, TypeError) as error:
        raise ResultsMissing(f"the results are damaged ({path}: {error!r})") from None
