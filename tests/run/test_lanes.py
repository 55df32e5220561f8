"""Lanes: who plays what and when, what a lane's death costs, and runs that end early. No stack: the hooks are empty."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.run import durations
from support.scenario.waiting import eventually, pause
from support.settings import CHECKOUT
from support.surroundings import base_environment

STEPS = """
import os, shutil, signal, time
from pathlib import Path
from behave import step
from support.scenario.waiting import eventually, pause

def note(name, moment):
    with open("moments.txt", "a") as file:
        file.write(f"{name} {moment} {os.getpid()} {time.monotonic()}\\n")

@step("{name} takes {seconds:f} seconds")
def _(context, name, seconds):
    note(name, "begin")
    pause(seconds)
    note(name, "end")

@step("it fails")
def _(context):
    raise AssertionError("it is not so")

@step("its lane is killed")
def _(context):
    os.kill(os.getpid(), signal.SIGKILL)

@step("its lane ends")
def _(context):
    os._exit(3)

@step("the disk is full")
def _(context):
    # Whatever is written there fails, also for root.
    shutil.rmtree("reports/evidence")
    Path("reports/evidence").write_text("in the way")

@step("JUnit's folder cannot be written to")
def _(context):
    os.rmdir("reports/junit")
    Path("reports/junit").write_text("in the way")

@step("{name} waits until it is interrupted")
def _(context, name):
    note(name, "begin")
    eventually(lambda: False, bool, 60)
"""

CHECKS = """
from support.run import recording
from support.scenario.evidence import Aftermath, Evidence

def after_scenario(context, scenario):
    with open("undone.txt", "a") as file:
        file.write(scenario.name + "\\n")
    scenario.aftermath = Aftermath(Evidence(recording.subject_of(scenario)))
"""

HOOKS = f"""
{CHECKS}
import os

def before_all(context):
    with open("lanes.txt", "a") as file:
        file.write(f"{{os.getpid()}}\\n")
"""


class Project:
    """A project without a platform, and its runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "steps").mkdir()
        (folder / "features").mkdir()
        (folder / "behave.ini").write_text((CHECKOUT / "behave.ini").read_text())
        (folder / "steps" / "steps.py").write_text(STEPS)
        (folder / "environment.py").write_text(HOOKS)

    def feature(self, name: str, *scenarios: tuple[str, str]) -> None:
        """A feature with a scenario of one step for each (title, step); a title may begin with tags."""
        text = f"Feature: {name}\n  Rule: of {name}\n"
        for title, sentence in scenarios:
            tags, _, plain = title.rpartition(" ")
            text += f"    {tags}\n    Scenario: {plain}\n      Then {sentence}\n"
        (self.folder / "features" / f"{name}.feature").write_text(text)

    def lasting(self, **seconds: float) -> None:
        """What an earlier run has measured, by title; all are in the feature one."""
        measured = {f"features/one.feature: {title}": each for title, each in seconds.items()}
        (self.folder / "reports").mkdir(exist_ok=True)
        durations.remember(self.folder / "reports" / "durations.json", measured)

    def start(self, *arguments: str, output: Any = subprocess.PIPE) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "behave", "-D", f"reports={self.folder / 'reports'}", *arguments]
        environment = base_environment() | {"PYTHONPATH": str(CHECKOUT)}
        return subprocess.Popen(
            command, cwd=self.folder, env=environment, stdout=output, stderr=subprocess.STDOUT, text=True
        )

    def run(self, *arguments: str) -> tuple[int, str]:
        with self.start(*arguments) as running:
            output, _ = running.communicate(timeout=60)
        return running.returncode, output

    def results(self) -> dict[str, dict[str, Any]]:
        read = json.loads((self.folder / "reports" / "results.json").read_text())
        return {record["scenario"]: record for record in read["scenarios"]}

    def moments(self) -> dict[str, dict[str, tuple[int, float]]]:
        """By name and moment: in which process, and when."""
        found: dict[str, dict[str, tuple[int, float]]] = {}
        path = self.folder / "moments.txt"
        for line in path.read_text().splitlines() if path.exists() else ():
            name, moment, pid, at = line.split()
            found.setdefault(name, {})[moment] = (int(pid), float(at))
        return found

    def lanes(self) -> list[int]:
        """The processes that were lanes."""
        return [int(line) for line in (self.folder / "lanes.txt").read_text().split()]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def takes(name: str, seconds: float) -> tuple[str, str]:
    return name, f"{name.split()[-1]} takes {seconds:.2f} seconds"


