"""What a run shows: progress and failures on the terminal, results.json and a page for readers.

behave's own formatters lose parts of features with Rules, so these read the model after each scenario instead of
following every step.
"""

import json
import os
import platform
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from behave.formatter.base import Formatter, StreamOpener

from support.evidence import evidence_path
from support.records import record_of
from support.report import render
from support.settings import Settings

_GREEN, _RED, _YELLOW, _DIM, _BOLD, _PLAIN = "\033[32m", "\033[31m", "\033[33m", "\033[2m", "\033[1m", "\033[0m"
_SHOWN_LINES = 14
_SHOWN_WIDTH = 200


class ScenarioFollower(Formatter):  # type: ignore[misc]  # behave has no type marker
    """Notices when a scenario has ended, which behave tells nobody: its successor, its rule or its feature does."""

    def __init__(self, stream_opener: StreamOpener, config: Any) -> None:
        super().__init__(stream_opener, config)
        self.settings = Settings.from_userdata(config.userdata)
        self._present: Any = None

    def rule(self, rule: Any) -> None:
        """A rule begins."""
        self._leave()

    def scenario(self, scenario: Any) -> None:
        """A scenario begins."""
        self._leave()
        self._present = scenario

    def rule_finished(self) -> None:
        """A rule has ended."""
        self._leave()

    def eof(self) -> None:
        """A feature has ended."""
        self._leave()

    def finished(self, record: dict[str, Any]) -> None:
        """A scenario has ended."""
        raise NotImplementedError

    def _leave(self) -> None:
        scenario, self._present = self._present, None
        if scenario is not None and not self.config.dry_run:
            self.finished(record_of(scenario, self._evidence(scenario)))

    def _evidence(self, scenario: Any) -> dict[str, Any] | None:
        path = self.settings.evidence / evidence_path(scenario.filename, scenario.name, scenario.line)
        try:
            read: dict[str, Any] = json.loads(path.read_text("utf-8"))
        except FileNotFoundError:  # skipped, or ended before the hook that writes it
            return None
        return read


class Recorder(ScenarioFollower):
    """Writes results.json and index.html; the runner adds it whatever formatter is chosen."""

    name = "results"
    description = "results.json and index.html"

    def __init__(self, config: Any, settings: Settings) -> None:
        super().__init__(StreamOpener(filename=str(settings.reports / "results.json")), config)
        # Old results must not stand for a run that was killed before it could write its own.
        (settings.reports / "results.json").unlink(missing_ok=True)
        self._scenarios: list[dict[str, Any]] = []
        self._started = time.monotonic()
        self._started_at = datetime.now(UTC)

    def finished(self, record: dict[str, Any]) -> None:
        self._scenarios.append(record)

    def close(self) -> None:
        """Write what the run showed."""
        self._leave()
        results = {
            "started_at": self._started_at.isoformat(),
            "finished_at": datetime.now(UTC).isoformat(),
            "duration_seconds": round(time.monotonic() - self._started, 3),
            "settings": {
                name: str(getattr(self.settings, name)) for name in ("services", "stack", "target", "order", "profile")
            },
            "machine": {
                "processors": os.cpu_count(),
                "system": platform.platform(),
                "python": platform.python_version(),
            },
            "counts": counts(self._scenarios),
            "scenarios": self._scenarios,
        }
        reports = self.settings.reports
        (reports / "results.json").write_text(json.dumps(results, ensure_ascii=False, indent=1), "utf-8")
        (reports / "index.html").write_text(render(results), "utf-8")


