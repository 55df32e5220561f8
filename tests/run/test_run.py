"""A run of behave as a reader sees it: refusals in one line, results, page, verdicts, order."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.run.recording import value_of
from support.run.results import read_results
from support.settings import CHECKOUT
from support.surroundings import command_environment

STEPS = """
from behave import given, when, then

@given("good ground")
@when("something is done")
@then("it holds")
def _(context):
    pass

@given("bad ground")
def _(context):
    assert False, "there is no ground"

@then("it does not hold")
def _(context):
    assert False, "expected 1\\nbut it was 2, with the password pw-0123456789abcdef01234567"

@then("it breaks")
def _(context):
    raise ConnectionError("the observer is blind")

@then("{text} is written")
def _(context, text):
    with open("order.txt", "a") as file:
        file.write(text + "\\n")
"""

FEATURE = """
@agent_execution
Feature: The first of all
  Segment:          Early, Mid and Enterprise
  Business goal:    Keep customers <who stay>
  Value impact:     They see it
  Strategic impact: Trust

  @AEC-01 @segment.mid
  Rule: Something is kept

    @smoke
    Scenario: All is well
      Given good ground
      When something is done
      Then it holds

    @gate
    Scenario: The promise is broken
      Given good ground
      Then it does not hold
      And it holds

    @gate
    Scenario: There is no ground
      Given bad ground
      Then it does not hold

  @AEC-02
  Rule: Something else is kept

    @gate
    Scenario Outline: The observer breaks with <what>
      Given good ground
        | table | of    |
        | two   | words |
      Then it breaks
      Examples: many
        | what |
        | one  |
        | two  |

    @nightly @needs.wings
    Scenario: It cannot be played here
      Then it does not hold
"""

ENVIRONMENT = """
from support.run import recording
from support.scenario.evidence import Aftermath, Evidence

def before_scenario(context, scenario):
    if "needs.wings" in scenario.effective_tags:
        scenario.skip("nobody here has wings")

def after_scenario(context, scenario):
    if not scenario.should_skip:
        scenario.aftermath = Aftermath(Evidence(recording.subject_of(scenario)))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with features of its own and the suite's runner and formatter."""
    (tmp_path / "steps").mkdir()
    (tmp_path / "features" / "agent_execution").mkdir(parents=True)
    (tmp_path / "behave.ini").write_text((CHECKOUT / "behave.ini").read_text())
    (tmp_path / "steps" / "steps.py").write_text(STEPS)
    (tmp_path / "environment.py").write_text(ENVIRONMENT)
    (tmp_path / "features" / "agent_execution" / "first.feature").write_text(FEATURE)
    return tmp_path


