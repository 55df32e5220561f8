"""The page for readers, made from results.json: categories, features and what they are worth, promises, scenarios.

One file without anything to load, so that it can be kept, mailed and opened years later.
"""

import html
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

_STYLE = """
:root { --ink: #1c2430; --soft: #5d6b7c; --line: #e2e7ed; --page: #f6f8fa; --card: #fff;
  --proven: #1a7f4b; --violated: #c0362c; --inconclusive: #b26a00; --skipped: #7a8794; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e9ef; --soft: #9aa7b5; --line: #2c3642; --page: #12171d;
  --card: #1a212a; --proven: #4cc38a; --violated: #ff7b6e; --inconclusive: #f0b04a; --skipped: #8b98a6; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 2.5rem 1.25rem 5rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 .4rem; }
h2 { font-size: 1.15rem; margin: 3rem 0 1rem; padding-bottom: .4rem; border-bottom: 2px solid var(--line); }
h2 small, .soft { color: var(--soft); font-weight: normal; font-size: .9rem; }
h3 { font-size: 1.15rem; margin: 0 0 .6rem; }
h4 { font-size: 1rem; margin: 1.4rem 0 .4rem; display: flex; gap: .6rem; align-items: baseline; }
code, .id { font: .82rem ui-monospace, monospace; }
.id { color: var(--soft); white-space: nowrap; }
a { color: inherit; }
.tally { display: flex; flex-wrap: wrap; gap: .5rem 2rem; margin: 1.2rem 0 0; padding: 0; list-style: none; }
.tally b { font-size: 1.6rem; display: block; line-height: 1.2; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1.25rem 1.4rem;
  margin: 0 0 1.25rem; }
dl.value { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1.2rem; margin: 0; font-size: .93rem; }
dl.value dt { color: var(--soft); } dl.value dd { margin: 0; }
details { border-top: 1px solid var(--line); } details:last-of-type { border-bottom: 1px solid var(--line); }
summary { cursor: pointer; padding: .5rem .1rem; display: flex; gap: .7rem; align-items: baseline; list-style: none; }
summary::-webkit-details-marker { display: none; }
summary .title { flex: 1; }
summary:hover .title { text-decoration: underline; text-underline-offset: 3px; }
.inside { padding: .1rem 0 1rem 1.7rem; }
.mark { font-weight: bold; width: 1rem; }
.proven { color: var(--proven); } .violated { color: var(--violated); } .inconclusive { color: var(--inconclusive); }
.skipped { color: var(--skipped); }
ol.steps { list-style: none; margin: 0 0 .8rem; padding: 0; }
ol.steps li { display: flex; gap: .6rem; padding: .08rem 0; } ol.steps .text { flex: 1; }
ol.steps b { font-weight: 600; }
table { border-collapse: collapse; margin: .3rem 0; font-size: .88rem; }
td, th { border: 1px solid var(--line); padding: .15rem .6rem; text-align: left; }
pre { background: var(--page); border: 1px solid var(--line); border-radius: 6px; padding: .7rem .9rem;
  overflow-x: auto; font-size: .82rem; white-space: pre-wrap; margin: .4rem 0 .8rem; }
.budget { display: grid; grid-template-columns: 14rem 1fr 9rem; gap: .8rem; align-items: center; font-size: .88rem; }
.bar { height: .45rem; background: var(--line); border-radius: 3px; overflow: hidden; }
.bar i { display: block; height: 100%; background: currentColor; }
footer { margin-top: 3rem; color: var(--soft); font-size: .88rem; }
"""

_MARK = {"proven": "✓", "violated": "✗", "inconclusive": "?", "skipped": "-"}
_SAID = {"proven": "proven", "violated": "violated", "inconclusive": "not shown either way", "skipped": "skipped"}


def render(results: Mapping[str, Any]) -> str:
    """The whole page."""
    scenarios: Sequence[Mapping[str, Any]] = results["scenarios"]
    ordered = sorted(scenarios, key=lambda entry: (entry["category"], entry["file"], entry["line"]))
    body = "".join(
        _category(name, list(entries)) for name, entries in groupby(ordered, key=lambda entry: entry["category"])
    )
    return (
        "<!doctype html>\n<html lang=en><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width, initial-scale=1">'
        f"<title>Promises</title><style>{_STYLE}</style><main>{_head(results, scenarios)}{body}{_foot(results)}</main>"
        "</html>\n"
    )


def _state(scenario: Mapping[str, Any]) -> str:
    return str(scenario["verdict"] or "skipped")


def _worst(scenarios: Iterable[Mapping[str, Any]]) -> str:
    states = {_state(scenario) for scenario in scenarios}
    return next(state for state in ("violated", "inconclusive", "proven", "skipped") if state in states)


