"""What a benchmark leaves behind: `bench.json`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from support.bench.budgets import BudgetReport
from support.bench.machine import Machine
from support.bench.measurement import Measurement
from support.redaction import redact


@dataclass(slots=True)
class Report:
    """Everything that a call of bin/bench found; `failures`: why a benchmark could not be measured, by its name."""

    began: datetime
    machine: Machine
    is_quick: bool
    measurements: list[Measurement] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)
    budgets: BudgetReport | None = None

    def to_json(self) -> Mapping[str, object]:
        """All of it."""
        return {
            "began_at": self.began.isoformat(),
            "quick": self.is_quick,
            "machine": self.machine.to_json(),
            "measurements": [measurement.to_json() for measurement in self.measurements],
            "failures": self.failures,
            "budgets": None if self.budgets is None else self.budgets.to_json(),
        }

    def write(self, path: Path) -> None:
        """Write it as JSON."""
        path.write_text(f"{redact(json.dumps(self.to_json(), indent=1, ensure_ascii=False))}\n", encoding="utf-8")

    def closing(self) -> str:
        """The last line: how many aims are met, and what could not be measured."""
        aims = [measurement.is_met for measurement in self.measurements if measurement.is_met is not None]
        counts = [f"{len(self.measurements)} measured", f"{sum(aims)} of {len(aims)} aims met"]
        return ", ".join([*counts, *_failed(list(self.failures))])


def _failed(names: Sequence[str]) -> list[str]:
    return [f"not measured: {', '.join(names)}"] if names else []
