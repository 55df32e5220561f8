"""Programs of a checkout, started from a warm server."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.scenario import waiting
from support.stack import processes
from support.stack.errors import StackError
from support.stack.programs import Program, Programs

HELLO = """
import os, sys
print("said", *sys.argv[1:], os.environ["COLOUR"], sep=" ")
print("wrong", file=sys.stderr)
sys.exit(3)
"""
SERVING = """
import os, signal, sys
print(os.getpid(), flush=True)
signal.pause()
"""
READING = "print(open('secret').read())"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkout")
    for name, text in (("hello", HELLO), ("serving", SERVING), ("reading", READING)):
        (folder / f"{name}.py").write_text(text)
    return folder


@pytest.fixture(scope="module")
def programs(checkout: Path) -> Iterator[Programs]:
    running = Programs(checkout)
    yield running
    running.close()


def pid_in(log: Path) -> int:
    return int(waiting.wait_for(log.read_text, lambda text: text.endswith("\n"), 30.0, "its pid").value)


def test_a_program_is_run_to_its_end(programs):
    ended = programs.run("hello", "a", "b c", variables={"COLOUR": "red"})
    assert (ended.code, ended.output, ended.errors) == (3, "said a b c red\n", "wrong\n")


def test_a_program_has_no_variables_but_its_own(programs):
    assert programs.run("hello", variables={"COLOUR": "red"}).code == 3
    assert "KeyError: 'COLOUR'" in programs.run("hello").errors


def test_no_file_is_read_against_its_permissions(programs, checkout):
    secret = checkout / "secret"
    secret.write_text("words")
    assert programs.run("reading").output == "words\n"
    secret.chmod(0)
    assert "PermissionError" in programs.run("reading").errors


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGKILL])
def test_a_program_runs_until_it_is_ended(programs, tmp_path, signal_number):
    program = programs.start("serving", log=tmp_path / "log")
    pid = pid_in(tmp_path / "log")
    assert not program.has_ended
    os.kill(pid, signal_number)
    assert program.waited_for(30.0)
    assert program.code == -signal_number
    program.end()


def test_ending_a_program_waits_until_it_is_gone(programs, tmp_path):
    program = programs.start("serving", log=tmp_path / "log")
    pid = pid_in(tmp_path / "log")
    program.end()
    assert processes.identity_of(pid) is None


def test_nothing_runs_any_more_once_they_are_closed(programs, tmp_path):
    programs.start("serving", log=tmp_path / "log")
    program = processes.identity_of(pid_in(tmp_path / "log"))
    assert program is not None
    programs.close()
    assert processes.wait_for_end([program], 30.0) == []


def test_a_server_that_was_lost_is_replaced(programs, tmp_path):
    program = programs.start("serving", log=tmp_path / "log")
    pid_in(tmp_path / "log")
    os.kill(programs.server_pid, signal.SIGKILL)
    assert program.waited_for(30.0)
    assert programs.run("hello", variables={"COLOUR": "red"}).code == 3


@pytest.mark.parametrize(
    ("ending", "code", "errors"),
    [
        ("", 0, ""),
        ("sys.exit()", 0, ""),
        ("sys.exit(78)", 78, ""),
        ("sys.exit('refused')", 1, "refused\n"),
        ("os.kill(os.getpid(), 9)", -9, ""),
        ("atexit.register(print, 'at last', file=sys.stderr)", 0, "at last\n"),
    ],
)
def test_a_program_ends_as_python_does(programs, checkout, ending, code, errors):
    (checkout / "ending.py").write_text(f"import atexit, os, sys\nprint('said')\n{ending}\n")
    ended = programs.run("ending")
    assert (ended.code, ended.errors) == (code, errors)
    assert ended.output == "said\n"


def test_a_program_that_breaks_says_where(programs, checkout):
    (checkout / "broken.py").write_text("raise ValueError('what')\n")
    ended = programs.run("broken")
    assert ended.code == 1
    assert ended.errors.endswith("ValueError: what\n")
    assert "broken.py" in ended.errors


def test_a_server_that_starts_nothing_is_no_program_that_has_failed():
    telling, told = os.pipe()
    os.close(told)
    with pytest.raises(StackError, match="has started none"):
        Program(telling)