def _head(results: Mapping[str, Any], scenarios: Sequence[Mapping[str, Any]]) -> str:
    promises: dict[str, list[Mapping[str, Any]]] = {}
    for scenario in scenarios:
        promises.setdefault(scenario["promise"], []).append(scenario)
    states = Counter(_worst(entries) for entries in promises.values())
    kept = states["proven"]
    title = (
        "No promise was looked at"
        if not promises
        else f"{'Every' if len(promises) > 1 else 'The'} promise that was looked at is kept"
        if kept == len(promises)
        else f"{kept} of {len(promises)} promises are shown to be kept"
    )
    tally = "".join(f"<li class={state}><b>{states[state]}</b>{_SAID[state]}</li>" for state in _MARK if states[state])
    counts = results["counts"]
    return (
        f"<h1>{title}</h1><p class=soft>{_text(results['started_at'][:16].replace('T', ' '))} UTC · "
        f"{counts['passed']} scenarios passed, {counts['failed']} failed, {counts['skipped']} skipped"
        f"{', ' + str(counts['not_run']) + ' not run' if counts['not_run'] else ''} · "
        f"{results['duration_seconds']:.0f} s</p><ul class=tally>{tally}</ul>"
    )


def _category(name: str, scenarios: Sequence[Mapping[str, Any]]) -> str:
    title = name.replace("_", " ").capitalize() or "Features"
    features = "".join(_feature(list(entries)) for _, entries in groupby(scenarios, key=lambda entry: entry["file"]))
    proven = sum(_state(scenario) == "proven" for scenario in scenarios)
    return f"<h2>{_text(title)} <small>{proven} of {len(scenarios)} scenarios proven</small></h2>{features}"


def _feature(scenarios: Sequence[Mapping[str, Any]]) -> str:
    first = scenarios[0]
    value = "".join(f"<dt>{_text(name)}</dt><dd>{_text(text)}</dd>" for name, text in first["value"].items())
    rules = "".join(
        _rule(promise, rule, list(entries))
        for (promise, rule), entries in groupby(scenarios, key=lambda entry: (entry["promise"], entry["rule"]))
    )
    return f"<section class=card><h3>{_text(first['feature'])}</h3><dl class=value>{value}</dl>{rules}</section>"


def _rule(promise: str, rule: str, scenarios: Sequence[Mapping[str, Any]]) -> str:
    state = _worst(scenarios)
    return (
        f"<h4 id='{_text(promise)}'><span class={state}>{_MARK[state]}</span><span>{_text(rule)}</span>"
        f"<span class=id>{_text(promise)}</span></h4>{''.join(_scenario(entry) for entry in scenarios)}"
    )


def _scenario(scenario: Mapping[str, Any]) -> str:
    state = _state(scenario)
    opened = " open" if state in ("violated", "inconclusive") else ""
    reason = f"<pre>{_text(scenario['reason'])}</pre>" if scenario["reason"] else ""
    budgets = "".join(_budget(use) for use in scenario["budgets"])
    evidence = f"<p><a href='{_text(scenario['evidence'])}'>Evidence</a></p>" if scenario["evidence"] else ""
    return (
        f"<details{opened}><summary><span class='mark {state}' title='{_SAID[state]}'>{_MARK[state]}</span>"
        f"<span class=title>{_text(scenario['scenario'])}</span>"
        f"<span class=soft>{scenario['duration_seconds']:.2f} s</span></summary><div class=inside>"
        f"<ol class=steps>{''.join(_step(step) for step in scenario['steps'])}</ol>{reason}{budgets}{evidence}"
        "</div></details>"
    )


def _step(step: Mapping[str, Any]) -> str:
    state = {"passed": "proven", "failed": "violated", "skipped": "skipped", "untested": "skipped"}.get(
        step["status"], "inconclusive"
    )
    rows = "".join(
        f"<tr>{''.join(f'<{cell}>{_text(value)}</{cell}>' for value in row)}</tr>"
        for cell, row in (("td" if number else "th", row) for number, row in enumerate(step.get("table") or ()))
    )
    table = f"<table>{rows}</table>" if rows else ""
    return (
        f"<li><span class='mark {state}'>{_MARK[state]}</span><span class=text><b>{_text(step['keyword'])}</b> "
        f"{_text(step['name'])}{table}</span><span class=soft>{step['duration_seconds']:.2f} s</span></li>"
    )


def _budget(use: Mapping[str, Any]) -> str:
    state = "proven" if use["share"] <= 0.8 else "inconclusive" if use["share"] <= 1 else "violated"
    return (
        f"<div class=budget><span>{_text(use['budget'])}</span><span class='bar {state}'>"
        f"<i style='width:{min(use['share'], 1):.0%}'></i></span>"
        f"<span class=soft>{use['share']:.0%} of {use['limit']:g} {_text(use['unit'])}</span></div>"
    )


def _foot(results: Mapping[str, Any]) -> str:
    settings = ", ".join(f"{name} {value}" for name, value in results["settings"].items())
    machine = results["machine"]
    return (
        f"<footer>{_text(settings)}<br>{machine['processors']} processors, {_text(machine['system'])}, "
        f"Python {_text(machine['python'])}</footer>"
    )


def _text(value: object) -> str:
    return html.escape(str(value))
