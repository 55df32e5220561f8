"""JUnit files for CI systems, one for each feature, made from the same records as results.json.

The standard library writes the XML: the few elements need no more, and what XML cannot hold no record has.
"""

import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from xml.etree import ElementTree

from support.run.record import ScenarioRecord
from support.scenario.verdict import Verdict

_LONGEST_NAME = 120
_LONGEST_MESSAGE = 500


def prepare_junit(directory: Path, shard: str = "") -> None:
    """Remove what an earlier run wrote, which must not stand for one that never comes to write its own.

    :param shard: the part of a run on several machines, "2/4"; the files of the others stay.
    :raises OSError: the directory cannot be made or written to.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=directory) as probe:
        probe.write(b"writable")
    for left_by_an_earlier_run in directory.glob(f"{_prefix(shard)}*.xml"):
        left_by_an_earlier_run.unlink()


def write_junit(directory: Path, records: Iterable[ScenarioRecord], shard: str = "") -> None:
    """Write `TESTS-<category>.<feature>.xml` for each feature file, in place of those of an earlier run; `shard` as for
    `prepare_junit`."""
    prepare_junit(directory, shard)
    taken: Counter[str] = Counter()
    by_file = sorted(records, key=lambda record: record.file)
    for file, group in groupby(by_file, key=lambda record: record.file):
        name = _name_of(file)
        stem = re.sub(r"[^\w.-]+", "-", name)[-_LONGEST_NAME:]
        taken[stem] += 1
        number = f"-{taken[stem]}" if taken[stem] > 1 else ""
        ElementTree.ElementTree(_suite(f"{name}{number}", list(group))).write(
            directory / f"{_prefix(shard)}{stem}{number}.xml", encoding="utf-8", xml_declaration=True
        )


def _prefix(shard: str) -> str:
    return f"TESTS-{shard.replace('/', '-of-')}." if shard else "TESTS-"


def _name_of(file: str) -> str:
    """features/api/limits.feature is api.limits."""
    parts = [part for part in Path(file).with_suffix("").parts if part not in ("/", "..")]
    return ".".join(parts).removeprefix("features.")


def _suite(name: str, records: Sequence[ScenarioRecord]) -> ElementTree.Element:
    cases: list[ElementTree.Element] = []
    seen: Counter[tuple[str | None, str | None]] = Counter()
    for record in records:
        case = _case(name, record)
        key = (case.get("classname"), case.get("name"))
        seen[key] += 1
        if seen[key] > 1:
            # CI systems take two cases of one name for one that ran twice.
            case.set("name", f"{record.scenario} (line {record.line})")
        cases.append(case)
    counts = {kind: sum(case.find(kind) is not None for case in cases) for kind in ("failure", "error", "skipped")}
    suite = ElementTree.Element(
        "testsuite",
        name=f"{name}: {records[0].feature}",
        tests=str(len(cases)),
        failures=str(counts["failure"]),
        errors=str(counts["error"]),
        skipped=str(counts["skipped"]),
        time=f"{sum(record.seconds for record in records):.3f}",
    )
    if began := min((record.started_at for record in records if record.started_at), default=""):
        suite.set("timestamp", began)
    suite.extend(cases)
    return suite


def _case(name: str, record: ScenarioRecord) -> ElementTree.Element:
    """A scenario; its rule, with the promise, is part of the name of its class: titles may be the same in two rules."""
    # CI systems cut that name at its dots. This one only looks like one.
    rule = f"{record.promise} {record.rule}".strip().replace(".", "․")  # noqa: RUF001
    case = ElementTree.Element(
        "testcase",
        classname=f"{name}.{rule}".rstrip("."),
        name=record.scenario,
        file=record.file,
        time=f"{record.seconds:.3f}",
    )
    reason = record.reason
    if record.status in ("skipped", "untested"):
        ElementTree.SubElement(case, "skipped", message=_short(reason))
    elif record.status != "passed":
        kind = "failure" if record.verdict is Verdict.VIOLATED else "error"
        first = next(iter(reason.splitlines()), "")
        said = record.state.said
        message = f"{said} at: {_short(record.failed_step or 'no step')}: {_short(first)}"
        ElementTree.SubElement(case, kind, message=message, type=said).text = reason
    steps = "\n".join(
        f"{step.keyword} {step.name} ... {step.status} in {step.duration_seconds:.3f} s" for step in record.steps
    )
    ElementTree.SubElement(case, "system-out").text = f"{steps}\nevidence: {record.evidence or 'none'}\n"
    return case


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_MESSAGE else f"{text[:_LONGEST_MESSAGE]} ... ({len(text)} characters)"
