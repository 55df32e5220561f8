"""A scenario as it is written to the results: plain values out of behave's model, judged."""

import traceback
from collections.abc import Iterable, Mapping
from typing import Any

from support.redaction import redact
from support.run.plan import name_of
from support.scenario.evidence import Subject, evidence_path
from support.scenario.verdict import Verdict, verdict_of_step

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
        promise=next((tag for tag in tags if _is_promise(tag)), ""),
        scenario=scenario.name,
        tags=tags,
    )


def _is_promise(tag: str) -> bool:
    area, _, number = tag.partition("-")
    return len(area) == 3 and area.isupper() and len(number) == 2 and number.isdigit()


def steps_of(scenario: Any) -> list[dict[str, Any]]:
    """The steps as they went; times in seconds."""
    return [_step(step) for step in scenario.all_steps]


def _step(step: Any) -> dict[str, Any]:
    return {
        "keyword": step.keyword,
        "name": step.name,
        "step_type": step.step_type,
        "status": step.status.normalized_name,
        "duration_seconds": round(step.duration, 4),
        "location": f"{step.filename}:{step.line}",
        "error": redact(_error_of(step)) if step.status.has_failed() else "",
        **({"table": [list(step.table.headings), *(list(row) for row in step.table)]} if step.table else {}),
        **({"text": str(step.text)} if step.text else {}),
    }


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


def verdict_of_steps(scenario: Any) -> Verdict:
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


def record_of(scenario: Any, evidence: Mapping[str, Any] | None) -> dict[str, Any]:
    """Everything the results say about a scenario.

    :param evidence: the scenario's evidence as it was written; None when there is none (skipped, or behave stopped
        before its end).
    """
    subject = subject_of(scenario)
    status = scenario.status.name
    steps = steps_of(scenario)
    findings = list(evidence["findings"]) if evidence else []
    steps += [_examination(finding) for finding in findings]
    verdict = _verdict(scenario, status, evidence)
    red = next((step for step in steps if step["status"] not in ("passed", "skipped", "untested")), None)
    reason = (
        scenario.skip_reason or "" if status == "skipped" else red["error"] if red else scenario.error_message or ""
    )
    return {
        "name": name_of(scenario),
        "feature": subject.feature,
        "file": subject.file,
        "line": subject.line,
        "rule": subject.rule,
        "promise": subject.promise,
        "scenario": subject.scenario,
        "tags": list(subject.tags),
        "category": _category(subject),
        "stage": next((tag for tag in subject.tags if tag in STAGES), ""),
        "value": value_of(scenario.feature.description),
        "status": status,
        "verdict": None if status == "skipped" else verdict.value,
        "failed_step": f"{red['keyword']} {red['name']}" if red else "",
        "reason": redact(reason),
        "steps": steps,
        "duration_seconds": round(scenario.duration, 4),
        "budgets": _most_used(evidence["budgets"]) if evidence else [],
        "observations": list(evidence["observations"])[-3:] if evidence and status != "passed" else [],
        "evidence": f"evidence/{evidence_path(subject.file, subject.scenario, subject.line)}" if evidence else "",
    }


def record_unplayed(scenario: Any, status: str, reason: str) -> dict[str, Any]:
    """The record of a scenario of which nothing was observed: ``untested`` (never begun) or ``error`` (broken off)."""
    record = record_of(scenario, None)
    return record | {"status": status, "verdict": Verdict.INCONCLUSIVE.value, "reason": reason, "seconds": 0.0}


def _most_used(uses: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Of several uses of one budget the one that came closest to its limit; the evidence has them all."""
    most: dict[str, Mapping[str, Any]] = {}
    for use in uses:
        if use["budget"] not in most or use["share"] > most[use["budget"]]["share"]:
            most[use["budget"]] = use
    return list(most.values())


def _verdict(scenario: Any, status: str, evidence: Mapping[str, Any] | None) -> Verdict:
    if evidence is None:
        # Nothing was examined afterwards, so nothing is proven.
        steps = verdict_of_steps(scenario)
        return Verdict.INCONCLUSIVE if steps is Verdict.PROVEN else steps
    verdict = Verdict(evidence["verdict"])
    return Verdict.INCONCLUSIVE if verdict is Verdict.PROVEN and status != "passed" else verdict


def _examination(finding: str) -> dict[str, Any]:
    name, _, error = finding.partition(": ")
    return {
        "keyword": "After",
        "name": f"the {name} finds nothing",
        "step_type": "after",
        "status": "failed",
        "duration_seconds": 0.0,
        "location": "",
        "error": error,
    }


def _category(subject: Subject) -> str:
    parts = subject.file.replace("\\", "/").split("/")
    return parts[parts.index("features") + 1] if "features" in parts[:-2] else ""
