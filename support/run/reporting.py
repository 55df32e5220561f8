"""What a run leaves for readers and machines: results.json, the page, JUnit files, and the durations for the next."""

import json
import os
import platform
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from support.run import durations
from support.run.junit import write_junit
from support.run.page import render
from support.run.record import ScenarioRecord
from support.settings import Settings


class Reporting:
    """Gathers the records of a run, and writes them in the order of the run, whoever played them when."""

    def __init__(self, settings: Settings, lanes: int, junit: Path | None) -> None:
        """`junit`: the folder for JUnit files; None: there are to be none."""
        self._settings = settings
        self._lanes = lanes
        self._junit = junit
        self._records: dict[int, ScenarioRecord] = {}
        self._started = time.monotonic()
        self._started_at = datetime.now(UTC)
        # Old results must not stand for a run that was killed before it could write its own.
        (settings.reports / "results.json").unlink(missing_ok=True)

    @property
    def records(self) -> Sequence[ScenarioRecord]:
        """All records so far, in the order of the run."""
        return [self._records[index] for index in sorted(self._records)]

    @property
    def seconds(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self._started

    def add(self, index: int, record: ScenarioRecord) -> None:
        """A scenario has ended, or will never be played; `index` is its place in the run."""
        self._records[index] = record

    def write(self) -> None:
        """Write what the run showed."""
        records, reports = self.records, self._settings.reports
        results = {
            "started_at": self._started_at.isoformat(),
            "finished_at": datetime.now(UTC).isoformat(),
            "duration_seconds": round(self.seconds, 3),
            "settings": {
                name: str(getattr(self._settings, name)) for name in ("services", "stack", "target", "order", "profile")
            }
            | {"lanes": self._lanes, "shard": str(self._settings.shard or "")},
            "machine": {
                "processors": os.cpu_count(),
                "system": platform.platform(),
                "python": platform.python_version(),
            },
            "counts": counts(records),
            "scenarios": [record.to_json() for record in records],
        }
        (reports / "results.json").write_text(json.dumps(results, ensure_ascii=False, indent=1), "utf-8")
        (reports / "index.html").write_text(render(results), "utf-8")
        if self._junit is not None:
            write_junit(self._junit, records, str(self._settings.shard or ""))
        if self._settings.profile == "full":
            durations.remember(reports / "durations.json", durations.measured_by(records))


def counts(records: Iterable[ScenarioRecord]) -> dict[str, int]:
    """How many passed, were skipped, were never played, and failed (whatever else there is)."""
    seen = Counter(record.status for record in records)
    others = {"passed": seen["passed"], "skipped": seen["skipped"], "not_run": seen["untested"]}
    return {"passed": seen["passed"], "failed": seen.total() - sum(others.values())} | others
