"""`bin/report compare` and `bin/acceptance --repro` as somebody calls them who knows nothing else."""

import json
import re
import shlex

import pytest

from support.run import matrix
from tests.cli.test_bad_input import refusal
from tests.run.test_run import ENVIRONMENT

FEATURE = """\
@agent_execution @smoke
Feature: A feature
  @AEC-01
  Rule: A rule
    Scenario Outline: It is <what>
      Given good ground
      Then it is <what>
      Examples:
        | what |
        | good |
        | bad  |
  @AEC-02
  Rule: Another rule
    Scenario: It stands
      Then it is good
"""

STEPS = """\
from behave import given, then

@given("good ground")
@then("it is good")
def _(context):
    pass

@then("it is bad")
def _(context):
    raise AssertionError("expected good, but it was bad")
"""


@pytest.fixture
def played(command, checkout):
    """A run with one red scenario, and what it said."""
    # The copy shares its files with others.
    (checkout / "environment.py").unlink()
    (checkout / "environment.py").write_text(ENVIRONMENT, encoding="utf-8")
    (checkout / "steps" / "one.py").write_text(STEPS, encoding="utf-8")
    (checkout / "features" / "agent_execution" / "one.feature").write_text(FEATURE, encoding="utf-8")
    done = command("acceptance", "--jobs", "1", "-D", "profile=small")
    assert done.returncode == 1, done.stderr
    return done.stdout


def scenarios(reports):
    read = json.loads((reports / "results.json").read_text("utf-8"))
    return [entry["scenario"].strip() for entry in read["scenarios"]]


def test_the_line_under_a_failure_repeats_only_that(command, checkout, played):
    line = re.search(r"^  to repeat only this: bin/acceptance (.+)$", played, re.MULTILINE)
    assert line is not None
    evidence = checkout / "reports" / "evidence"
    before = {file: file.read_text("utf-8") for file in evidence.rglob("*.json")}
    again = command("acceptance", *shlex.split(line[1]))
    assert again.returncode == 1
    assert "expected good, but it was bad" in again.stdout
    assert scenarios(checkout / "reports" / "repro") == ["It is bad -- @1.2"]
    assert {file: file.read_text("utf-8") for file in evidence.rglob("*.json")} == before
    (repeated,) = (checkout / "reports" / "repro" / "evidence").rglob("*.json")
    assert json.loads(repeated.read_text("utf-8"))["settings"]["profile"] == "small"
    # It can be repeated as often as one likes.
    assert command("acceptance", "--repro", str(repeated), "-D", "profile=full").returncode == 1


def test_a_violation_has_a_bug_report_beside_its_evidence(checkout, played):
    (report,) = (checkout / "reports" / "evidence").rglob("*.md")
    text = report.read_text("utf-8")
    assert text.startswith("# apex: It is bad -- @1.2")
    assert "expected good, but it was bad" in text
    evidence = report.with_suffix(".json").relative_to(checkout)
    assert f"bin/acceptance --repro {evidence}" in text
    page = (checkout / "reports" / "index.html").read_text("utf-8")
    assert "# apex: It is bad -- @1.2" in page
    assert f"href='{report.relative_to(checkout / 'reports')}'" in page


def test_each_promise_has_its_state_on_the_terminal(played):
    assert "violated           1  AEC-01\nproven             1  AEC-02\n" in played
    assert "2 promises: 1 violated, 1 proven in" in played


@pytest.mark.parametrize(
    ("evidence", "said"),
    [("gone.json", "gone.json cannot be read: No such file"), ("behave.ini", "behave.ini is no JSON")],
)
def test_bad_evidence_is_refused(command, checkout, evidence, said):
    refused = command("acceptance", "--repro", evidence)
    assert refused.returncode == 2
    assert said in refusal(refused)
    assert not (checkout / "reports").exists()


def test_results_are_compared(command, checkout, played):
    (checkout / "README.md").write_text(f"# X\n{matrix.BEGIN}\n{matrix.END}\n", encoding="utf-8")
    done = command("report", "compare", "--readme", "README.md", "reports/results.json")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("2 promises on 1 platforms; read reports/conformance.html\n")
    assert "| ✗ |" in (checkout / "README.md").read_text("utf-8")
    assert "href='index.html#AEC-01'" in (checkout / "reports" / "conformance.html").read_text("utf-8")
    made = json.loads((checkout / "reports" / "conformance.json").read_text("utf-8"))
    assert made["promises"]["AEC-02"] == {"apex": {"state": "proven", "judged": 1, "scenarios": 1}}
    again = command("report", "compare", "--page", "out/x.html", "reports/conformance.json")
    assert again.returncode == 0
    assert json.loads((checkout / "out" / "x.json").read_text("utf-8")) == made


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["gone.json"], "gone.json cannot be read: No such file"),
        (["support"], "support cannot be read: Is a directory"),
        (["behave.ini"], "behave.ini is no JSON"),
        (["bad.json"], "bad.json is neither results of a run nor a matrix"),
        (["reports/results.json", "reports/results.json"], "are both about apex; give one of them"),
        (["reports/results.json", "--readme", "behave.ini"], "behave.ini: there must be one line <!-- conformance"),
        (["reports/results.json", "--readme", "gone.md"], "gone.md cannot be read"),
        (["reports/results.json", "--page", "behave.ini/x.html"], "behave.ini/x.html cannot be written"),
    ],
)
def test_bad_files_are_refused_in_one_line(command, checkout, played, arguments, said):
    (checkout / "bad.json").write_text('{"scenarios": []}', encoding="utf-8")
    refused = command("report", "compare", *arguments)
    assert refused.returncode == 2
    assert said in refusal(refused)
    assert not (checkout / "reports" / "conformance.html").exists()
