"""Making the record of a scenario: plain values out of behave's model and of the checks after it, judged once."""

import traceback
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from support.promises import promise_among
from support.run.plan import name_of
from support.run.record import ScenarioRecord, StepRecord
from support.scenario.budgets import BudgetUse
from support.scenario.evidence import Aftermath, Finding, Subject, evidence_path
from support.scenario.verdict import NotShown, Verdict, verdict_of_step, worst

VALUE_LINES = ("Segment", "Business goal", "Value impact", "Strategic impact")
STAGES = ("smoke", "gate", "nightly")


def subject_of(scenario: Any) -> Subject:
    """Which scenario it is: its feature, rule and promise."""
    rule = scenario.parent if getattr(scenario.parent, "type", "") == "rule" else None
    if rule is None and getattr(scenario.parent, "parent", None) is not None:  # an example of an outline
        rule = scenario.parent.parent if getattr(scenario.parent.parent, "type", "") == "rule" else None
    tags = tuple(sorted(str(tag) for tag in scenario.effective_tags))
    return Subject(
        feature=scenario.feature.name,
        file=scenario.filename,
        line=scenario.line,
        rule=rule.name if rule else "",
        promise=promise_among(tags),
        scenario=scenario.name,
        tags=tags,
    )


def _step(step: Any) -> StepRecord:
    return StepRecord(
        keyword=step.keyword,
        name=step.name,
        step_type=step.step_type,
        status=step.status.normalized_name,
        duration_seconds=round(step.duration, 4),
        location=f"{step.filename}:{step.line}",
        error=_error_of(step) if step.status.has_failed() else "",
        table=[list(step.table.headings), *(list(row) for row in step.table)] if step.table else (),
        text=str(step.text or ""),
    )


def _error_of(step: Any) -> str:
    error = step.exception
    if error is None:
        return step.error_message or f"the step is {step.status.normalized_name}"
    if isinstance(error, AssertionError):
        return str(error)
    frames = traceback.extract_tb(step.exc_traceback or error.__traceback__)
    # What behave does on the way to a step helps nobody.
    own = [frame for frame in frames if "site-packages" not in frame.filename]
    places = "".join(f"\n  at {frame.filename}:{frame.lineno} in {frame.name}" for frame in reversed(own[-4:]))
    return f"{type(error).__name__}: {error}{places}"


def _verdict_of_steps(scenario: Any) -> Verdict:
    """The verdict of the steps: that of the first which did not pass; one without steps shows nothing."""
    steps = list(scenario.all_steps)
    for step in steps:
        if step.status.normalized_name != "passed":
            return verdict_of_step(step.step_type, step.status.normalized_name, step.exception)
    return Verdict.PROVEN if steps else Verdict.INCONCLUSIVE


def value_of(description: Iterable[str]) -> dict[str, str]:
    """The business value that a feature's narrative states."""
    found = {}
    for line in description:
        name, colon, text = line.partition(":")
        if colon and name.strip() in VALUE_LINES:
            found[name.strip()] = text.strip()
    return found


class Spoiled(AssertionError):
    """The steps of a scenario passed, and an oracle found something after them."""


def raise_findings(aftermath: Aftermath) -> None:
    """Make a scenario red of which an oracle has found something.

    :raises Spoiled: its promise, or another one, is violated.
    :raises NotShown: an oracle could not judge.
    """
    if aftermath.findings:
        spoiled = aftermath.verdict is Verdict.VIOLATED
        raise (Spoiled if spoiled else NotShown)("; ".join(str(finding) for finding in aftermath.findings))


def record_of(scenario: Any, aftermath: Aftermath | None) -> ScenarioRecord:
    """Everything a run says about a scenario.

    :param aftermath: what the checks after it found; None when there were none (it was skipped, or behave stopped
        before its end).
    """
    subject = subject_of(scenario)
    status = scenario.status.name
    findings = aftermath.findings if aftermath else ()
    steps = [*map(_step, scenario.all_steps), *map(_check, findings)]
    red = next((step for step in steps if step.is_red), None)
    reason = scenario.skip_reason or "" if status == "skipped" else red.error if red else scenario.error_message or ""
    return ScenarioRecord(
        name=name_of(scenario),
        feature=subject.feature,
        file=subject.file,
        line=subject.line,
        rule=subject.rule,
        promise=subject.promise,
        scenario=subject.scenario,
        tags=subject.tags,
        category=_category(subject),
        stage=next((tag for tag in subject.tags if tag in STAGES), ""),
        value=value_of(scenario.feature.description),
        status=status,
        verdict=None if status == "skipped" else _verdict(scenario, aftermath),
        reason=reason,
        steps=steps,
        duration_seconds=round(scenario.duration, 4),
        budgets=_most_used(aftermath.budgets) if aftermath else (),
        observations=aftermath.evidence.observations[-3:] if aftermath and status != "passed" else (),
        evidence=f"evidence/{evidence_path(subject)}" if aftermath else "",
        started_at=aftermath.evidence.started_wall.isoformat(timespec="milliseconds") if aftermath else "",
    )


def record_unplayed(scenario: Any, status: str, reason: str) -> ScenarioRecord:
    """The record of a scenario of which nothing was observed: ``untested`` (never begun) or ``error`` (broken off)."""
    return replace(record_of(scenario, None), status=status, verdict=Verdict.INCONCLUSIVE, reason=reason)


def _verdict(scenario: Any, aftermath: Aftermath | None) -> Verdict:
    steps = _verdict_of_steps(scenario)
    verdict = worst(steps, aftermath.verdict) if aftermath else steps
    # Where nothing was checked afterwards, or something else went wrong, nothing is proven.
    is_complete = aftermath is not None and scenario.status.name == "passed"
    return Verdict.INCONCLUSIVE if verdict is Verdict.PROVEN and not is_complete else verdict


def _check(finding: Finding) -> StepRecord:
    return StepRecord("After", f"the {finding.oracle} finds nothing", "after", "failed", error=str(finding.error))


def _most_used(uses: Iterable[BudgetUse]) -> list[dict[str, Any]]:
    """Of several uses of one budget the one that came closest to its limit; the evidence has them all."""
    most: dict[str, BudgetUse] = {}
    for use in uses:
        if use.budget not in most or use.share > most[use.budget].share:
            most[use.budget] = use
    return [use.to_json() for use in most.values()]


def _category(subject: Subject) -> str:
    parts = subject.file.replace("\\", "/").split("/")
    return parts[parts.index("features") + 1] if "features" in parts[:-2] else ""
