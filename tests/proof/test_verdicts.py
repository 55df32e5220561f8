"""Judging what a scenario did with a defect loaded."""

import pytest

from support.proof.catalogue import Defect
from support.proof.report import closing, table
from support.proof.verdicts import Judgement, Proof, is_step, judge, unproved
from support.run.record import ScenarioRecord
from support.scenario.verdict import Verdict
from tests.run.examples import record, step

DEFECT = Defect("AEC-03a", "AEC-03", "worker", "context is shared", "Ten at once", "each finds only its own")


def result(
    title: str = "Ten at once", status: str = "failed", verdict: str | None = "violated", red: str | None = DEFECT.step
) -> ScenarioRecord:
    steps = (step("ten customers"), *([step(red, "failed")] if red else []), step("later", "skipped"))
    return record(scenario=title, status=status, verdict=Verdict(verdict) if verdict else None, steps=steps)


GREEN = result(status="passed", verdict="proven", red=None)
SKIPPED = result(status="skipped", verdict=None, red=None)
ERROR = result(status="error", verdict="inconclusive")
ELSEWHERE = record(
    scenario="Ten at once", status="failed", verdict=Verdict.VIOLATED, steps=(step("ten customers", "failed"),)
)
BY_AN_ORACLE = result("Ten at once -- @1.2 ", red="the answers oracle finds nothing")


@pytest.mark.parametrize(
    ("results", "judgement"),
    [
        ([result()], Judgement.KILLED),
        ([result("Ten at once -- @1.1 "), result("Ten at once -- @1.2 ", "passed", "proven", None)], Judgement.KILLED),
        ([GREEN], Judgement.SURVIVED),
        ([ELSEWHERE], Judgement.WRONG_STEP),
        ([result(red=None)], Judgement.WRONG_STEP),
        ([result(), ELSEWHERE], Judgement.WRONG_STEP),
        ([result(), BY_AN_ORACLE], Judgement.KILLED),
        ([BY_AN_ORACLE], Judgement.WRONG_STEP),
        ([ERROR], Judgement.INCONCLUSIVE),
        ([result(), ERROR], Judgement.KILLED),
        ([ERROR, result()], Judgement.INCONCLUSIVE),
        ([SKIPPED], Judgement.INCONCLUSIVE),
        ([], Judgement.INCONCLUSIVE),
        ([result("Ten at once again")], Judgement.INCONCLUSIVE),
        ([result(status="undefined", verdict="inconclusive")], Judgement.INCONCLUSIVE),
    ],
)
def test_judgement(results, judgement):
    assert judge(DEFECT, results)[0] is judgement


def test_red_step_is_named():
    assert judge(DEFECT, [ELSEWHERE])[1] == "ten customers"


@pytest.mark.parametrize(
    ("text", "written", "same"),
    [
        ("Acme waits", "Acme waits", True),
        ("the line is slow", "the line is <poor>", True),
        ("the line is slow (again)", "the line is <poor> (again)", True),
        ("Acme waits", "Acme wait", False),
        ("the line was slow", "the line is <poor>", False),
        ("the line is ", "the line is <poor>", False),
    ],
)
def test_step_of_an_outline_matches_its_examples(text, written, same):
    assert is_step(text, written) is same


def proof(judgement: Judgement) -> Proof:
    return Proof(DEFECT, judgement, None, "", 1.0)


def test_scenario_is_unproved_until_a_defect_of_it_is_killed():
    titles = ["Ten at once", "The line -- @1.1 ", "The line -- @1.2 "]
    assert unproved(titles, [proof(Judgement.KILLED)]) == ["The line"]
    assert unproved(titles, [proof(Judgement.SURVIVED)]) == ["Ten at once", "The line"]


def test_closing_lines_count_everything():
    proofs = [proof(judgement) for judgement in Judgement]
    assert closing(proofs, ["The line"]) == [
        "without a killed defect: The line",
        "1 killed, 1 survived, 1 wrong step, 1 inconclusive",
        "1 passed, 4 failed",
    ]


def test_table_shows_what_was_expected_and_what_came():
    lines = table([Proof(DEFECT, Judgement.WRONG_STEP, "ten customers", "", 2.04)]).splitlines()
    assert " ".join(lines[0].split()) == "defect scenario step expected step that went red verdict time"
    assert "ten customers" in lines[1]
    assert "2.0 s" in lines[1]
