"""A run whose texts are as bad as can be: every report is there, can be read and shows no secret."""

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from support.settings import CHECKOUT
from support.surroundings import base_environment

SECRETS = ("abcdefgh1234", "hunter2hunter2", "c2Vzc2lvbjpodW50")

STEPS = r"""
from behave import given, then

@given("{_} ground")
def _(context, _):
    pass

@then("it fails in colours")
def _(context):
    raise AssertionError("\x1b[31mexpected\x1b[0m \x00\x07 \ud83d \ufffe <b>&amp;]]> Bearer abcdefgh1234")

@then("it fails with secrets")
def _(context):
    raise ConnectionError("postgresql://a:hunter2hunter2@b/ {'Cookie': 's=c2Vzc2lvbjpodW50'} password='abcdefgh1234'")

@then("it fails at length")
def _(context):
    raise AssertionError("begin " + "x" * 1_000_000 + " end")
"""

ENVIRONMENT = r"""
from support.run import recording
from support.scenario.evidence import Aftermath, Evidence
from support.scenario.verdict import Verdict

def after_scenario(context, scenario):
    evidence = Evidence(recording.subject_of(scenario))
    evidence.note("\ud83d Bearer abcdefgh1234", password="hunter2hunter2", seen={("a", 1): {"b"}})
    evidence.observed("\ud83d", "y" * 100, Verdict.PROVEN, reason="z" * 1_000_000)
    scenario.aftermath = Aftermath(evidence, log_lines=[{"event": "\x1b[1m\ud83d"}])
    recording.raise_findings(scenario.aftermath)
"""

FEATURE = '''
@{category} @OPS-123 @OPS-12 @jira:ABC-99
Feature: {name} \x1b[31mred

  @AEC-01
  Rule: One. Two

    Scenario: The same title
      Given good ground
      Then it fails in colours

  @AEC-02
  Rule: Another

    Scenario: The same title
      Given good ground
        """
        {text}
        """
      Then it fails with secrets

    Scenario Outline: An example of <what>
      Given good ground
        | {text} |
        | <what> |
      Then it fails at length
      Examples:
        | what |
        | one  |
        | two  |
'''

FILES = (
    "features/agent_execution/same.feature",
    "features/api/same.feature",
    "features/api.same.feature",
    "features/a b/50%25 #1? 'quoted\" äpfel.feature",
)


