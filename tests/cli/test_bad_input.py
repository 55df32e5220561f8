"""Bad input: one clear line, an exit code, nothing half done."""

import fcntl
import os
import shutil
from subprocess import CompletedProcess

import pytest

from tests.cli.conftest import STEP
from tests.stack.engine import without_containers


def refusal(done: CompletedProcess[str]) -> str:
    """The one line that a refused command says; nothing was started and no results were written."""
    assert done.returncode != 0
    assert "Traceback" not in done.stdout + done.stderr
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, done.stderr
    return lines[0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-D", "stak=keep"], "unknown setting -D stak=keep (did you mean stack?)"),
        (["-D", "stack=kept"], "bad value in -D stack=kept"),
        (["-D", "services=cloud"], "bad value in -D services=cloud: choose one of embedded, containers, external"),
        pytest.param(["-D", "services=containers"], "-D services=containers: ", marks=without_containers),
        (["-D", "services=containers", "-D", "target=aegra"], "-D services=containers is for the reference platform"),
        (["-D", "target=./nowhere"], "there is no file "),
        (["-D", "ports=5"], "bad value in -D ports=5"),
        (["-Dprofile=big"], "bad value in -D profile=big"),
        (["--target", "moon"], "bad value in --target moon: choose one of aegra"),
        (["-D", "target=moon"], "bad value in -D target=moon"),
        (["--tags=@smok"], "no scenario is selected"),
        (["--name=There is no such scenario"], "no scenario is selected"),
        (["--tags=@AEC-99"], "no promise is called AEC-99"),
        (["--tags=@smoke and"], "bad tag expression in --tags: Syntax error. Expected operand after and"),
        (["--name", "["], "bad regular expression '[' in --name, --include or --exclude: unterminated"),
        (["--include=("], "bad regular expression '(' in --name, --include or --exclude: missing )"),
        (["-e", "*"], "bad regular expression '*' in --name, --include or --exclude: nothing to repeat"),
        (["-n", "a{99999999999}"], "bad regular expression in --name, --include or --exclude"),
        (["--lang", "xx"], "--lang: no language is called 'xx'"),
        (["--lang-help", "xx"], "--lang-help: no language is called 'xx'"),
        (["-f", "nosuch"], "BAD_FORMAT=nosuch"),
        (["--runner", "behave.runner:Runner"], "--runner: results are written by the suite's own"),
        (["-o", "one", "-o", "two"], "more files are given with -o than formatters"),
        (["-f", "plain", "-o", "/dev/null/no/file"], "cannot write to /dev/null/no"),
        (["--logging-level", "loud"], "argument --logging-level: loud is unknown"),
        (["--nosuch"], "unrecognized arguments: --nosuch"),
        (["nosuch.feature"], "there is no nosuch.feature"),
        (["features/agent_execution/one.feature:99"], "features/agent_execution/one.feature has no line 99"),
        (["behave.ini"], "behave.ini is no feature"),
        (["@nosuch"], "nosuch cannot be read: No such file or directory"),
    ],
)
def test_run_is_refused_in_one_line(command, checkout, arguments, said):
    refused = command("acceptance", *arguments)
    assert refused.returncode == 2
    assert said in refusal(refused)
    assert not (checkout / "reports" / "results.json").exists()
    assert not list(checkout.glob("reports/logs/*"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--jobs", "0"], "bad value in --jobs 0: give the number of lanes, 1 or more, or auto"),
        (["--jobs", "x"], "bad value in --jobs x"),
        (["--jobs", "-1"], "bad value in --jobs -1"),
        (["-j", "5000"], "5000 lanes need"),
        (["--shard", "6/5"], "bad value in --shard 6/5: give a part and the number of parts as K/N"),
        (["--shard", "half"], "bad value in --shard half"),
    ],
)
def test_lanes_and_shards_that_cannot_be_are_refused_in_one_line(command, checkout, arguments, said):
    refused = command("acceptance", *arguments)
    assert refused.returncode == 2
    assert said in refused.stderr.strip().splitlines()[-1]
    assert "Traceback" not in refused.stderr
    assert not (checkout / "reports" / "results.json").exists()


