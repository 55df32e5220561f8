"""`bin/test` as its caller sees it: which processes run the tests, and how the results of all parts are shown."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.surroundings import base_environment

PROJECT = """\
[tool.pytest.ini_options]
addopts = "-q"
testpaths = ["tests"]
pythonpath = ["."]
[tool.mypy]
files = ["tests"]
[tool.ruff]
include = ["tests/*.py"]
"""

# Notes who runs it: one of several workers, or nobody but pytest itself.
TEST = """\
import os


def test_one() -> None:
    with open("ran-by", "a") as notes:
        notes.write("worker\\n" if "PYTEST_XDIST_WORKER" in os.environ else "pytest\\n")
"""

SEVERAL = """\
import json, sys
from pathlib import Path
from support.cli.test import main

called_from = Path.cwd()
for arguments in json.loads(sys.argv[1]):
    assert main(arguments, called_from) == 0, arguments
"""


@pytest.fixture
def project(checkout: Path) -> Path:
    """The suite with one test."""
    (checkout / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    (checkout / "tests").mkdir()
    (checkout / "tests" / "test_one.py").write_text(TEST, encoding="utf-8")
    return checkout


def who_ran(project: Path, *calls: list[str]) -> list[str]:
    """Who ran the test in each of several calls."""
    subprocess.run(
        [sys.executable, "-c", SEVERAL, json.dumps(calls)],
        cwd=project,
        env=base_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
    )
    return (project / "ran-by").read_text(encoding="utf-8").split()


def test_folders_are_shared_out_and_a_few_tests_are_not(project):
    few = ["tests/test_one.py"], ["tests/test_one.py::test_one"], ["-k", "one"], ["--lf"]
    assert who_ran(project, ["tests", "-x"], *few) == ["worker", *["pytest"] * len(few)]


def test_what_the_caller_says_of_workers_is_heeded(project):
    without = ["-n", "0"], ["-p", "no:xdist"], ["-pno:xdist"], ["tests", "--pdb"]
    assert who_ran(project, *without, ["tests/test_one.py", "-n", "1"]) == [*["pytest"] * len(without), "worker"]


def test_paths_are_those_of_the_caller(command, project, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "one").mkdir(parents=True)
    for arguments in (["../checkout/tests/test_one.py::test_one"], ["-x", "../checkout/tests", "-n0"], ["-k", "one"]):
        done = command("test", *arguments, "--junitxml=out.xml", called_from=elsewhere)
        assert (done.returncode, done.stderr) == (0, "")
        assert 'tests="1"' in (elsewhere / "out.xml").read_text(encoding="utf-8")
        (elsewhere / "out.xml").unlink()


def test_results_of_the_checks_stand_before_the_closing_line(command, project):
    (project / "tests" / "test_one.py").write_text(TEST + "\n\n\n\n", encoding="utf-8")
    done = command("test")
    assert done.returncode == 1
    assert re.sub(r" +\d+\.\d+ ?s\b", " # s", done.stdout).splitlines()[-6:] == [
        "ruff check   ok # s",
        "tests/test_one.py:7:1: unformatted: File would be reformatted",
        "ruff format  failed # s",
        "mypy         ok # s",
        "1 passed in # s",
        "bin/test: ruff format failed, see above",
    ]