def test_lanes_share_the_scenarios_and_show_them_in_order(project):
    project.feature("one", *(takes(f"s{number}", 0.2) for number in range(6)))
    code, output = project.run("--jobs", "2")
    assert code == 0
    assert len(set(project.lanes())) == 2
    assert {moment["begin"][0] for moment in project.moments().values()} == set(project.lanes())
    assert list(project.results()) == [f"s{number}" for number in range(6)]
    assert "ok     features/one.feature ✓✓✓✓✓✓" in output
    assert "in 2 lanes" in output


def test_one_lane_plays_in_the_order_in_which_it_is_written(project):
    project.feature("one", takes("short", 0.01), takes("long", 0.05), takes("middle", 0.02))
    project.lasting(short=1, long=9, middle=3)
    assert project.run()[0] == 0
    assert list(project.moments()) == ["short", "long", "middle"]


def test_several_lanes_take_the_longest_first(project):
    project.feature("one", takes("short", 0.1), takes("long", 0.1), takes("middle", 0.1), takes("longest", 0.9))
    project.lasting(short=1, long=4, middle=3, longest=5)
    assert project.run("--jobs", "2")[0] == 0
    begins = {name: moments["begin"][1] for name, moments in project.moments().items()}
    assert begins["longest"] < begins["middle"] < begins["short"]


def test_only_half_of_the_lanes_play_long_scenarios_while_there_are_others(project):
    project.feature("one", takes("long", 0.6), takes("longer", 1.5), takes("short", 0.1), takes("other", 0.1))
    project.lasting(long=10, longer=12, short=1, other=1)
    assert project.run("--jobs", "2")[0] == 0
    begins = {name: moments["begin"][1] for name, moments in project.moments().items()}
    # Rather than have nothing to do, a lane plays a second one.
    assert max(begins["longer"], begins["short"]) < begins["long"]


def test_what_judges_time_is_played_last_and_alone(project):
    project.feature("one", takes("@timing first", 0.2), takes("@timing second", 0.2), takes("a", 0.4), takes("b", 0.1))
    assert project.run("--jobs", "2")[0] == 0
    moments = project.moments()
    for name in ("first", "second"):
        begin, end = moments[name]["begin"][1], moments[name]["end"][1]
        others = [moments[other] for other in moments if other != name]
        assert all(other["end"][1] <= begin or other["begin"][1] >= end for other in others)
    assert moments["first"]["begin"][1] >= max(moments["a"]["end"][1], moments["b"]["end"][1])
    assert list(project.results()) == ["first", "second", "a", "b"]


@pytest.mark.parametrize(
    ("step", "how"), [("its lane is killed", "was killed by SIGKILL"), ("its lane ends", "ended with exit code 3")]
)
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_lane_that_dies_costs_its_scenario_and_nothing_else(project, step, how, jobs):
    project.feature("one", takes("before", 0.05), ("dying", step), takes("after", 0.05), takes("later", 0.05))
    code, output = project.run("--jobs", jobs)
    assert code == 1
    results = project.results()
    assert {name: (record["status"], record["verdict"]) for name, record in results.items() if name == "dying"} == {
        "dying": ("error", "inconclusive")
    }
    assert re.fullmatch(rf"lane \d {how} while it was at this", results["dying"]["reason"])
    assert all(record["status"] == "passed" for name, record in results.items() if name != "dying")
    assert "3 passed, 1 failed, 0 skipped" in output


def test_the_same_results_whatever_the_number_of_lanes(project):
    project.feature("one", takes("good", 0.01), ("bad", "it fails"), ("strange", "nobody knows this"))
    seen = []
    for jobs in ("1", "2", "3"):
        assert project.run("--jobs", jobs)[0] == 1
        seen.append(
            {name: (each["status"], each["verdict"], each["reason"]) for name, each in project.results().items()}
        )
    assert seen[0] == seen[1] == seen[2]


REFUSING = """
{checks}
from pathlib import Path
from support.refusal import Refusal

def before_all(context):
    with open("lanes.txt", "a") as file:
        file.write("x\\n")
    if len(Path("lanes.txt").read_text().split()) >= {first}:
        {what}
"""


