"""Reading `results.json`, in which a run writes what it showed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class ResultsMissing(Exception):
    """There are no results that can be read; the text is one line."""


@dataclass(frozen=True, slots=True)
class StepResult:
    """One step: its text without the keyword, and behave's status (passed, failed, error, undefined ...)."""

    name: str
    status: str

    @property
    def is_red(self) -> bool:
        """Whether this is where the scenario went wrong."""
        return self.status not in ("passed", "skipped", "untested")


@dataclass(frozen=True, slots=True)
class ScenarioResult:
    """One scenario: behave's status, and the verdict on its promise (proven, violated, inconclusive; None: skipped).

    What is examined after the steps stands among them, as "the leak canary finds nothing". `name` tells it from all
    others, `seconds` is the time that it took in its lane.
    """

    feature: str
    title: str
    tags: frozenset[str]
    status: str
    verdict: str | None
    steps: tuple[StepResult, ...]
    name: str = ""
    seconds: float = 0.0

    @property
    def red_step(self) -> str | None:
        """The text of the step that went red; None when none did."""
        return next((step.name for step in self.steps if step.is_red), None)


@dataclass(frozen=True, slots=True)
class Results:
    """All scenarios of a run, in the order in which they ran."""

    scenarios: tuple[ScenarioResult, ...]

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
        return Results(tuple(result_of(entry) for entry in written["scenarios"]))
    except FileNotFoundError:
        raise ResultsMissing(f"the run wrote no results ({path})") from None
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise ResultsMissing(f"the results are damaged ({path}: {error!r})") from None


def result_of(entry: Mapping[str, Any]) -> ScenarioResult:
    """A scenario's record as one looks at it; KeyError or TypeError when it is none."""
    return ScenarioResult(
        feature=entry["feature"],
        title=entry["scenario"],
        tags=frozenset(entry["tags"]),
        status=entry["status"],
        verdict=entry["verdict"],
        steps=tuple(StepResult(step["name"], step["status"]) for step in entry["steps"]),
        name=entry.get("name", ""),
        seconds=entry.get("seconds", 0.0),
    )
