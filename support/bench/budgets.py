"""Budgets that hold nobody to anything: the platform never comes near them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.run.results import ResultsMissing

LITTLE = 0.05


@dataclass(frozen=True, slots=True)
class ClosestUse:
    """The use of a budget that came closest to its limit, in any scenario; `used` and `limit` in `unit`."""

    budget: str
    share: float
    used: float
    limit: float
    unit: str
    scenario: str


@dataclass(frozen=True, slots=True)
class BudgetReport:
    """The closest use of every budget that a run used, least used first; `since` is when that run began."""

    since: str
    scenarios: int
    uses: tuple[ClosestUse, ...]

    @property
    def little_used(self) -> list[ClosestUse]:
        """The budgets of which less than 5 % was ever used."""
        return [use for use in self.uses if use.share < LITTLE]

    def to_json(self) -> dict[str, Any]:
        """What stands in the report of a benchmark."""
        little = [{name: getattr(use, name) for name in ClosestUse.__slots__} for use in self.little_used]
        return {"results_of": self.since, "scenarios": self.scenarios, "budgets": len(self.uses), "little_used": little}

    def lines(self) -> list[str]:
        """The little used budgets as lines for the terminal."""
        run = f"{self.scenarios} scenarios run at {self.since[:16].replace('T', ' ')}"
        if not self.uses:
            return [f"budgets: {run} used none"]
        head = (
            f"budgets of which less than {LITTLE:.0%} is ever used ({run}): {len(self.little_used)} of {len(self.uses)}"
        )
        return [head, *(_line(use) for use in self.little_used)]


def _line(use: ClosestUse) -> str:
    return f"  {use.budget:<28} {use.share:6.2%}  {use.used:.4g} of {use.limit:g} {use.unit}  {use.scenario}"


def read_budgets(results: Path) -> BudgetReport | None:
    """The budgets in a run's `results.json`, None where there was no run; ResultsMissing when it cannot be read."""
    try:
        written = json.loads(results.read_text(encoding="utf-8"))
        return BudgetReport(written["started_at"], len(written["scenarios"]), _closest(written["scenarios"]))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise ResultsMissing(f"the results are damaged ({results}: {error!r})") from None


def _closest(scenarios: Sequence[Mapping[str, Any]]) -> tuple[ClosestUse, ...]:
    closest: dict[str, ClosestUse] = {}
    for scenario in scenarios:
        for use in scenario["budgets"]:
            name = use["budget"]
            if name not in closest or use["share"] > closest[name].share:
                closest[name] = ClosestUse(
                    name, use["share"], use["used"], use["limit"], use["unit"], scenario["scenario"]
                )
    return tuple(sorted(closest.values(), key=lambda use: (use.share, use.budget)))
