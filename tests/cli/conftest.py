"""Commands run in a copy of the checkout, so that they can neither see nor spoil the real one's results."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support.settings import CHECKOUT
from support.surroundings import base_environment

COPIED = ("apex", "support", "targets", "environment.py", "behave.ini")

FEATURE = """\
@agent_execution @smoke
Feature: A feature
  @AEC-01
  Rule: A rule
    Scenario: A scenario
      Given a stack that is never started
"""

STEP = """\
from behave import given

@given("a stack that is never started")
def _(context):
    raise AssertionError("it was started")
"""

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the commands run with, byte code included: it is as current as the sources are."""
    copy = tmp_path_factory.mktemp("suite")
    for name in COPIED:
        source = CHECKOUT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns(".venv"))
        else:
            shutil.copy(source, copy)
    return copy


@pytest.fixture
def checkout(suite: Path, tmp_path: Path) -> Path:
    """The suite with one feature that needs nothing."""
    copy = tmp_path / "checkout"
    # Another name for each file is enough: nobody writes into them.
    shutil.copytree(suite, copy, copy_function=os.link)
    feature = copy / "features" / "agent_execution" / "one.feature"
    feature.parent.mkdir(parents=True)
    feature.write_text(FEATURE, encoding="utf-8")
    (copy / "steps").mkdir()
    (copy / "steps" / "one.py").write_text(STEP, encoding="utf-8")
    return copy


@pytest.fixture
def command(checkout: Path) -> Command:
    """Calls a command of the copy, from there or from elsewhere: command("acceptance", "--tags=@smoke")."""

    def call(name: str, *arguments: str, called_from: Path = checkout) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-P", "-m", f"support.cli.{name}", *arguments]
        environment = base_environment() | {"PYTHONPATH": str(checkout)}
        return subprocess.run(
            line, cwd=called_from, env=environment, capture_output=True, text=True, check=False, timeout=60
        )

    return call
