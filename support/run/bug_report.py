"""What a violation says to those who maintain the platform: a report in Markdown, made from a scenario's evidence.

It names what was done, what was expected and why, what came, what was logged then, and how to see it again; nobody has
to know the suite to read it.
"""

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from support.promises import text_of

Json = Mapping[str, Any]

_ENTRIES = 60
_LINES = 40
_FRAMES = 12
_LONGEST = 400


def bug_report(evidence: Json, repeat: str) -> str:
    """The report of what a scenario's evidence shows; `repeat` is the path of its file for a command line."""
    return "\n".join(_lines(evidence, repeat)) + "\n"


def command(evidence_file: str) -> str:
    """What repeats a scenario alone, as it was played."""
    return f"bin/acceptance --repro {shlex.quote(evidence_file)}"


def _lines(evidence: Json, repeat: str) -> Iterator[str]:
    platform = evidence["platform"]
    named = f"{platform['name']} {platform['version']}".strip()
    yield f"# {named}: {evidence['scenario'].strip()}"
    yield ""
    yield f"- Promise: {evidence['promise']} {text_of(evidence['promise'])}".rstrip()
    yield f"- Rule: {evidence['rule'] or evidence['feature']}"
    yield f"- Platform: {named}"
    for name, setting in platform["settings"].items():
        yield f"  - {name}={_value(setting['value'])}, not its default: {setting['reason']}"
    yield f"- Seen: {evidence['started_at']}"
    if evidence["known"]:
        yield f"- Known: {evidence['known']}"
    yield from _done(evidence)
    yield from _expected(evidence)
    yield from _came(evidence)
    yield from _logged(evidence)
    yield from ("", "## See it again", "")
    yield from _fenced([command(repeat)], "sh")
    yield ""
    yield f"It plays this scenario alone ({evidence['file']}:{evidence['line']}), with the settings that it had."


def _done(evidence: Json) -> Iterator[str]:
    yield from ("", "## What was done", "")
    for step in evidence["steps"]:
        if step["step_type"] != "after":
            yield f"- {step['keyword']} {step['name']}{' (here it went wrong)' if _is_red(step) else ''}"
            yield from (f"  | {' | '.join(row)} |" for row in step["table"])
    yield from ("", "Seconds since the beginning; a request stands where its answer had come.", "")
    told = [_told(list(alike)) for _, alike in groupby(evidence["timeline"], key=_kind)]
    if len(told) > _ENTRIES:
        told[_ENTRIES // 2 : -_ENTRIES // 2] = [f"... {len(told) - _ENTRIES} more"]
    yield from _fenced(told)


def _kind(entry: Json) -> Any:
    """What a request has in common with those that ask the same again and are answered alike."""
    return (
        [entry.get(name) for name in ("who", "method", "path", "sent", "status")] if _is_request(entry) else id(entry)
    )


def _told(alike: Sequence[Json]) -> str:
    first = _entry(alike[0])
    more = f"{'':10}   ... and {len(alike) - 1} times more, until {alike[-1]['seconds']:.3f}"
    return f"{first}\n{more}" if len(alike) > 1 else first


def _entry(entry: Json) -> str:
    at = f"{entry['seconds']:8.3f}"
    if not _is_request(entry):
        details = {name: value for name, value in entry.items() if name not in ("seconds", "at", "what")}
        said = " ".join(f"{name}={_value(value)}" for name, value in details.items() if value is not None)
        return _short(f"{at}  {entry['what']}: {said}".rstrip(" :"))
    sent = f" {entry['sent']}" if "sent" in entry else ""
    lines = [_short(f"{at}  {entry['who']}: {entry['method']} {entry['path']}{sent}")]
    came = f"no answer: {entry['error']}" if entry["status"] is None else f"{entry['status']} {entry['meaning']}"
    number = f", request ID {entry['request_id']}" if entry["request_id"] else ""
    lines.append(f"{'':10}-> {came} after {entry['took']:.3f} s{number}")
    if entry.get("answer"):
        lines.append(_short(f"{'':13}{entry['answer']}"))
    return "\n".join(lines)


def _expected(evidence: Json) -> Iterator[str]:
    yield from ("", "## What was expected", "")
    red = next((step for step in evidence["steps"] if _is_red(step)), None)
    said = f"So: {evidence['failed_step']}"
    if red and red["step_type"] == "after":
        said = f"Besides, after whatever happens, {red['name']}"
    yield f"{_sentence(text_of(evidence['promise']) or evidence['rule'])} {said}."
    if seen := _last(evidence):
        yield from ("", *_fenced([seen["expected"]]))
    for use in evidence["budgets"]:
        if use["share"] > 1:
            yield f"- {use['budget']}: at most {use['limit']:g} {use['unit']}"


def _came(evidence: Json) -> Iterator[str]:
    yield from ("", "## What came", "")
    yield from _fenced(evidence["reason"].splitlines() or ["(nothing)"])
    if seen := _last(evidence):
        yield from ("", f"Observed {seen['seconds']:.3f} s after the beginning:", "")
        yield from _fenced([seen["observed"]])
    for stream in evidence["received"]:
        if stream["last"]:
            last = stream["last"][-_FRAMES:]
            yield from ("", f"The last of {stream['frames']} frames on {stream['connection']}:", "")
            yield from _fenced([_short(frame) for frame in last])


def _logged(evidence: Json) -> Iterator[str]:
    lines = evidence["log_lines"]
    yield from ("", "## What was logged", "")
    if not lines:
        yield "Nothing that belongs to these requests."
        return
    if len(lines) > _LINES:
        yield from (f"The last {_LINES} of {len(lines)} lines; all are in the evidence.", "")
    yield from _fenced([_short(json.dumps(line, ensure_ascii=False)) for line in lines[-_LINES:]])


def _last(evidence: Json) -> Json | None:
    """The observation that went against the promise."""
    broken = [seen for seen in evidence["observations"] if seen["verdict"] == "violated"]
    return broken[-1] if broken else None


def _fenced(lines: Sequence[str], language: str = "") -> Iterator[str]:
    """As code, however many backquotes there are in it."""
    fence = "```"
    while any(fence in line for line in lines):
        fence += "`"
    yield from (f"{fence}{language}", *lines, fence)


def _is_request(entry: Json) -> bool:
    return bool(entry["what"] == "request")


def _is_red(step: Json) -> bool:
    return step["status"] not in ("passed", "skipped", "untested")


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def _value(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ... ({len(text)} characters)"
