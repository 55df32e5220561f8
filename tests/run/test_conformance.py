"""The conformance matrix: read from results, shown as a page, in JSON and in a README."""

import json
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from support.refusal import Refusal
from support.run import matrix
from support.run.conformance import Matrix
from support.run.reporting import counts
from support.run.state import State
from support.scenario.verdict import Verdict
from tests.run.examples import record
from tests.run.test_page import elements

VIOLATED = {"status": "failed", "verdict": Verdict.VIOLATED, "reason": "expected 1\nmore"}
LACKING = {"status": "skipped", "verdict": None, "reason": "it lacks plans", "lacking": ("plans",)}


def results(folder: Path, name: str, *records: Any, **others: Any) -> Path:
    """Results of a run with evidence for all that was played, and a bug report for each violation."""
    folder.mkdir(parents=True)
    (folder / "index.html").touch()
    for each in records:
        if each.verdict is not None:
            evidence = folder / each.evidence
            evidence.parent.mkdir(parents=True, exist_ok=True)
            evidence.touch()
            if each.verdict is Verdict.VIOLATED:
                evidence.with_suffix(".md").touch()
    written = {
        "started_at": "2026-11-26T06:31:02.5+00:00",
        "ended_by": "",
        "settings": {"sources": "0a1b2c"},
        "platform": {"name": name, "version": "1.2", "settings": {"A": {"value": True, "reason": "for logs"}}},
        "counts": counts(records),
        "scenarios": [each.to_json() for each in records],
    }
    file = folder / "results.json"
    file.write_text(json.dumps(written | others), encoding="utf-8")
    return file


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    red = record(scenario="It stops", evidence="evidence/a b.json", known="it blocks", **VIOLATED)
    one = results(tmp_path / "of one", "one", record(), record(promise="AEC-12", scenario="Lost"))
    two = results(tmp_path / "two", "two", record(), red, record(scenario="Twice", **LACKING))
    return [one, two]


def test_each_promise_has_its_state_on_each_platform(tmp_path, files):
    made = Matrix.of(files, tmp_path)
    assert [(each.title, each.date) for each in made.platforms] == [
        ("one 1.2", "2026-11-26"),
        ("two 1.2", "2026-11-26"),
    ]
    cancelled, lost = made.rows
    assert (cancelled.id, lost.id, cancelled.category) == ("AEC-11", "AEC-12", "agent_execution")
    assert cancelled.text.startswith("A customer can cancel")
    assert (cancelled.cells["one"].state, cancelled.cells["one"].share) == (State.PROVEN, "")
    assert (cancelled.cells["two"].state, cancelled.cells["two"].share) == (State.KNOWN, "2/3")
    assert lost.cells.keys() == {"one"}
    assert (made.count("one", State.PROVEN), made.count("two", State.PROVEN)) == (2, 0)


def test_links_lead_to_the_runs_and_their_evidence_from_wherever_the_page_is(tmp_path, files):
    seen_from = tmp_path / "elsewhere" / "deep"
    seen_from.mkdir(parents=True)
    text = matrix.page(Matrix.of(files, seen_from))
    links = {unquote(link).partition("#") for link in elements(text).links}
    assert all((seen_from / link).is_file() for link, _, _ in links)
    assert {anchor for _, _, anchor in links} == {"", "AEC-11", "AEC-12"}
    assert {Path(link).name for link, _, _ in links} == {"index.html", "x.json", "a b.md"}
    for said in (
        "two 1.2",
        "2026-11-26",
        "! 2/3",
        "A=true",
        "for logs",
        "two, known deviation: it blocks",
        "it lacks plans",
    ):
        assert said in unescape(text)


def test_evidence_that_is_gone_is_not_linked(tmp_path, files):
    for file in tmp_path.rglob("*"):
        if file.is_file() and file.name != "results.json":
            file.unlink()
    assert elements(matrix.page(Matrix.of(files, tmp_path))).links == []


def test_the_json_can_be_read_again_and_added_to(tmp_path, files):
    first = tmp_path / "conformance.json"
    first.write_text(json.dumps(Matrix.of(files[:1], tmp_path).to_json()), encoding="utf-8")
    both = Matrix.of([first, files[1]], tmp_path)
    assert both.to_json() == Matrix.of(files, tmp_path).to_json()
    assert matrix.markdown(both) == matrix.markdown(Matrix.of(files, tmp_path))
    elements(matrix.page(both))


def test_a_run_that_ended_early_says_so(tmp_path):
    early = results(tmp_path / "early", "early", record(), ended_by="SIGTERM")
    assert "the run ended early" in matrix.page(Matrix.of([early], tmp_path))


def test_a_readme_gets_the_table_between_its_comments(tmp_path, files):
    made = Matrix.of(files, tmp_path)
    text = matrix.in_readme(f"before\n{matrix.BEGIN}\nold\n{matrix.END}\nafter\n", made)
    assert "| AEC-11 | A customer can cancel a running agent and it really stops | ✓ | ! 2/3 |" in text
    assert "| AEC-12 | " in text
    assert "one 1.2<br>2026-11-26" in text
    assert "old" not in text
    assert (text.startswith("before\n"), text.endswith("\nafter\n")) == (True, True)
    assert matrix.in_readme(text, made) == text


@pytest.mark.parametrize(
    "text", ["", matrix.BEGIN, f"{matrix.END}\n{matrix.BEGIN}", f"{matrix.BEGIN}{matrix.BEGIN}{matrix.END}"]
)
def test_a_readme_without_its_comments_is_refused(tmp_path, files, text):
    with pytest.raises(Refusal, match="there must be one line <!-- conformance"):
        matrix.in_readme(text, Matrix.of(files, tmp_path))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is no JSON"),
        ("[]", "is neither results of a run nor a matrix: it is no JSON object"),
        ("{}", r"is neither results of a run nor a matrix of this version of the suite \(KeyError: 'platform'\)"),
        ('{"scenarios": 3, "platform": 3}', "is neither"),
        ('{"promises": {}, "platforms": [{"name": "x"}]}', "is neither"),
        ('{"promises": {"AEC-01": {"x": {"state": "good"}}}, "platforms": []}', "there is no state 'good'"),
    ],
)
def test_what_is_no_result_is_refused_in_one_line(tmp_path, text, said):
    file = tmp_path / "r.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(Refusal, match=said) as refused:
        Matrix.of([file], tmp_path)
    assert str(refused.value).startswith(str(file))
    assert "\n" not in str(refused.value)


def test_two_runs_on_one_platform_are_refused(tmp_path, files):
    again = results(tmp_path / "again", "two", record())
    with pytest.raises(Refusal, match="are both about two; give one of them"):
        Matrix.of([*files, again], tmp_path)