def test_a_lane_that_does_not_start_leaves_its_share_to_the_others(project):
    (project.folder / "environment.py").write_text(
        REFUSING.format(checks=CHECKS, first=2, what="raise Refusal('no port is free')")
    )
    project.feature("one", *(takes(f"s{number}", 0.2) for number in range(4)))
    code, output = project.run("--jobs", "2")
    assert code == 0
    assert "lane 2 did not start, the others play its share: no port is free" in output
    assert len(project.results()) == 4


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("raise Refusal('no port is free')", "no port is free"),
        ("import os; os._exit(4)", "the lane ended with exit code 4"),
    ],
)
def test_without_any_lane_the_run_is_refused_in_one_line(project, what, said):
    (project.folder / "environment.py").write_text(REFUSING.format(checks=CHECKS, first=1, what=what))
    project.feature("one", takes("s0", 0.2), takes("s1", 0.2))
    code, output = project.run("--jobs", "2")
    assert code == 1
    assert output.splitlines()[-1].startswith(f"behave: {said}")


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_stop_leaves_the_rest_unplayed(project, jobs):
    project.feature("one", ("bad", "it fails"), *(takes(f"s{number}", 0.3) for number in range(6)))
    project.lasting(bad=9)
    code, output = project.run("--jobs", jobs, "--stop")
    assert code == 1
    not_run = [record for record in project.results().values() if record["status"] == "untested"]
    assert len(not_run) >= 5
    assert {record["reason"] for record in not_run} == {"not run: the run stopped at the first red scenario"}
    assert f"{len(not_run)} not run" in output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_an_interrupted_run_reports_what_it_has_played(project, number, jobs):
    project.feature(
        "one",
        takes("done", 0.01),
        ("hanging", "hanging waits until it is interrupted"),
        *(takes(f"s{n}", 9) for n in "12"),
    )
    project.lasting(done=9, hanging=8)
    with project.start("--jobs", jobs) as running:
        eventually(lambda: {"hanging"} <= project.moments().keys(), bool, 20)
        running.send_signal(number)
        output, _ = running.communicate(timeout=20)
    assert running.returncode == 1
    results = project.results()
    assert results["done"]["status"] == "passed"
    assert results["hanging"]["verdict"] == "inconclusive"
    assert results["s2"]["reason"] == "not run: the run was interrupted"
    assert "not run" in output
    # What a scenario did is undone all the same.
    assert {"done", "hanging"} <= set((project.folder / "undone.txt").read_text().split())
    assert not any(_is_running(pid) for pid in project.lanes())


def reported(project: Project) -> dict[str, str]:
    """The status of each scenario, where page and JUnit are there as well."""
    reports = project.folder / "reports"
    assert "not run" in (reports / "index.html").read_text()
    assert (reports / "junit" / "TESTS-one.xml").exists()
    return {name: record["status"] for name, record in project.results().items()}


def test_what_was_played_is_reported_before_the_lanes_have_ended(project):
    undoing = CHECKS.replace("def after_scenario(context, scenario):", UNDOES_FOR_LONG)
    (project.folder / "environment.py").write_text(undoing)
    project.feature("one", ("bad", "it fails"), ("hanging", "hanging waits until it is interrupted"), takes("s", 9))
    with project.start("--jobs", "1") as running:
        eventually(lambda: {"hanging"} <= project.moments().keys(), bool, 20)
        running.send_signal(signal.SIGTERM)
        # It is the last of the reports to be written.
        eventually(lambda: list((project.folder / "reports" / "junit").glob("*.xml")), bool, 5)
        # CI systems have little patience.
        running.kill()
        running.communicate(timeout=20)
    assert reported(project) == {"bad": "failed", "hanging": "untested", "s": "untested"}
    assert json.loads((project.folder / "reports" / "results.json").read_text())["ended_by"] == "SIGTERM"


UNDOES_FOR_LONG = """
def after_scenario(context, scenario):
    if scenario.name == "hanging":
        from support.scenario.waiting import pause
        pause(20)
"""


@pytest.mark.parametrize("format_", ["support.run.terminal:Terminal", "plain"])
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_run_that_nobody_reads_any_more_ends_and_is_reported(project, jobs, format_):
    project.feature("one", ("bad", "it fails"))
    project.feature("two", takes("next", 0.3))
    project.feature("wait", *((f"h{n}", f"h{n} waits until it is interrupted") for n in "123"))
    with project.start("--jobs", jobs, f"--format={format_}") as running:
        assert running.stdout is not None
        for line in running.stdout:
            if "one" in line:
                running.stdout.close()
                break
        assert running.wait(20) == 1
    assert reported(project)["bad"] == "failed"
    read = json.loads((project.folder / "reports" / "results.json").read_text())
    assert read["ended_by"] == "SIGPIPE"
    assert read["counts"]["not_run"] >= 1


def test_a_run_whose_output_finds_no_room_goes_on(project):
    project.feature("one", ("bad", "it fails"), takes("next", 0.01))
    with open("/dev/full", "w") as full, project.start(output=full) as running:
        assert running.wait(40) == 1
    assert {name: record["status"] for name, record in project.results().items()} == {"bad": "failed", "next": "passed"}


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_run_without_room_for_evidence_ends_and_is_reported(project, jobs):
    project.feature("one", ("bad", "it fails"), ("full", "the disk is full"), *(takes(f"s{n}", 0.5) for n in range(5)))
    project.lasting(bad=9, full=8)
    code, output = project.run("--jobs", jobs)
    assert code == 1
    found = reported(project)
    assert (found["full"], found["s4"]) == ("error", "untested")
    assert "evidence cannot be written to" in project.results()["full"]["reason"]
    assert "not run: evidence cannot be written" in project.results()["s4"]["reason"]
    assert "Traceback" not in output


