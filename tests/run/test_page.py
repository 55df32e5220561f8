"""The page made from a run's results."""

import re
from html import unescape
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest

from support.run.page import render
from support.run.reporting import counts
from support.scenario.verdict import Verdict
from tests.run.examples import record, step

VIOLATED = {"status": "failed", "verdict": Verdict.VIOLATED, "reason": "expected 1"}
INCONCLUSIVE = {"status": "error", "verdict": Verdict.INCONCLUSIVE, "reason": "no route"}
NOT_RUN = {"status": "untested", "verdict": Verdict.INCONCLUSIVE, "reason": "not run: interrupted"}
SKIPPED = {"status": "skipped", "verdict": None, "reason": "nobody has wings"}


def page(*records, reports=None, **others):
    return render(
        {
            "started_at": "2026-11-26T06:31:02.5+00:00",
            "duration_seconds": 290.4,
            "settings": {"stack": "fresh", "shard": ""},
            "platform": {"name": "apex", "version": "0.1.0", "settings": {}},
            "gone": [],
            "machine": {"processors": 2, "system": "Linux", "python": "3.11"},
            "counts": counts(records),
            "scenarios": [each.to_json() for each in records],
        }
        | others,
        reports,
    )


class _Elements(HTMLParser):
    """Elements that are opened are closed again, and what links lead to is there."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.links = [], [], []

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.ids += [given["id"]] if "id" in given else []
        self.links += [given["href"]] if "href" in given else []
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def elements(text):
    read = _Elements()
    read.feed(text)
    assert read.open == []
    assert len(set(read.ids)) == len(read.ids)
    assert {link[1:] for link in read.links if link.startswith("#")} <= set(read.ids)
    return read


@pytest.mark.parametrize(
    ("records", "title"),
    [
        ([record(), record(promise="AEC-12")], "All 2 promises proven"),
        ([record(), record(scenario="Twice", **VIOLATED), record(promise="AEC-12")], "1 of 2 promises proven"),
        ([record(), record(promise="AEC-12", **NOT_RUN)], "1 of 2 promises proven"),
        ([record(), record(promise="AEC-12", **SKIPPED)], "1 of 1 promise proven"),
        ([record(**SKIPPED)], "No promise was tested"),
        # Features without promises: a rule is what is promised.
        ([record(promise=""), record(promise="", rule="Another")], "All 2 promises proven"),
        ([], "No promise was tested"),
    ],
)
def test_the_title_says_how_it_went(records, title):
    text = page(*records)
    elements(text)
    assert f"<h1>{title}</h1>" in text
    assert f"<title>{title}</title>" in text


def test_what_is_red_stands_first_with_its_reason():
    text = page(
        record(),
        record(scenario="Unseen", promise="AEC-12", **INCONCLUSIVE),
        record(scenario="Broken", promise="AEC-13", steps=(step("it is", "failed", error="expected 1"),), **VIOLATED),
    )
    elements(text)
    attention = text[text.index("Needs attention") : text.index("Overview")]
    assert attention.index("Broken") < attention.index("Unseen")
    assert "Given it is: expected 1" in attention
    assert "it could not be observed, so nothing is shown" in attention
    assert text.count("<details id=scenario-1><summary>") == 1
    assert text.count(" open><summary>") == 2
    assert len(re.findall("<pre class='reason[^>]*><span>expected 1<", text)) == 1


def test_what_is_known_stands_apart_with_its_reason():
    known = VIOLATED | {"known": "it blocks (since 2026-11-26)"}
    text = page(record(), record(scenario="Broken", **known), gone=["the known deviation of AEC-12 is gone"])
    elements(text)
    assert "Needs attention" not in text
    assert "it blocks" in text[text.index("Known deviations") : text.index("Overview")]
    assert "<h1>0 of 1 promise proven</h1>" in text
    assert "the known deviation of AEC-12 is gone" in text
    assert "id='AEC-11'" in text


def test_a_violation_shows_its_bug_report(tmp_path):
    (tmp_path / "x.md").write_text("# What <b>went</b> wrong", "utf-8")
    text = page(record(evidence="x.json", **VIOLATED), reports=tmp_path)
    assert "# What &lt;b&gt;went&lt;/b&gt; wrong" in text
    assert {"x.json", "x.md"} <= set(elements(text).links)
    assert "Bug report" not in page(record(evidence="y.json", **VIOLATED), reports=tmp_path)


def test_the_platform_is_named_with_its_settings():
    settings = {"BROKER": {"value": True, "reason": "several instances"}, "MODE": {"value": "x", "reason": "logs"}}
    text = page(record(), platform={"name": "aegra", "version": "0.11.0", "settings": settings})
    elements(text)
    for said in ("aegra 0.11.0", "2 settings", "BROKER=true", "several instances", "MODE=x"):
        assert said in text


def test_a_green_run_needs_no_attention():
    assert "Needs attention" not in page(record())


def test_a_run_that_ended_early_says_so():
    assert "The run ended early: 1 of 2 scenarios were not run." in page(record(), record(promise="AEC-12", **NOT_RUN))


def test_why_a_scenario_was_left_out_is_said_beside_it():
    assert "skipped: nobody has wings" in page(record(**SKIPPED))


@pytest.mark.parametrize("name", ["a b", "50%25", "#1", "why?", "'quoted\"", "<b>&amp;", "äpfel-時", "a:b", "c;d\\e"])
def test_links_lead_to_evidence_whatever_its_file_is_called(name):
    evidence = f"evidence/{name}/x-1.json"
    (link,) = [link for link in elements(page(record(evidence=evidence))).links if not link.startswith("#")]
    assert unquote(link) == evidence
    assert re.fullmatch(r"[\w/.%~-]+", link, re.ASCII)


def test_tables_and_texts_of_steps_are_shown():
    text = page(record(steps=(step("a table", table=(("h",), ("<cell>",)), text="<doc>\nstring"),)))
    elements(text)
    assert "<th>h</th>" in text
    assert "<td>&lt;cell&gt;</td>" in text
    assert "<pre>&lt;doc&gt;\nstring</pre>" in text


def test_no_text_is_taken_for_markup():
    bad = "</script><img src=x onerror='alert(1)'>\"&"
    text = page(
        record(
            **INCONCLUSIVE | {"reason": bad},
            **dict.fromkeys(("feature", "rule", "scenario", "category", "file", "promise"), bad),
            value={bad: bad},
            steps=(step(bad, "failed", error=bad, text=bad, table=((bad,), (bad,))),),
        )
    )
    elements(text)
    assert "<img" not in text
    assert bad in unescape(text)
