"""The environment of a target: which Python it is made with, and whether it is there."""

import sys
from pathlib import Path

import pytest

from support import surroundings
from support.target_environment import TargetEnvironment, candidates, lowest_python, python_of_target, version_of
from support.virtual_environment import Progress, SetupError


def target(tmp_path: Path, requirements: str) -> Path:
    folder = tmp_path / "targets" / "other"
    folder.mkdir(parents=True)
    (folder / "requirements.txt").write_text(requirements)
    return folder


def test_the_requirements_say_which_python():
    assert lowest_python("# python >= 3.12\nredis==8.1.0\n") == 12
    assert lowest_python("redis==8.1.0 # python >= 3.12\n") == 0


def test_the_version_of_an_interpreter():
    assert version_of(sys.executable) == sys.version_info[:2]


@pytest.mark.parametrize("text", ["#!/bin/sh\nexit 127\n", "#!/nowhere/python\n"])
def test_one_that_does_not_run_has_none(tmp_path: Path, text: str):
    broken = tmp_path / "python"
    broken.write_text(text)
    broken.chmod(0o755)
    assert version_of(str(broken)) is None


def test_interpreters_are_looked_for_on_the_path_and_in_pyenv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    made = [tmp_path / ".pyenv" / "versions" / name / "bin" / "python" for name in ("3.11.9", "3.12.1", "3.13.0")]
    named = tmp_path / "bin" / "python3.13"
    for each in (*made, named):
        each.parent.mkdir(parents=True, exist_ok=True)
        each.write_text("")
        each.chmod(0o755)
    found_here = {"PATH": str(named.parent), "HOME": str(tmp_path)}
    monkeypatch.setattr(surroundings, "setup_environment", lambda: found_here)
    assert list(candidates(12)) == [str(named), str(made[1]), str(made[2])]


def test_without_such_a_python_it_is_refused_in_one_line(tmp_path: Path):
    environment = TargetEnvironment(target(tmp_path, "# python >= 3.19\n"), Progress())
    with pytest.raises(
        SetupError, match=r"^the platform other needs Python 3.19 or newer; there is none on PATH"
    ) as told:
        environment.prepare()
    assert "\n" not in str(told.value)


def test_an_environment_that_was_never_completed_has_no_python(tmp_path: Path):
    folder = target(tmp_path, "")
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    assert python_of_target(folder) is None
    (folder / ".venv" / "complete").write_text("{}")
    assert python_of_target(folder) == python