def test_a_report_that_cannot_be_written_costs_no_other(project):
    project.feature("one", ("bad", "it fails"), ("in-the-way", "JUnit's folder cannot be written to"))
    code, output = project.run()
    assert code == 1
    assert re.search(r"behave: JUnit cannot be written to .*: File exists", output)
    assert project.results()["bad"]["status"] == "failed"
    assert not (project.folder / "reports" / ".reserve").exists()


def test_what_nohup_ignores_ends_no_run(project):
    project.feature("one", takes("a", 1.0))
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with project.start() as running:
            signal.signal(signal.SIGHUP, before)
            eventually(lambda: "a" in project.moments(), bool, 20)
            running.send_signal(signal.SIGHUP)
            running.communicate(timeout=20)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert (running.returncode, project.results()["a"]["status"]) == (0, "passed")


def test_a_run_whose_lanes_start_no_more_ends(project):
    refusing = REFUSING.format(checks=CHECKS, first=2, what="raise Refusal('no port is free')")
    (project.folder / "environment.py").write_text(refusing)
    project.feature("one", takes("a", 0.01), ("dying", "its lane ends"), takes("b", 0.01))
    code, output = project.run("--jobs", "1")
    assert code == 1
    assert "no lane starts any more: no port is free" in output
    assert project.results()["b"]["reason"] == "not run: no lane starts any more: no port is free"


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_run_that_was_suspended_goes_on(project, jobs):
    project.feature("one", takes("a", 0.3), takes("b", 0.3))
    with project.start("--jobs", jobs) as running:
        eventually(lambda: "a" in project.moments(), bool, 20)
        running.send_signal(signal.SIGSTOP)
        pause(1.5)
        running.send_signal(signal.SIGCONT)
        running.communicate(timeout=20)
    assert {record["status"] for record in project.results().values()} == {"passed"}


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_lanes_end_with_a_run_that_is_killed(project, jobs):
    names = ("a", "b")
    project.feature("one", *((name, f"{name} waits until it is interrupted") for name in names))
    with project.start("--jobs", jobs) as running:
        eventually(lambda: len(project.moments()) == int(jobs), bool, 20)
        running.kill()
        running.communicate(timeout=20)
    eventually(lambda: [pid for pid in project.lanes() if _is_running(pid)], lambda left: not left, 5)


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_behaves_own_formatters_see_every_feature_whole(project, jobs):
    project.feature("one", takes("good", 0.02), ("bad", "it fails"))
    project.feature("two", takes("other", 0.02), ("strange", "nobody knows this"))
    code, output = project.run("--jobs", jobs, "--format=plain")
    assert code == 1
    for feature in ("one", "two"):
        assert output.count(f"Feature: {feature}") == 1
    at = [
        output.index(text)
        for text in ("Feature: one", "Scenario: good", "Scenario: bad", "ASSERT FAILED: it is not so")
    ]
    assert at == sorted(at)
    assert "nobody knows this ... undefined" in output


def test_shards_together_play_everything_once(project):
    project.feature("one", *(takes(f"s{number}", 0.01) for number in range(5)))
    played: list[str] = []
    for part in ("1/2", "2/2"):
        assert project.run("-D", f"shard={part}")[0] == 0
        played += project.results()
    assert sorted(played) == [f"s{number}" for number in range(5)]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-D", "jobs=0"], "bad value in -D jobs=0: give the number of lanes, 1 or more, or auto"),
        (["-D", "jobs=x"], "bad value in -D jobs=x"),
        (["-D", "jobs=5000"], "5000 lanes need"),
        (["-D", "shard=6/5"], "bad value in -D shard=6/5: give a part and the number of parts as K/N"),
        (["-D", "shard=0/5"], "bad value in -D shard=0/5"),
        (["-D", "shard=9/9"], "shard 9/9 has no scenario: 1 are selected"),
        (["-D", "jobs=2", "-D", "stack=keep"], "-D stack=keep serves one lane"),
    ],
)
def test_bad_input_is_refused_in_one_line(project, arguments, said):
    project.feature("one", takes("s", 0.01))
    code, output = project.run(*arguments)
    assert code == 2
    lines = [line for line in output.splitlines() if "USING RUNNER" not in line and "NESTED" not in line]
    assert len(lines) == 1
    assert said in lines[0]


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
