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

Entry = Mapping[str, Any]
Entries = Sequence[Entry]

_HERE = Path(__file__).parent
_MARKS = {"violated": "✗", "inconclusive": "?", "not-run": "-", "proven": "✓", "skipped": "-"}
"""By state, the worst first."""
_RED = {
    "violated": "it was observed, and it is not as promised",
    "inconclusive": "it could not be observed, so nothing is shown",
}
_STATES_OF_STEPS = {"passed": "proven", "failed": "violated", "skipped": "skipped", "untested": "skipped"}
_NAMES = {"api": "API", "websocket": "WebSocket"}
_LONGEST_LINE = 200


@dataclass(frozen=True, slots=True)
class _Promise:
    """A promise with its scenarios; one that has no ID is known by its file and rule."""

    key: str
    scenarios: Entries

    @property
    def state(self) -> str:
        return _worst(self.scenarios)


@dataclass(frozen=True, slots=True)
class _Category:
    name: str
    scenarios: Entries

    @property
    def title(self) -> str:
        words = " ".join(_NAMES.get(word, word) for word in self.name.split("_"))
        return f"{words[:1].upper()}{words[1:]}" or "Features"

    @property
    def promises(self) -> Sequence[_Promise]:
        return _promises(self.scenarios)

    @property
    def proven(self) -> int:
        return sum(promise.state == "proven" for promise in self.promises)

    @property
    def proven_scenarios(self) -> int:
        return sum(_state(entry) == "proven" for entry in self.scenarios)


def render(results: Mapping[str, Any]) -> str:
    """The whole page."""
    # What of a scenario is linked to is found by its number.
    numbered = [{**entry, "number": number} for number, entry in enumerate(results["scenarios"], 1)]
    ordered = sorted(numbered, key=lambda entry: (entry["category"], entry["file"], entry["line"]))
    states = Counter(promise.state for promise in _promises(ordered))
    environment = Environment(loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined)
    environment.filters |= {
        "state": _state,
        "step_state": lambda step: _STATES_OF_STEPS.get(step["status"], "inconclusive"),
        "worst": _worst,
        "by_rule": _by_rule,
        "said": lambda state: state.replace("-", " "),
        "first_line": _first_line,
        "link": quote,
    }
    return environment.get_template("page.html.j2").render(
        title=_title(states),
        style=(_HERE / "page.css").read_text("utf-8"),
        marks=_MARKS,
        red=_RED,
        began=f"{datetime.fromisoformat(results['started_at']):%d %B %Y, %H:%M}",
        lasted=_lasted(results["duration_seconds"]),
        counts=results["counts"],
        counted=", ".join(f"{count} {name.replace('_', ' ')}" for name, count in results["counts"].items() if count),
        tally=[(state, states[state]) for state in _MARKS if states[state]],
        scenarios=ordered,
        attention=[entry for state in _RED for entry in ordered if _state(entry) == state],
        categories=[
            _Category(name, list(entries)) for name, entries in groupby(ordered, key=lambda entry: entry["category"])
        ],
        settings=results["settings"],
        changed=results["platform_settings"],
        machine=results["machine"],
    )


def _state(scenario: Entry) -> str:
    return "not-run" if scenario["status"] == "untested" else str(scenario["verdict"] or "skipped")


def _worst(scenarios: Iterable[Entry]) -> str:
    states = {_state(scenario) for scenario in scenarios}
    return next(state for state in _MARKS if state in states)


def _promises(scenarios: Entries) -> list[_Promise]:
    found: dict[str, list[Entry]] = {}
    for entry in scenarios:
        found.setdefault(entry["promise"] or f"{entry['file']}: {entry['rule']}", []).append(entry)
    return [_Promise(key, entries) for key, entries in sorted(found.items())]


def _by_rule(scenarios: Entries) -> list[Entries]:
    return [list(entries) for _, entries in groupby(scenarios, key=lambda entry: (entry["promise"], entry["rule"]))]


def _title(states: Counter[str]) -> str:
    proven, judged = states["proven"], states.total() - states["skipped"]
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
