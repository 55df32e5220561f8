"""What a run leaves for readers and machines: results.json, the page, JUnit files, and the durations for the next."""

import json
import os
import platform
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from support.refusal import Refusal
from support.run import durations
from support.run.junit import write_junit
from support.run.page import render
from support.run.record import ScenarioRecord
from support.run.state import State
from support.settings import CHECKOUT, Settings
from support.stack.keeping import fingerprint

if TYPE_CHECKING:
    from support.platform.target import Target

_RESERVED_BYTES = 4 * 1024**2
"""Kept free for the reports: a disk that evidence and logs have filled must not cost them."""


class Reporting:
    """Gathers the records of a run, and writes them in the order of the run, whoever played them when."""

    def __init__(self, settings: Settings, target: "Target", lanes: int, junit: Path | None) -> None:
        """`junit`: the folder for JUnit files; None: there are to be none.

        :raises Refusal: there is no room for reports.
        """
        self._settings = settings
        self._target = target
        self.version = ""
        """What the platform says that its version is."""
        self._lanes = lanes
        self._junit = junit
        self._records: dict[int, ScenarioRecord] = {}
        self._started = time.monotonic()
        self._started_at = datetime.now(UTC)
        # No stack is played on that has other sources than these.
        self._sources = fingerprint(CHECKOUT)
        self.ended_by = ""
        """The name of the signal that ended the run early."""
        # Old reports must not stand for a run that was killed before it could write its own.
        for report in ("results.json", "index.html"):
            (settings.reports / report).unlink(missing_ok=True)
        self._reserve = settings.reports / ".reserve"
        try:
            with self._reserve.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, _RESERVED_BYTES)
        except OSError as error:
            self._reserve.unlink(missing_ok=True)
            raise Refusal(
                f"there is no room for reports in {settings.reports} ({error.strerror}); "
                "make some or choose another with -D reports=DIR"
            ) from None

    @property
    def records(self) -> Sequence[ScenarioRecord]:
        """All records so far, in the order of the run."""
        return [self._records[index] for index in sorted(self._records)]

    @property
    def seconds(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self._started

    @property
    def sources_changed(self) -> bool:
        """Whether the platform's sources are others than when the run began: a service that was restarted had those."""
        return fingerprint(CHECKOUT) != self._sources

    @property
    def platform(self) -> str:
        """The platform that was judged, with its settings that differ from their defaults; one line."""
        named = f"platform: {self._target.name} {self.version}".rstrip()
        changed = [f"{name}={setting.shown} ({setting.reason})" for name, setting in self._target.settings.items()]
        return f"{named}, with {', '.join(changed)}" if changed else named

    @property
    def gone(self) -> list[str]:
        """The known deviations that no longer happen, a line each: all of their scenarios are proven now."""
        found = []
        for known in self._target.known.scenarios:
            own = [record for record in self.records if known.is_about(record.promise, record.scenario)]
            if own and all(record.state is State.PROVEN for record in own):
                found.append(f"the known deviation of {known.promise} does not happen any more: {known.scenario}")
        return found

    def add(self, index: int, record: ScenarioRecord) -> None:
        """A scenario has ended, or will never be played; `index` is its place in the run."""
        self._records[index] = record

    def write(self, pending: Mapping[int, ScenarioRecord] | None = None) -> list[str]:
        """Write what the run showed, and what is `pending` as it stands now; returns what could not be written.

        A report that cannot be written costs no other.
        """
        self._reserve.unlink(missing_ok=True)
        every = {**(pending or {}), **self._records}
        records, reports = [every[index] for index in sorted(every)], self._settings.reports
        results = self._results(records)
        failures = []

        def attempt(what: str, write: Callable[[], None]) -> None:
            try:
                write()
            except Exception as error:  # of whatever kind
                reason = error.strerror if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
                failures.append(f"{what} cannot be written to {reports}: {reason}")

        attempt("results.json", lambda: _replace(reports / "results.json", _json(results)))
        attempt("the page", lambda: _replace(reports / "index.html", render(results, reports)))
        junit = self._junit
        if junit is not None:
            attempt("JUnit", lambda: write_junit(junit, records, str(self._settings.shard or "")))
        if self._settings.profile == "full":
            measured = durations.measured_by(records)
            attempt("durations", lambda: durations.remember(reports / "durations.json", measured))
        return failures

    def close(self) -> None:
        """Nothing more will be written."""
        self._reserve.unlink(missing_ok=True)

    def _results(self, records: Sequence[ScenarioRecord]) -> dict[str, Any]:
        settings: dict[str, Any] = {
            name: str(getattr(self._settings, name))
            for name in ("services", "stack", "target", "mode", "order", "profile")
        }
        settings |= {"lanes": self._lanes, "shard": str(self._settings.shard or ""), "sources": self._sources[:12]}
        return {
            "started_at": self._started_at.isoformat(),
            "finished_at": datetime.now(UTC).isoformat(),
            "duration_seconds": round(self.seconds, 3),
            "ended_by": self.ended_by,
            "sources_changed": self.sources_changed,
            "settings": settings,
            "platform": self._target.described(self.version),
            "machine": {
                "processors": os.cpu_count(),
                "system": platform.platform(),
                "python": platform.python_version(),
            },
            "counts": counts(records),
            "gone": self.gone,
            "scenarios": [record.to_json() for record in records],
        }


def _json(results: Mapping[str, Any]) -> str:
    return json.dumps(results, ensure_ascii=False, indent=1)


def _replace(path: Path, text: str) -> None:
    """As a whole, or not at all."""
    fresh = path.with_name(f".{path.name}.new")
    try:
        fresh.write_text(text, "utf-8")
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def counts(records: Iterable[ScenarioRecord]) -> dict[str, int]:
    """How many passed, were skipped, were never played, and failed (whatever else there is)."""
    seen = Counter(record.status for record in records)
    others = {"passed": seen["passed"], "skipped": seen["skipped"], "not_run": seen["untested"]}
    return {"passed": seen["passed"], "failed": seen.total() - sum(others.values())} | others