def behave(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "behave", "-D", f"reports={project / 'reports'}", *arguments]
    environment = command_environment() | {"PYTHONPATH": str(CHECKOUT)}
    return subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def refusal(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode != 0
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert "Traceback" not in done.stdout
    return lines[0]


def test_a_run_says_everything(project):
    done = behave(project)
    assert done.returncode == 1
    results = json.loads((project / "reports" / "results.json").read_text())
    by_name = {entry["scenario"]: entry for entry in results["scenarios"]}
    assert {name: (entry["status"], entry["verdict"]) for name, entry in by_name.items()} == {
        "All is well": ("passed", "proven"),
        "The promise is broken": ("failed", "violated"),
        "There is no ground": ("error", "inconclusive"),
        "The observer breaks with one -- @1.1 many": ("error", "inconclusive"),
        "The observer breaks with two -- @1.2 many": ("error", "inconclusive"),
        "It cannot be played here": ("skipped", None),
    }
    assert results["counts"] == {"passed": 1, "failed": 4, "skipped": 1, "not_run": 0}

    broken = by_name["The promise is broken"]
    assert broken["promise"] == "AEC-01"
    assert broken["rule"] == "Something is kept"
    assert broken["stage"] == "gate"
    assert broken["category"] == "agent_execution"
    assert broken["failed_step"] == "Then it does not hold"
    assert [step["status"] for step in broken["steps"]] == ["passed", "failed", "skipped"]
    assert broken["value"]["Business goal"] == "Keep customers <who stay>"
    assert by_name["It cannot be played here"]["reason"] == "nobody here has wings"

    breaking = by_name["The observer breaks with one -- @1.1 many"]
    assert breaking["promise"] == "AEC-02"
    assert breaking["steps"][0]["table"] == [["table", "of"], ["two", "words"]]
    assert breaking["reason"].startswith("ConnectionError: the observer is blind\n  at ")
    assert "site-packages" not in breaking["reason"]

    read = read_results(project / "reports" / "results.json")
    assert (read.passed, read.failed, read.skipped) == (1, 4, 1)

    assert "✗ AEC-01 Something is kept" in done.stdout
    assert "violated at: Then it does not hold" in done.stdout
    assert "but it was 2" in done.stdout
    assert "inconclusive at: Given bad ground" in done.stdout
    assert "skipped: It cannot be played here" in done.stdout
    assert done.stdout.strip().endswith("1 passed, 4 failed, 1 skipped")

    page = (project / "reports" / "index.html").read_text()
    for text in (
        "The first of all",
        "Keep customers &lt;who stay&gt;",
        "Something else is kept",
        "All is well",
        "Agent execution",
    ):
        assert text in page
    assert not re.search(r"<(script|link|img)\b|https?://", page)

    assert "testcase" in (project / "reports" / "junit" / "TESTS-agent_execution.first.xml").read_text()
    for report in (project / "reports" / "results.json", project / "reports" / "index.html"):
        assert "0123456789abcdef01234567" not in report.read_text()
    assert "0123456789abcdef01234567" not in done.stdout


CHECKED = """
from support.run import recording
from support.scenario.budgets import BudgetUse
from support.scenario.evidence import Aftermath, Evidence, Finding

USES = [BudgetUse("reconnect", 2.0, used, "seconds") for used in (0.5, 1.5, 1.0)]

def after_scenario(context, scenario):
    found = [Finding("leak canary", AssertionError("it was found elsewhere"))] if "well" in scenario.name else []
    scenario.aftermath = Aftermath(Evidence(recording.subject_of(scenario)), found, USES)
    recording.raise_findings(scenario.aftermath)
"""


def test_what_an_oracle_finds_makes_a_scenario_red(project):
    (project / "environment.py").write_text(CHECKED)
    done = behave(project, "--tags=@AEC-01")
    assert done.returncode == 1
    scenarios = json.loads((project / "reports" / "results.json").read_text())["scenarios"]
    spoiled, broken, groundless = scenarios
    assert (spoiled["status"], spoiled["verdict"]) == ("failed", "violated")
    assert spoiled["failed_step"] == "After the leak canary finds nothing"
    assert spoiled["reason"] == "it was found elsewhere"
    assert (broken["verdict"], groundless["verdict"]) == ("violated", "inconclusive")
    evidence = json.loads((project / "reports" / spoiled["evidence"]).read_text())
    assert (evidence["verdict"], evidence["findings"]) == ("violated", ["leak canary: it was found elsewhere"])
    assert [(use["budget"], use["share"]) for use in spoiled["budgets"]] == [("reconnect", 0.75)]
    red = read_results(project / "reports" / "results.json").scenarios[0]
    assert red.red_step is not None
    assert red.red_step.name == "the leak canary finds nothing"
    assert "violated at: After the leak canary finds nothing" in done.stdout
    assert "it was found elsewhere" in (project / "reports" / "junit" / "TESTS-agent_execution.first.xml").read_text()


def in_one_vocabulary(verdict):
    return {"proven": "passed", "violated": "failed", "inconclusive": "error", None: "skipped"}[verdict]


SHOWS_NOTHING = """
Feature: x
  Rule: r
    Scenario: without steps
    Scenario: without a judge
      Given good ground
      When something is done
    Scenario: skipped by a step
      Given a scenario that skips itself
      Then it holds
    Scenario: skipped without a reason
      Then it holds
    Scenario: its clean-up fails
      Given a clean-up that fails
      Then it holds
    Scenario: it holds
      Then it holds
"""

MORE_STEPS = """
@given("a scenario that skips itself")
def _(context):
    context.scenario.skip("not today")

@given("a clean-up that fails")
def _(context):
    context.add_cleanup(lambda: 1 / 0)
"""


def test_what_shows_nothing_is_never_green(project):
    (project / "features" / "agent_execution" / "first.feature").write_text(SHOWS_NOTHING)
    with (project / "steps" / "steps.py").open("a") as file:
        file.write(MORE_STEPS)
    hooks = ENVIRONMENT.replace('"needs.wings" in scenario.effective_tags', '"reason" in scenario.name')
    (project / "environment.py").write_text(
        hooks.replace('"nobody here has wings"', "").replace(
            "not scenario.should_skip", "'reason' not in scenario.name"
        )
    )
    done = behave(project)
    assert done.returncode == 1
    results = json.loads((project / "reports" / "results.json").read_text())
    found = {entry["scenario"]: entry for entry in results["scenarios"]}
    green = found.pop("it holds")
    assert (green["verdict"], green["status"]) == ("proven", "passed")
    assert {entry["verdict"] for entry in found.values()} == {"inconclusive"}
    assert found["without steps"]["reason"] == "it has no step that judges (Then)"
    assert found["skipped without a reason"]["reason"] == "it was skipped without a reason"
    assert all(entry["status"] == in_one_vocabulary(entry["verdict"]) for entry in results["scenarios"])
    assert done.stdout.strip().endswith("1 passed, 5 failed, 0 skipped")
    assert behave(project, "--name=without").returncode == 1


def test_an_outline_without_examples_is_refused(project):
    feature = project / "features" / "agent_execution" / "first.feature"
    feature.write_text(FEATURE.replace("        | one  |\n        | two  |\n", ""))
    assert re.search(r"first\.feature:\d+: .* has no example", refusal(behave(project)))


def test_without_any_check_afterwards_nothing_is_proven(project):
    (project / "environment.py").write_text("")
    assert behave(project, "--tags=@smoke").returncode == 1
    (played,) = read_results(project / "reports" / "results.json").scenarios
    assert (played.status, played.reason) == ("error", "nothing was checked after it")


SUSPENDED = ENVIRONMENT.replace("subject_of(scenario)))", "subject_of(scenario)), suspended=25.0)")


@pytest.mark.parametrize("tag", ["", "@timing"])
def test_what_a_suspended_observer_saw_go_wrong_is_inconclusive(project, tag):
    (project / "environment.py").write_text(SUSPENDED)
    feature = project / "features" / "agent_execution" / "first.feature"
    feature.write_text(FEATURE.replace("@smoke", f"@smoke {tag}"))
    assert behave(project, "--tags=@AEC-01").returncode == 1
    well, broken, _ = read_results(project / "reports" / "results.json").scenarios
    # It has seen what it was to see; what it has measured it cannot tell.
    assert well.status == ("error" if tag else "passed")
    assert (broken.status, broken.failed_step) == ("error", "Then it does not hold")
    assert broken.reason.startswith("nothing is shown: the observer was suspended for 25.0 s")
    assert broken.reason.splitlines()[1] == "expected 1"
    assert [step.status for step in broken.steps] == ["passed", "error", "skipped"]


HEAP = """
import gc
from pathlib import Path

def before_scenario(context, scenario):
    counted = f"{gc.get_freeze_count()} {len(gc.get_objects())}"
    Path(context.config.userdata["reports"], "heap").write_text(counted)
"""


def test_what_is_loaded_is_not_looked_through_for_garbage_while_a_scenario_is_observed(project):
    (project / "environment.py").write_text(HEAP)
    behave(project, "--tags=@smoke")
    frozen, looked_through = map(int, (project / "reports" / "heap").read_text().split())
    assert frozen > 10_000
    assert looked_through < frozen / 10


def test_a_scenario_that_was_checked_without_findings_is_proven(project):
    (project / "environment.py").write_text(CHECKED.replace('"well"', '"nothing"'))
    done = behave(project, "--tags=@smoke")
    assert done.returncode == 0
    assert json.loads((project / "reports" / "results.json").read_text())["scenarios"][0]["verdict"] == "proven"
    assert "1 promise: 1 proven" in done.stdout


def test_results_are_written_whatever_formatter_is_chosen(project):
    done = behave(project, "--format=plain", "--tags=@smoke")
    assert done.returncode == 0
    assert "Scenario: All is well" in done.stdout
    assert json.loads((project / "reports" / "results.json").read_text())["counts"]["passed"] == 1


def test_old_results_do_not_stay(project):
    old = project / "reports" / "junit" / "TESTS-old.xml"
    old.parent.mkdir(parents=True)
    old.write_text("old")
    behave(project, "--tags=@smoke")
    assert not old.exists()


def test_a_dry_run_runs_and_writes_nothing(project):
    (project / "environment.py").write_text("def before_all(context):\n    raise RuntimeError('started')\n")
    done = behave(project, "--dry-run")
    assert done.returncode == 0
    assert "6 scenarios are selected; none was run" in done.stdout
    assert not (project / "reports").exists()


def test_an_undefined_step_fails_a_dry_run(project):
    feature = project / "features" / "agent_execution" / "first.feature"
    feature.write_text(FEATURE.replace("it holds", "it hods", 1))
    assert behave(project, "--dry-run").returncode == 1


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--tags=@smok"], r"no scenario is selected in features with --tags=smok; @smok: .* did you mean @smoke\?"),
        (["--tags=@AEC-99"], r"no promise is called AEC-99 \(in --tags\); did you mean AEC-0\d\?"),
        (["--tags=@AEC-03"], r"no scenario is selected in features with --tags=AEC-03"),
        (["--name=Nobody"], r"no scenario is selected in features with --name=Nobody"),
        (["-D", "profle=small"], r"unknown setting -D profle=small \(did you mean profile\?\)"),
        (["-D", "order=random"], r"bad value in -D order=random"),
        (["--dry-run", "--tags=@smok"], r"no scenario is selected"),
        (["--dry-run", "-D", "profle=small"], r"unknown setting"),
    ],
)
def test_bad_input_is_refused_in_one_line(project, arguments, line):
    assert re.search(line, refusal(behave(project, *arguments)))
    assert not (project / "reports" / "results.json").exists()


