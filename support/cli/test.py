"""`bin/test`: the static checks and the suite's own tests, beside each other on all processors."""

import itertools
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.settings import CHECKOUT

HELP = """\
usage: bin/test [pytest arguments]

Runs the suite's own tests: pytest, and beside it ruff (rules, then format) and mypy. Sets up what is missing.
Ends with pytest's closing line; exit code 0 when everything is green.

With arguments pytest alone runs, with these:
  bin/test tests/house         one folder
  bin/test -k catalogue -x     by name, up to the first failure
Folders are shared out among the processors (-n 0: not), anything smaller runs in one process.
pytest's own options: .venv/bin/pytest --help
"""

CHECKS = {
    "ruff check": ["ruff", "check", "--quiet", "--output-format", "concise", "."],
    "ruff format": ["ruff", "format", "--check", "--quiet", "--output-format", "concise", "."],
    "mypy": ["mypy", "--no-error-summary"],
}

# A worker reads and imports every test before it runs any; the work is not enough to make up for more of them.
MOST_WORKERS = 8


# pytest's options with a value that is no path, though a file may have its name; and those with a path.
VALUES = ("-k", "-m", "-n", "-p", "-o", "-W", "-r", "--dist", "--maxfail", "--durations", "--tb")
PATHS = ("--junitxml", "--junit-xml", "--basetemp", "--ignore", "--log-file")


def main(arguments: Sequence[str], called_from: Path) -> int:
    """Run pytest, and the checks beside it; gives pytest's exit code, or 1 when only a check failed.

    `arguments` as typed; a path among them is taken from the folder `called_from`.
    """
    if {"-h", "--help"} & set(arguments):
        print(HELP, end="")
        return 0
    arguments = [_full(argument, before, called_from) for before, argument in itertools.pairwise(("", *arguments))]
    os.chdir(CHECKOUT)
    plugins: list[object] = []
    shared_out: list[str] = []
    if not any(argument.endswith("no:xdist") for argument in arguments):
        plugins.append(Workers())
        # The tests of a module stay together, because they may share what they have started; the modules stay in the
        # order that tests/conftest.py gives them.
        shared_out += ["-n", "auto", "--dist", "loadscope", "--no-loadscope-reorder"]
    if arguments:
        return pytest.main([*shared_out, *arguments], plugins)
    checks = StaticChecks()
    tests = pytest.main(shared_out, [*plugins, checks])
    if failed := checks.failed():
        print(f"bin/test: {' and '.join(failed)} failed, see above")
    return tests or bool(failed)


def _full(argument: str, before: str, called_from: Path) -> str:
    """The argument with the whole path, if it is one: pytest is run in the checkout."""
    if argument.startswith("-"):
        option, equals, path = argument.partition("=")
        return f"{option}={called_from / path}" if equals and option in PATHS else argument
    path, colons, name = argument.partition("::")
    if before in PATHS or (before not in VALUES and (called_from / path).exists()):
        return f"{called_from / path}{colons}{name}"
    return argument


class Workers:
    """Tells pytest-xdist how many processes are worth their start, when the caller has not said how many."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_xdist_auto_num_workers(self, config: pytest.Config) -> int:
        """One for each processor that we may use; none (0) for a few tests, which end sooner without."""
        option = config.option
        narrowed = option.keyword or option.markexpr or option.lf or option.stepwise
        folders = all(os.path.isdir(place) for place in config.args)
        return 0 if narrowed or not folders else min(len(os.sched_getaffinity(0)), MOST_WORKERS)


@dataclass(frozen=True, slots=True)
class Checked:
    """The result of a static check; ``output`` is what it found."""

    name: str
    passed: bool
    seconds: float
    output: str


class StaticChecks:
    """Runs the checks while pytest runs the tests, and shows their results right before pytest's closing line."""

    def __init__(self) -> None:
        threads = ThreadPoolExecutor(len(CHECKS))
        self._results = [threads.submit(_check, name, command) for name, command in CHECKS.items()]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Wait for each check and show it."""
        for checked in (result.result() for result in self._results):
            terminalreporter.write(checked.output)
            outcome = "ok" if checked.passed else "failed"
            terminalreporter.write_line(f"{checked.name:<12} {outcome:<7} {checked.seconds:5.1f} s")

    def failed(self) -> list[str]:
        """The names of the checks that found something."""
        return [result.result().name for result in self._results if not result.result().passed]


def _check(name: str, command: Sequence[str]) -> Checked:
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Checked(name, not done.returncode, time.monotonic() - began, done.stdout)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:], Path.cwd()))
    except KeyboardInterrupt:
        sys.exit(130)