@pytest.mark.parametrize(("jobs", "said"), [("0", "no number of lanes"), ("x", "no number of lanes"), ("5000", "need")])
def test_lanes_of_a_proof_that_cannot_be_are_refused(command, jobs, said):
    refused = command("prove", "--jobs", jobs, "--list")
    assert refused.returncode == 2
    assert said in refused.stderr.strip().splitlines()[-1]


def test_unknown_stage_names_the_stages(command):
    refused = command("acceptance", "--stage", "nightlyy")
    assert refused.returncode == 2
    assert all(stage in refused.stderr for stage in ("smoke", "gate", "nightly"))


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (
            b"Feature: A\n  Scenario: B\n    Given Acme\n    Gven\n",
            "broken.feature:4: no feature that can be read",
        ),
        (b"Feature: A\n  Scenario: caf\xe9\n", "broken.feature:2: not in UTF-8"),
        ("Feature: A\n".encode("utf-16"), "broken.feature:1: not in UTF-8"),
        (b"# language: xx\nFeature: A\n", "broken.feature:1: no language is called 'xx'"),
        (b"# first\n#language:  EN\nFeature: A\n", "broken.feature:2: no language is called 'EN'"),
    ],
)
@pytest.mark.parametrize("call", [(), ("--steps-catalog",)])
def test_feature_that_cannot_be_read_is_named_with_its_line(command, checkout, written, said, call):
    (checkout / "features" / "agent_execution" / "broken.feature").write_bytes(written)
    refused = command("acceptance", *call)
    assert refused.returncode == 2
    assert f"features/agent_execution/{said}" in refusal(refused)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("x = (\n", "steps/two.py:1: SyntaxError: '(' was never closed"),
        ("import nosuch\n", "steps/two.py:1: ModuleNotFoundError: No module named 'nosuch'"),
        ("\n" + STEP, "steps/two.py:4: AmbiguousStep: "),
    ],
)
def test_steps_that_cannot_be_loaded_are_named_with_their_line(command, checkout, written, said):
    (checkout / "steps" / "two.py").write_text(written, encoding="utf-8")
    assert f"behave: the steps cannot be loaded: {said}" in refusal(command("acceptance", "--dry-run"))


def test_byte_order_mark_and_comments_are_simply_read(command, checkout):
    feature = checkout / "features" / "agent_execution" / "one.feature"
    feature.write_bytes(b"\xef\xbb\xbf# language: en\n" + feature.read_bytes())
    (checkout / "features" / "empty.feature").write_text("# nothing yet\n", encoding="utf-8")
    done = command("acceptance", "--dry-run", "--tags=@smoke")
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 scenarios are selected" in done.stdout


@pytest.mark.parametrize(
    "question",
    [
        ["-f", "help"], ["--format=help"], ["--lang-help", "de"], ["--lang-help=fr"], ["--lang-list"], ["--lang=help"],
        ["--tags-help"], ["--version"], ["--runner=help"], ["--dry-run"], ["-d", "--color"],
    ],
)  # fmt: skip
def test_question_is_answered(command, checkout, question):
    answered = command("acceptance", *question)
    assert (answered.returncode, answered.stderr) == (0, "")
    assert answered.stdout
    assert not (checkout / "reports").exists()


@pytest.mark.parametrize("reports", ["reports", "elsewhere"])
def test_reports_that_cannot_be_written_are_refused(command, checkout, reports):
    # A file in the place of the folder stops root too.
    (checkout / reports).write_text("in the way", encoding="utf-8")
    said = refusal(command("acceptance", "-D", f"reports={reports}"))
    assert "cannot write reports to" in said
    assert (checkout / reports).read_text(encoding="utf-8") == "in the way"


