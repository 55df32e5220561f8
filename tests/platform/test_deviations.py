"""Known deviations: what they explain, and what is wrong with a file of them."""

import re
from pathlib import Path

import pytest

from support.platform import target as targets
from support.platform.deviations import Deviations
from support.platform.target import FOLDER, Target
from support.refusal import Refusal
from support.scenario.verdict import Verdict
from support.settings import CHECKOUT
from tests.run.examples import record

ENTRY = """
[[deviation]]
promise = "AEC-11"
scenario = "It is cancelled"
says = "took \\\\d+ s"
reason = "it blocks"
date = 2026-11-26
"""
FINDING = """
[[finding]]
promise = "AEC-06"
oracle = "story oracle"
says = "run \\\\w+ has no end"
reason = "it tells none"
date = 2026-11-26
"""


@pytest.fixture
def known(tmp_path: Path) -> Deviations:
    file = tmp_path / "known.toml"
    file.write_text(ENTRY + FINDING)
    return Deviations.read(file)


def test_a_violation_that_is_known_is_still_red_and_need_not_count(known: Deviations):
    red = record(status="failed", verdict=Verdict.VIOLATED, reason="it took 5 s").judged_by(known)
    assert red.known == "it blocks (since 2026-11-26)"
    assert red.is_red
    assert (red.counts_as_red(True), red.counts_as_red(False)) == (False, True)


@pytest.mark.parametrize(
    "others",
    [
        {"reason": "it was not cancelled"},
        {"promise": "AEC-12"},
        {"scenario": "It is cancelled twice"},
        {"verdict": Verdict.INCONCLUSIVE, "status": "error"},
    ],
)
def test_anything_else_is_news(known: Deviations, others: dict[str, object]):
    red = record(**{"status": "failed", "verdict": Verdict.VIOLATED, "reason": "it took 5 s"} | others)
    assert red.judged_by(known).known == ""
    assert red.judged_by(known).counts_as_red(True)


def test_an_example_of_an_outline_is_known_by_its_scenario(known: Deviations):
    assert known.reason("AEC-11", "It is cancelled -- @1.2 Tools", "it took 5 s")


def test_of_what_an_oracle_says_only_news_is_left(known: Deviations):
    said = ["run a has no end", "run a has no end; run b is odd"]
    assert known.new("story oracle", said) == said[1:]
    assert known.new("records oracle", said) == said


def test_without_a_file_nothing_is_known(tmp_path: Path):
    assert Deviations.read(tmp_path / "known.toml") == Deviations()


@pytest.mark.parametrize(
    ("text", "replacement", "fault"),
    [
        ("[[deviation]]", "[[deviations]]", r"deviations: there are only \[\[deviation\]\] and \[\[finding\]\]"),
        ("reason =", "why =", r"\[\[deviation\]\] It is cancelled: reason is missing"),
        ("says = ", "extra = 1\nsays = ", "extra is unknown"),
        (r"took \\d+ s", "took (", "says is no expression"),
        ("date = 2026-11-26", "date = 2026-26-11", "known.toml: "),
    ],
)
def test_a_fault_in_a_file_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, replacement: str, fault: str
):
    monkeypatch.setattr(targets, "FOLDER", tmp_path)
    (tmp_path / "apex").mkdir()
    (tmp_path / "apex" / "target.toml").write_text((FOLDER / "apex" / "target.toml").read_text())
    (tmp_path / "apex" / "known.toml").write_text(ENTRY.replace(text, replacement, 1))
    with pytest.raises(Refusal, match=fault) as refused:
        Target.load("apex")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", sorted(file.parent.name for file in FOLDER.glob("*/known.toml")))
def test_what_is_known_of_the_targets_is_about_scenarios_that_there_are(name: str):
    known = Target.load(name).known.scenarios
    assert known
    for deviation in known:
        title = re.compile(rf"^ *Scenario(?: Outline)?: {re.escape(deviation.scenario)}$", re.MULTILINE)
        texts = [file.read_text("utf-8") for file in (CHECKOUT / "features").rglob("*.feature")]
        assert any(title.search(text) and f"@{deviation.promise}" in text for text in texts), deviation