def behave(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "behave", *arguments],
        cwd=project,
        env=base_environment() | {"PYTHONPATH": str(CHECKOUT), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def lay_out(project: Path) -> Path:
    (project / "steps").mkdir()
    (project / "steps" / "steps.py").write_text(STEPS)
    (project / "environment.py").write_text(ENVIRONMENT)
    (project / "behave.ini").write_text((CHECKOUT / "behave.ini").read_text())
    for file in FILES:
        place = project / file
        place.parent.mkdir(parents=True, exist_ok=True)
        text = FEATURE.format(category="api", name=place.stem, text="w" * 25_000)
        place.write_text(text, encoding="utf-8")
    return project


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """The project after a run with reports of all kinds, and what the run said."""
    project = lay_out(tmp_path_factory.mktemp("project"))
    formats = [part for name in ("json", "pretty", "progress", "plain") for part in ("-f", name, "-o", f"out/{name}")]
    done = behave(
        project,
        *("-D", f"reports={project / 'reports'}", "--junit-directory", "junit of CI", "--jobs", "1"),
        *formats,
        *("-f", "allure", "-o", "out of allure", "-f", "acceptance", "-o", "-"),
    )
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    return project, done


def scenarios(project):
    return json.loads((project / "reports" / "results.json").read_text("utf-8"))["scenarios"]


def test_every_scenario_is_in_the_results(played):
    project, _ = played
    assert {entry["file"] for entry in scenarios(project)} == set(FILES)
    by_place = {(entry["file"], entry["promise"], entry["line"]): entry for entry in scenarios(project)}
    assert len(by_place) == 4 * len(FILES)
    # A tracker's keys are no promises.
    assert {entry["promise"] for entry in scenarios(project)} == {"AEC-01", "AEC-02"}


def test_nothing_that_was_written_shows_a_secret_or_a_command_to_a_terminal(played):
    project, done = played
    texts = {str(path): path.read_bytes().decode() for path in project.rglob("*") if path.is_file()}
    written = {
        name: text
        for name, text in texts.items()
        if "/reports/" in name or "/out/" in name or "junit" in name or "allure" in name
    }
    assert len(written) > 4 * len(FILES)
    for name, text in (written | {"stdout": done.stdout}).items():
        assert not [secret for secret in SECRETS if secret in text], name
        assert name.endswith(("/pretty", "/plain", "/progress", "/json")) or "\x1b" not in text, name


def test_each_evidence_is_where_the_results_say(played):
    project, _ = played
    places = [entry["evidence"] for entry in scenarios(project)]
    assert len(set(places)) == len(places)
    for place in places:
        evidence = json.loads((project / "reports" / place).read_text("utf-8"))
        assert evidence["timeline"][0]["password"] == "[secret]"
        assert (project / "reports" / place).stat().st_size < 200_000


def test_junit_can_be_read_and_tells_all_apart(played):
    project, _ = played
    assert not (project / "reports" / "junit").exists()
    suites = [ElementTree.parse(path).getroot() for path in (project / "junit of CI").glob("*.xml")]
    assert len(suites) == len(FILES)
    cases = [case for suite in suites for case in suite]
    assert len({(case.get("classname"), case.get("name")) for case in cases}) == 4 * len(FILES)
    (failure,) = {case.findtext("failure") for case in cases if case.get("name") == "The same title"} - {None}
    assert failure == "expected \\x00\\x07 \\ud83d \\ufffe <b>&amp;]]> Bearer [secret]"
    for suite in suites:
        assert suite.get("timestamp")
        assert float(suite.get("time", "")) == pytest.approx(
            sum(float(case.get("time", "")) for case in suite), abs=0.01
        )


def test_what_is_huge_is_cut_with_a_note(played):
    project, done = played
    long = [entry for entry in scenarios(project) if entry["scenario"].startswith("An example of")]
    assert all("the whole is 1000010 characters long" in entry["reason"] for entry in long)
    assert all(len(line) < 1000 for line in done.stdout.splitlines())


def test_what_behave_writes_is_whole(played):
    project, _ = played
    assert len(json.loads((project / "out" / "json").read_text("utf-8"))) == len(FILES)
    assert (project / "out" / "pretty").read_text("utf-8").count("Scenario: The same title") == 2 * len(FILES)


def test_allure_has_a_result_for_each_scenario(played):
    project, _ = played
    results = [json.loads(path.read_text("utf-8")) for path in (project / "out of allure").glob("*-result.json")]
    assert len({result["historyId"] for result in results}) == len(scenarios(project))
    assert {result["status"] for result in results} == {"failed", "broken"}
    for result in results:
        assert 0 <= result["stop"] - result["start"] < 60_000
        assert len(result["statusDetails"]["message"]) <= 20_000
        sources = [each["source"] for step in result["steps"] for each in step.get("attachments", ())]
        sources += [each["source"] for each in result["attachments"]]
        assert all((project / "out of allure" / source).is_file() for source in sources)
    red = next(result for result in results if result["status"] == "failed")
    assert {label["name"]: label["value"] for label in red["labels"]}["story"].startswith("AEC-0")


def test_no_junit_is_none(tmp_path):
    project = lay_out(tmp_path)
    behave(project, "-D", f"reports={project / 'reports'}", "--no-junit", "--tags=@OPS-123 and @AEC-01")
    assert len(scenarios(project)) == len(FILES)
    assert not list(project.rglob("TESTS-*"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--junit-directory=taken/junit"], "cannot write JUnit files to taken/junit (Not a directory)"),
        (["-f", "allure", "-o", "taken/allure"], "cannot write results for Allure to taken/allure (Not a directory)"),
    ],
)
def test_what_cannot_be_written_is_refused_before_anything_runs(tmp_path, options, said):
    project = lay_out(tmp_path)
    (project / "taken").write_text("a file")
    done = behave(project, "-D", f"reports={project / 'reports'}", *options)
    assert done.returncode != 0
    assert done.stderr.startswith(f"behave: {said}")
    assert len(done.stderr.splitlines()) == 1
    assert not (project / "reports" / "results.json").exists()


@pytest.mark.parametrize("option", ["--junit", "--no-junit", "--junit-directory=elsewhere"])
def test_reports_are_not_left_of_an_earlier_run(tmp_path, option):
    project = lay_out(tmp_path)
    old = [project / "reports" / "junit" / "TESTS-old.xml", project / "reports" / "allure-results" / "old-result.json"]
    for report in old:
        report.parent.mkdir(parents=True)
        report.write_text("old")
    # A run that never comes to write its own.
    (project / "environment.py").write_text("import os\n\ndef before_all(context):\n    os._exit(3)\n")
    behave(project, "-D", f"reports={project / 'reports'}", option)
    assert not [report for report in old if report.exists()]