def counts(scenarios: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """How many passed, were skipped, and failed (whatever neither passed nor was skipped)."""
    seen = Counter(scenario["status"] for scenario in scenarios)
    return {
        "passed": seen["passed"],
        "failed": len(scenarios) - seen["passed"] - seen["skipped"],
        "skipped": seen["skipped"],
    }


class Terminal(ScenarioFollower):
    """Progress, and at the end what went wrong: promise, reason, last observations, where the evidence lies."""

    name = "acceptance"
    description = "Progress by promise, failures with their reason and evidence"

    def __init__(self, stream_opener: StreamOpener, config: Any) -> None:
        super().__init__(stream_opener, config)
        self.open()
        self._live = bool(self.stream.isatty()) if hasattr(self.stream, "isatty") else False
        self._colour = self._live and config.has_colored_mode()
        self._scenarios: list[dict[str, Any]] = []
        self._shown_rule = ""
        self._feature: Any = None
        self._feature_results: list[dict[str, Any]] = []
        self._selected = 0
        self._started = time.monotonic()

    def feature(self, feature: Any) -> None:
        """A feature begins."""
        self._feature = feature
        self._feature_results = []
        if self._live:
            self._line(self._paint(feature.name, _BOLD))

    def scenario(self, scenario: Any) -> None:
        super().scenario(scenario)
        self._selected += 1
        if self._live:
            self.stream.write(f"\r\033[K    … {scenario.name}")
            self.stream.flush()

    def finished(self, record: dict[str, Any]) -> None:
        self._scenarios.append(record)
        self._feature_results.append(record)
        if self._live:
            self._show(record)

    def eof(self) -> None:
        super().eof()
        if not self._live and self._feature is not None and self._feature_results:
            seen = counts(self._feature_results)
            seconds = sum(record["duration_seconds"] for record in self._feature_results)
            marks = "".join(_mark(record) for record in self._feature_results)
            shown = os.path.relpath(self._feature.filename)
            self._line(f"{'ok    ' if not seen['failed'] else 'FAILED'} {shown} {marks} {seconds:.1f} s")

    def close(self) -> None:
        """Say how the run went."""
        self._leave()
        self._clear()
        for record in self._scenarios:
            if _mark(record) == "✗":
                self._failure(record)
        for record in self._scenarios:
            if record["status"] == "skipped":
                self._line(f"skipped: {record['scenario']} ({record['file']}:{record['line']}): {record['reason']}")
        if not self.config.dry_run:
            self._summary()
        else:
            self._line(f"{self._selected} scenarios are selected; none was run")
        self.close_stream()

    def _show(self, record: Mapping[str, Any]) -> None:
        self._clear()
        rule = f"{record['promise']} {record['rule']}".strip()
        if rule and rule != self._shown_rule:
            self._shown_rule = rule
            self._line(f"  {self._paint(rule, _DIM)}")
        mark = _mark(record)
        colour = {"✓": _GREEN, "✗": _RED}.get(mark, _YELLOW)
        seconds = f"{record['duration_seconds']:.1f} s"
        self._line(f"    {self._paint(mark, colour)} {record['scenario']} {self._paint(seconds, _DIM)}")

    def _failure(self, record: Mapping[str, Any]) -> None:
        self._line()
        title = f"✗ {record['promise']} {record['rule']}" if record["promise"] else f"✗ {record['rule']}"
        self._line(self._paint(title.rstrip(), _RED + _BOLD))
        self._line(f"  scenario: {record['scenario']} ({record['file']}:{record['line']})")
        self._line(f"  {record['verdict']} at: {record['failed_step'] or 'no step'}")
        reason = str(record["reason"]).strip().splitlines()
        for line in reason[:_SHOWN_LINES]:
            self._line(f"    {line}")
        if len(reason) > _SHOWN_LINES:
            self._line(f"    ... ({len(reason)} lines, all in the evidence)")
        if record["observations"]:
            self._line("  last observations:")
        for seen in record["observations"]:
            observed = seen["observed"].replace("\n", " ")
            self._line(f"    {seen['seconds']:.3f} s: {seen['expected'][:120]}: {observed[:_SHOWN_WIDTH]}")
        for use in record["budgets"]:
            self._line(f"  budget {use['budget']!r}: {use['share']:.0%} used of {use['limit']:g} {use['unit']}")
        if record["evidence"]:
            self._line(f"  evidence: {_shortest(self.settings.reports / record['evidence'])}")

    def _summary(self) -> None:
        seen = Counter(record["verdict"] for record in self._scenarios if record["verdict"])
        promises = len({record["promise"] for record in self._scenarios if record["promise"]})
        verdicts = ", ".join(f"{seen[name]} {name}" for name in ("proven", "violated", "inconclusive") if seen[name])
        total = counts(self._scenarios)
        self._line()
        self._line(
            f"{promises} promises, {verdicts or 'nothing shown'} in {time.monotonic() - self._started:.1f} s; "
            f"read {_shortest(self.settings.reports / 'index.html')}"
        )
        self._line(f"{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped")

    def _paint(self, text: str, colour: str) -> str:
        return f"{colour}{text}{_PLAIN}" if self._colour else text

    def _clear(self) -> None:
        if self._live:
            self.stream.write("\r\033[K")

    def _line(self, text: str = "") -> None:
        self.stream.write(f"{text}\n")
        self.stream.flush()


def _mark(record: Mapping[str, Any]) -> str:
    return {"passed": "✓", "skipped": "-"}.get(record["status"], "✗")


def _shortest(path: Path) -> str:
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative
