"""The page for readers, made from results.json: what is red, an overview, then categories, features and promises.

One file without anything to load, so that it can be kept, mailed and opened years later. Its texts are in the template
page.html.j2, its looks in page.css.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from support.run.state import State, worst

Entry = Mapping[str, Any]
Entries = Sequence[Entry]

_HERE = Path(__file__).parent
_RED = (State.VIOLATED, State.INCONCLUSIVE)
_STATES_OF_STEPS = {"passed": State.PROVEN, "failed": State.VIOLATED} | dict.fromkeys(
    ("skipped", "untested"), State.SKIPPED
)
_NAMES = {"api": "API", "websocket": "WebSocket"}
_LONGEST_LINE = 200


@dataclass(frozen=True, slots=True)
class _Promise:
    """A promise with its scenarios; one that has no ID is known by its file and rule."""

    key: str
    scenarios: Entries

    @property
    def has_id(self) -> bool:
        return bool(self.scenarios[0]["promise"])

    @property
    def state(self) -> State:
        return _worst(self.scenarios)


@dataclass(frozen=True, slots=True)
class _Category:
    name: str
    scenarios: Entries

    @property
    def title(self) -> str:
        return title_of(self.name) or "Features"

    @property
    def promises(self) -> Sequence[_Promise]:
        return _promises(self.scenarios)

    @property
    def proven(self) -> int:
        return sum(promise.state is State.PROVEN for promise in self.promises)

    @property
    def proven_scenarios(self) -> int:
        return sum(_state(entry) is State.PROVEN for entry in self.scenarios)


def render(results: Mapping[str, Any], reports: Path | None = None) -> str:
    """The whole page, with the bug reports that lie beside the evidence in `reports`."""
    # What of a scenario is linked to is found by its number.
    numbered = [{**entry, "number": number} for number, entry in enumerate(results["scenarios"], 1)]
    ordered = sorted(numbered, key=lambda entry: (entry["category"], entry["file"], entry["line"]))
    promises = _promises(ordered)
    states = Counter(promise.state for promise in promises)
    environment = Environment(loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined)
    environment.filters |= {
        "state": _state,
        "step_state": lambda step: _STATES_OF_STEPS.get(step["status"], State.INCONCLUSIVE),
        "worst": _worst,
        "by_rule": _by_rule,
        "bug_report": lambda entry: _bug_report(entry, reports),
        "first_line": _first_line,
        "link": quote,
    }
    return environment.get_template("page.html.j2").render(
        title=_title(states),
        style=(_HERE / "page.css").read_text("utf-8"),
        told=[state for state in State if state in {_state(entry) for entry in ordered}],
        anchors={promise.scenarios[0]["number"]: promise.key for promise in promises if promise.has_id},
        platform=results["platform"],
        gone=results["gone"],
        began=f"{datetime.fromisoformat(results['started_at']):%d %B %Y, %H:%M}",
        lasted=_lasted(results["duration_seconds"]),
        counts=results["counts"],
        counted=", ".join(f"{count} {name.replace('_', ' ')}" for name, count in results["counts"].items() if count),
        tally=[(state, states[state]) for state in State if states[state]],
        scenarios=ordered,
        attention=[entry for state in _RED for entry in ordered if _state(entry) is state],
        known=[entry for entry in ordered if _state(entry) is State.KNOWN],
        categories=[
            _Category(name, list(entries)) for name, entries in groupby(ordered, key=lambda entry: entry["category"])
        ],
        settings=results["settings"],
        machine=results["machine"],
    )


def title_of(category: str) -> str:
    """A category as a heading."""
    words = " ".join(_NAMES.get(word, word) for word in category.split("_"))
    return f"{words[:1].upper()}{words[1:]}"


def _state(scenario: Entry) -> State:
    return State.said_as(scenario["state"])


def _worst(scenarios: Iterable[Entry]) -> State:
    return worst(map(_state, scenarios))


def _bug_report(scenario: Entry, reports: Path | None) -> str:
    """The text of the report beside a scenario's evidence; "" without one."""
    file = (reports or Path()) / scenario["evidence"]
    written = file.with_suffix(".md") if reports and scenario["evidence"] else None
    return written.read_text("utf-8") if written and written.is_file() else ""


def _promises(scenarios: Entries) -> list[_Promise]:
    found: dict[str, list[Entry]] = {}
    for entry in scenarios:
        found.setdefault(entry["promise"] or f"{entry['file']}: {entry['rule']}", []).append(entry)
    return [_Promise(key, entries) for key, entries in sorted(found.items())]


def _by_rule(scenarios: Entries) -> list[Entries]:
    return [list(entries) for _, entries in groupby(scenarios, key=lambda entry: (entry["promise"], entry["rule"]))]


def _title(states: Counter[State]) -> str:
    proven, judged = states[State.PROVEN], states.total() - states[State.SKIPPED] - states[State.LACKING]
    if not judged:
        return "No promise was tested"
    promises = "promise" if judged == 1 else "promises"
    return f"{f'All {judged}' if proven == judged > 1 else f'{proven} of {judged}'} {promises} proven"


def _first_line(text: str) -> str:
    line = next(iter(text.splitlines()), "")
    return line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]} ..."


def _lasted(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 60} min {whole % 60} s" if whole >= 60 else f"{whole} s"
