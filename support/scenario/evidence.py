"""What a scenario observed, kept for green scenarios too: one JSON file that shows how the verdict came about."""

import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from support.platform.outcome import Outcome
from support.redaction import redact
from support.reported import reported
from support.scenario.budgets import BudgetUse
from support.scenario.verdict import Verdict, verdict_of_error, worst

_SHOWN = 1000
_LAST = 40
"""So many of the frames of a connection are kept."""


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
    answers: list[Outcome] = field(default_factory=list, repr=False)
    """What the platform answered, for the oracle of answers."""
    received: list[dict[str, Any]] = field(default_factory=list)

    def note(self, what: str, **details: object) -> None:
        """Put an entry into the timeline."""
        self.timeline.append({**self._now(), "what": what, **details})

    def request(self, outcome: Outcome) -> None:
        """Put a request and what came of it into the timeline."""
        self.answers.append(outcome)
        if outcome.trace_id:
            self.trace_ids.add(outcome.trace_id)
        self.note(
            "request",
            who=outcome.who,
            method=outcome.method,
            path=f"{outcome.path}?{outcome.query}" if outcome.query else outcome.path,
            **({} if outcome.sent is None else {"sent": _body(outcome.sent)}),
            status=outcome.status,
            meaning=outcome.meaning.value,
            took=round(outcome.seconds, 4),
            trace_id=outcome.trace_id,
            request_id=outcome.request_id,
            error=outcome.error,
            **({} if outcome.done else {"answer": _short(outcome.text)}),
        )

    def stream(self, connection: str, frames: Sequence[str]) -> None:
        """Keep what came last over a live connection."""
        self.received.append(
            {"connection": connection, "frames": len(frames), "last": [_short(each) for each in frames[-_LAST:]]}
        )

    def observed(self, expected: str, observed: object, verdict: Verdict, reason: str = "") -> None:
        """Keep one comparison of what was expected with what was seen."""
        self.observations.append(
            {
                **self._now(),
                "expected": expected,
                "observed": _short(str(observed) if isinstance(observed, Outcome) else repr(observed)),
                "verdict": verdict.value,
                "reason": reason,
            }
        )

    @property
    def shows_violation(self) -> bool:
        """Whether something was seen that breaks the promise."""
        return any(seen["verdict"] == Verdict.VIOLATED.value for seen in self.observations)

    def _now(self) -> dict[str, Any]:
        seconds = time.monotonic() - self.started_at
        return {"seconds": round(seconds, 4), "at": datetime.now(UTC).isoformat(timespec="microseconds")}

    def report(self, aftermath: "Aftermath") -> dict[str, Any]:
        """What was noted, and what the checks afterwards brought, as it goes into the file."""
        return {
            "started_at": self.started_wall.isoformat(),
            "suspended_seconds": round(aftermath.suspended, 3),
            "findings": [str(finding) for finding in aftermath.findings],
            "budgets": [use.to_json() for use in aftermath.budgets],
            "observations": self.observations,
            "timeline": self.timeline,
            "received": self.received,
            "trace_ids": sorted(self.trace_ids),
            "log_lines": list(aftermath.log_lines),
        }


@dataclass(frozen=True, slots=True)
class Finding:
    """What an oracle found after the steps."""

    oracle: str
    error: Exception

    def __str__(self) -> str:
        return redact(f"{self.oracle}: {self.error}")


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What is known of a scenario when everything was undone and checked.

    ``log_lines``: what the services logged under its trace IDs. ``suspended``: seconds for which the observer was.
    """

    evidence: Evidence
    findings: Sequence[Finding] = ()
    budgets: Sequence[BudgetUse] = ()
    log_lines: Sequence[Mapping[str, Any]] = ()
    suspended: float = 0.0

    @property
    def verdict(self) -> Verdict:
        """What the oracles say, whatever the steps were."""
        return worst(*(verdict_of_error(finding.error) for finding in self.findings))


def write_evidence(path: Path, report: Mapping[str, Any]) -> dict[str, Any]:
    """Write a report, without any secret in it, and give it as it was written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shown = reported(report)
    path.write_text(
        json.dumps(shown, ensure_ascii=False, indent=1, default=lambda value: reported(str(value))), "utf-8"
    )
    return dict(shown)


def evidence_path(subject: Subject) -> str:
    """Where a scenario's evidence lies below the evidence directory; the line tells examples apart.

    "A tool hangs" of features/agent_execution/hanging.feature:12 is agent_execution/hanging/a-tool-hangs-12.json.
    """
    parts = [part for part in Path(subject.file).with_suffix("").parts if part not in ("/", "..")]
    below = Path(*parts[1:] if parts[0] == "features" else parts)
    slug = re.sub(r"[^a-z0-9]+", "-", subject.scenario.lower()).strip("-")[:80]
    return str(below / f"{slug or 'scenario'}-{subject.line}.json")


def _body(sent: Any) -> str:
    """The body of a request; secrets are masked before it is cut, so that none is cut in two."""
    text = sent if isinstance(sent, str) else json.dumps(sent, ensure_ascii=False, default=str)
    return _short(redact(text[: 10 * _SHOWN]))


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]} ... ({len(text)} characters)"