def test_a_feature_that_cannot_be_read_is_refused_in_one_line(project):
    (project / "features" / "broken.feature").write_text(
        "Feature: x\n  Scenario: y\n    Given good ground\n    Gvien more\n"
    )
    assert re.search(r"broken\.feature:\d: no feature that can be read: ", refusal(behave(project)))


def test_what_cannot_start_is_refused_in_one_line(project):
    hook = "def before_all(context):\n    raise Refusal('the stack does not start')\n"
    (project / "environment.py").write_text(f"from support.refusal import Refusal\n\n{hook}")
    assert refusal(behave(project)) == "behave: the stack does not start"


def test_the_order_is_shuffled_by_its_seed(project):
    for number in range(4):
        text = f"Feature: {number}\n  Rule: r\n"
        for scenario in range(4):
            text += f"    Scenario: s{number}{scenario}\n      Then {number}{scenario} is written\n"
        (project / "features" / f"f{number}.feature").write_text(text)

    def played(order):
        (project / "order.txt").unlink(missing_ok=True)
        assert behave(project, "--name=^s", "-D", f"order={order}").returncode == 0
        return (project / "order.txt").read_text().split()

    defined = played("defined")
    assert defined == sorted(defined)
    shuffled = played("random:7")
    assert sorted(shuffled) == defined
    assert shuffled != defined
    assert played("random:7") == shuffled
    assert played("random:8") != shuffled


def test_business_value_is_read_from_the_narrative():
    assert value_of(["Segment:  Early", "Prose: is no value", "Business goal: a: b", ""]) == {
        "Segment": "Early",
        "Business goal": "a: b",
    }