def test_results_of_an_earlier_run_outlive_a_refusal(command, checkout):
    (checkout / "reports").mkdir()
    earlier = checkout / "reports" / "results.json"
    earlier.write_text("earlier", encoding="utf-8")
    refusal(command("acceptance", "--tags=@smok"))
    assert earlier.read_text(encoding="utf-8") == "earlier"


def test_what_is_refused_at_the_start_of_the_stack_is_said_in_one_line(command, checkout):
    (checkout / "reports").mkdir()
    (checkout / "reports" / "results.json").write_text("earlier", encoding="utf-8")
    shutil.rmtree(checkout / "targets")
    assert "bad value in -D target=apex" in refusal(command("acceptance"))


def test_unknown_defect_is_refused(command):
    assert "no defect, promise or category 'XYZ-01'" in refusal(command("prove", "XYZ-01"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--spoiled", "XYZ-01"], "no defect, promise or category 'XYZ-01'"),
        (["--spoiled", "--changed"], "--spoiled takes IDs, or --all"),
        (["--spoiled", "-D", "target=nosuch"], "bad value in -D target=nosuch"),
        (["--spoiled", "-D", "order=defined"], "unknown setting order; there is only reports"),
        (["-D", "target=apex"], "-D target=NAME goes with --spoiled"),
    ],
)
def test_what_cannot_be_spoiled_is_refused(command, arguments, said):
    refused = command("prove", *arguments)
    assert refused.returncode == 2
    assert said in refusal(refused)


def test_a_platform_whose_answers_nobody_has_described_is_refused(command, checkout):
    (checkout / "targets" / "apex" / "wire.toml").unlink()
    assert "nobody has said how apex's answers are read" in refusal(command("prove", "--spoiled", "--list"))


def test_every_missing_address_of_external_services_is_named(command, checkout):
    refused = command("acceptance", "-D", "services=external")
    assert refused.returncode == 2
    said = refused.stderr.splitlines()
    assert [line.partition("ACCEPTANCE_")[2].partition("_")[0] for line in said] == ["POSTGRES", "REDIS", "CLICKHOUSE"]
    assert not (checkout / "reports" / "results.json").exists()


def test_eighth_out_of_range_is_refused(command):
    assert command("prove", "--eighth", "9").returncode == 2


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("jobs=2", "unknown setting jobs; there are only services, target, mode"),
        ("services=cloud", "bad value in -D services=cloud"),
        pytest.param("services=containers", "-D services=containers: ", marks=without_containers),
    ],
)
def test_stack_that_cannot_be_started_is_refused(command, setting, said):
    refused = command("stack", "up", "-D", setting)
    assert refused.returncode == 2
    assert said in refusal(refused)


@without_containers
def test_images_without_an_engine_are_refused(command):
    refused = command("stack", "images")
    assert refused.returncode == 2
    assert "-D services=containers: " in refusal(refused)


@pytest.mark.parametrize("arguments", [["status"], ["logs"], ["logs", "backend"], ["restart", "backend"]])
def test_stack_that_does_not_run_is_said_so(command, arguments):
    assert "no stack of this checkout runs" in refusal(command("stack", *arguments))


def test_ending_a_stack_that_does_not_run_is_harmless(command):
    assert command("stack", "down").returncode == 0


@pytest.mark.parametrize("name", ["acceptance", "bench", "prove", "report", "stack", "test", "walk"])
def test_help_is_enough(command, name):
    shown = command(name, "--help")
    assert shown.returncode == 0
    assert f"bin/{name}" in shown.stdout
    assert len(shown.stdout.splitlines()) > 5


def test_reports_of_a_run_that_goes_on_are_refused(command, checkout, tmp_path):
    reports = tmp_path / "reports of both"
    reports.mkdir()
    earlier = reports / "evidence" / "of-the-other.json"
    earlier.parent.mkdir()
    earlier.write_text("{}", encoding="utf-8")
    held = os.open(reports, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        said = refusal(command("acceptance", "-D", f"reports={reports}"))
    finally:
        os.close(held)
    assert f"another run writes its reports to {reports}" in said
    assert earlier.exists()
