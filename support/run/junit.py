"""JUnit files for CI systems, one for each feature, made from the same records as results.json."""

import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from xml.etree import ElementTree

from support.run.record import ScenarioRecord
from support.scenario.verdict import Verdict

# XML 1.0 has no place for these, however they are written.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TERMINAL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def write_junit(directory: Path, records: Iterable[ScenarioRecord]) -> None:
    """Write `TESTS-<category>.<feature>.xml` for each feature file, in place of those of an earlier run."""
    directory.mkdir(parents=True, exist_ok=True)
    for left_by_an_earlier_run in directory.glob("TESTS-*.xml"):
        left_by_an_earlier_run.unlink()
    by_file = sorted(records, key=lambda record: record.file)
    for file, group in groupby(by_file, key=lambda record: record.file):
        name = ".".join(Path(file).with_suffix("").parts).removeprefix("features.")
        ElementTree.ElementTree(_suite(name, list(group))).write(
            directory / f"TESTS-{name}.xml", encoding="utf-8", xml_declaration=True
        )


def _suite(name: str, records: Sequence[ScenarioRecord]) -> ElementTree.Element:
    cases = [_case(name, record) for record in records]
    counts = {kind: sum(case.find(kind) is not None for case in cases) for kind in ("failure", "error", "skipped")}
    suite = ElementTree.Element(
        "testsuite",
        name=_clean(f"{name}: {records[0].feature}"),
        tests=str(len(cases)),
        failures=str(counts["failure"]),
        errors=str(counts["error"]),
        skipped=str(counts["skipped"]),
        time=f"{sum(record.seconds for record in records):.3f}",
    )
    suite.extend(cases)
    return suite


def _case(name: str, record: ScenarioRecord) -> ElementTree.Element:
    """A scenario; its rule, with the promise, is part of the name of its class: titles may be the same in two rules."""
    place = f"{name}.{record.promise} {record.rule}".strip().rstrip(".")
    case = ElementTree.Element(
        "testcase", classname=_clean(place), name=_clean(record.scenario), time=f"{record.seconds:.3f}"
    )
    reason = record.reason
    if record.status in ("skipped", "untested"):
        ElementTree.SubElement(case, "skipped", message=_clean(reason))
    elif record.status != "passed":
        verdict = record.verdict.value if record.verdict else ""
        kind = "failure" if record.verdict is Verdict.VIOLATED else "error"
        first = next(iter(reason.splitlines()), "")
        message = f"{verdict} at: {record.failed_step or 'no step'}: {first}"
        ElementTree.SubElement(case, kind, message=_clean(message), type=verdict).text = _clean(reason)
    steps = "\n".join(
        f"{step.keyword} {step.name} ... {step.status} in {step.duration_seconds:.3f} s" for step in record.steps
    )
    ElementTree.SubElement(case, "system-out").text = _clean(f"{steps}\nevidence: {record.evidence or 'none'}\n")
    return case


def _clean(text: str) -> str:
    return _NO_XML.sub("�", _TERMINAL.sub("", text))
