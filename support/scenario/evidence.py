"""What a scenario observed, kept for green scenarios too: one JSON file that shows how the verdict came about."""

import json
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from support.platform.outcome import Outcome
from support.redaction import redact
from support.scenario.budgets import BudgetUse
from support.scenario.verdict import Verdict

_SHOWN = 1000


@dataclass(frozen=True, slots=True)
class Subject:
    """Which scenario the evidence is about."""

    feature: str
    file: str
    line: int
    rule: str
    promise: str
    scenario: str
    tags: tuple[str, ...] = ()


@dataclass(slots=True)
class Evidence:
    """What is noted while a scenario runs. Times are seconds since its start, and the wall clock beside them."""

    subject: Subject
    started_at: float = field(default_factory=time.monotonic)
    started_wall: datetime = field(default_factory=lambda: datetime.now(UTC))
    timeline: list[dict[str, Any]] = field(default_factory=list)
    observations: list[dict[str, Any]] = field(default_factory=list)
    trace_ids: set[str] = field(default_factory=set)

    def note(self, what: str, **details: object) -> None:
        """Put an entry into the timeline."""
        self.timeline.append({**self._now(), "what": what, **details})

    def request(self, outcome: Outcome) -> None:
        """Put a request and what came of it into the timeline."""
        if outcome.trace_id:
            self.trace_ids.add(outcome.trace_id)
        self.note(
            "request",
            method=outcome.method,
            path=outcome.path,
            status=outcome.status,
            meaning=outcome.meaning.value,
            seconds=round(outcome.seconds, 4),
            trace_id=outcome.trace_id,
            request_id=outcome.request_id,
            error=outcome.error,
            **({} if outcome.done else {"answer": _short(outcome.text)}),
        )

    def observed(self, expected: str, observed: object, verdict: Verdict, reason: str = "") -> None:
        """Keep one comparison of what was expected with what was seen."""
        self.observations.append(
            {
                **self._now(),
                "expected": expected,
                "observed": _short(repr(observed)),
                "verdict": verdict.value,
                "reason": reason,
            }
        )

    def _now(self) -> dict[str, Any]:
        seconds = time.monotonic() - self.started_at
        return {"seconds": round(seconds, 4), "at": datetime.now(UTC).isoformat(timespec="microseconds")}

    def report(
        self,
        verdict: Verdict,
        budgets: Iterable[BudgetUse],
        log_lines: Iterable[Mapping[str, Any]],
        findings: Iterable[str] = (),
        steps: Iterable[Mapping[str, Any]] = (),
    ) -> dict[str, Any]:
        """Everything, as it goes into the file."""
        return {
            "feature": self.subject.feature,
            "file": self.subject.file,
            "line": self.subject.line,
            "rule": self.subject.rule,
            "promise": self.subject.promise,
            "scenario": self.subject.scenario,
            "tags": list(self.subject.tags),
            "verdict": verdict.value,
            "started_at": self.started_wall.isoformat(),
            "seconds": round(time.monotonic() - self.started_at, 4),
            "findings": list(findings),
            "steps": list(steps),
            "budgets": [
                {
                    "budget": use.budget,
                    "limit": use.limit,
                    "used": round(use.used, 6),
                    "unit": use.unit,
                    "share": round(use.share, 4),
                }
                for use in budgets
            ],
            "observations": self.observations,
            "timeline": self.timeline,
            "trace_ids": sorted(self.trace_ids),
            "log_lines": list(log_lines),
        }


def write_evidence(path: Path, report: Mapping[str, Any]) -> None:
    """Write a report, without any secret in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(redact(json.dumps(report, ensure_ascii=False, indent=1, default=str)), "utf-8")


def read_evidence(directory: Path, subject: Subject) -> dict[str, Any] | None:
    """The evidence of a scenario as it was written; None when there is none."""
    path = directory / evidence_path(subject.file, subject.scenario, subject.line)
    try:
        read: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    return read


def evidence_path(file: str, scenario: str, line: int) -> str:
    """Where a scenario's evidence lies below the evidence directory; the line tells examples apart.

    >>> evidence_path("features/agent_execution/hanging.feature", "A tool hangs", 12)
    'agent_execution/hanging/a-tool-hangs-12.json'
    """
    below = Path(file).with_suffix("")
    parts = below.parts[below.parts.index("features") + 1 :] if "features" in below.parts else (below.name,)
    slug = re.sub(r"[^a-z0-9]+", "-", scenario.lower()).strip("-")[:80]
    return str(Path(*parts) / f"{slug}-{line}.json")


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]} ... ({len(text)} characters)"
