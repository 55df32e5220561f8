"""Making the record of a scenario: plain values out of behave's model and of the checks after it, judged once."""

import traceback
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from support.promises import promise_among
from support.run.plan import TIMING, name_of
from support.run.record import ScenarioRecord, StepRecord
from support.scenario.budgets import BudgetUse
from support.scenario.evidence import Aftermath, Finding, Subject, evidence_path
from support.scenario.verdict import (
    NOT_RUN,
    STATUSES,
    NotShown,
    Verdict,
    verdict_of_error,
    verdict_of_step,
    worst,
)

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


def _step(step: Any, blind: str) -> StepRecord:
    status = step.status.normalized_name
    if step.status.has_failed() and status in ("failed", "error", "hook_error"):
        status = STATUSES[_unless_blind(_verdict_of_step(step), blind)]
    return StepRecord(
        keyword=step.keyword,
        name=step.name,
        step_type=step.step_type,
        status=status,
        duration_seconds=round(step.duration, 4),
        location=f"{step.filename}:{step.line}",
        error=_with(blind, _error_of(step)) if step.status.has_failed() else "",
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


def _verdict_of_step(step: Any) -> Verdict:
    return verdict_of_step(step.step_type, step.status.normalized_name, step.exception)


def _verdict_of_steps(scenario: Any) -> Verdict:
    """The verdict of the steps: that of the first which did not pass; without one that judges nothing is shown."""
    for step in scenario.all_steps:
        if step.status.normalized_name != "passed":
            return _verdict_of_step(step)
    return Verdict.PROVEN if _judges(scenario) else Verdict.INCONCLUSIVE


def _judges(scenario: Any) -> bool:
    return any(step.step_type == "then" for step in scenario.all_steps)


def _unless_blind(verdict: Verdict, blind: str) -> Verdict:
    return Verdict.INCONCLUSIVE if blind and verdict is Verdict.VIOLATED else verdict


def _with(blind: str, error: str) -> str:
    return f"{blind}\n{error}" if blind else error


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
    findings = aftermath.findings if aftermath else ()
    blind = _blind(aftermath)
    steps = [
        *(_step(step, blind) for step in scenario.all_steps),
        *(_check(finding, blind) for finding in findings),
    ]
    verdict = _verdict(scenario, aftermath)
    red = next((step for step in steps if step.is_red), None)
    reason = "" if verdict is Verdict.PROVEN else red.error if red else _why_nothing_is_shown(scenario, blind)
    status = STATUSES[verdict]
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
        verdict=verdict,
        reason=reason,
        steps=steps,
        duration_seconds=round(scenario.duration, 4),
        budgets=_most_used(aftermath.budgets) if aftermath else (),
        observations=aftermath.evidence.observations[-3:] if aftermath and verdict is not Verdict.PROVEN else (),
        evidence=f"evidence/{evidence_path(subject)}" if aftermath else "",
        started_at=aftermath.evidence.started_wall.isoformat(timespec="milliseconds") if aftermath else "",
    )


def record_not_run(scenario: Any, reason: str) -> ScenarioRecord:
    """The record of a scenario that was to be played and was never begun."""
    return replace(record_broken_off(scenario, reason), status=NOT_RUN)


def record_broken_off(scenario: Any, reason: str) -> ScenarioRecord:
    """The record of a scenario of which nothing is known but that it was begun."""
    return replace(
        record_of(scenario, None), status=STATUSES[Verdict.INCONCLUSIVE], verdict=Verdict.INCONCLUSIVE, reason=reason
    )


def without_evidence(record: ScenarioRecord, why: str) -> ScenarioRecord:
    """The record of a scenario of which nothing can be shown: on a full disk the platform may fail, too."""
    return replace(
        record,
        status=STATUSES[Verdict.INCONCLUSIVE],
        verdict=Verdict.INCONCLUSIVE,
        reason=f"{why}\n{record.reason}".strip(),
        evidence="",
    )


def _verdict(scenario: Any, aftermath: Aftermath | None) -> Verdict | None:
    """None: it was not to be played here, for a reason that was given before any of its steps."""
    status = scenario.status.name
    if status == "skipped" and scenario.skip_reason and aftermath is None:
        return None
    steps = _verdict_of_steps(scenario)
    verdict = worst(steps, aftermath.verdict) if aftermath else steps
    # Where nothing was checked afterwards, or something else went wrong, nothing is proven.
    if verdict is Verdict.PROVEN and (
        aftermath is None or status != "passed" or (_blind(aftermath) and _times(scenario))
    ):
        return Verdict.INCONCLUSIVE
    return _unless_blind(verdict, _blind(aftermath))


def _times(scenario: Any) -> bool:
    return TIMING in scenario.effective_tags


def _blind(aftermath: Aftermath | None) -> str:
    """Why whatever went wrong shows nothing; "" when the observer was at work all the time."""
    if aftermath is None or not aftermath.suspended:
        return ""
    return (
        f"nothing is shown: the observer was suspended for {aftermath.suspended:.1f} s during the scenario or shortly "
        "before (a stopped process, a sleeping or overloaded machine)"
    )


def _why_nothing_is_shown(scenario: Any, blind: str) -> str:
    """Where no step is to blame."""
    if scenario.status.name == "skipped":
        return scenario.skip_reason or "it was skipped without a reason"
    if scenario.error_message or blind:
        return str(scenario.error_message or blind)
    return "nothing was checked after it" if _judges(scenario) else "it has no step that judges (Then)"


def _check(finding: Finding, blind: str) -> StepRecord:
    status = STATUSES[_unless_blind(verdict_of_error(finding.error), blind)]
    error = _with(blind, str(finding.error))
    return StepRecord("After", f"the {finding.oracle} finds nothing", "after", status, error=error)


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
