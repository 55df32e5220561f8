"""`bin/test`: the static checks and the suite's own tests."""

import subprocess
import sys
import time
from collections.abc import Sequence

from support.settings import CHECKOUT

HELP = """\
usage: bin/test [pytest arguments]

Runs the suite's own tests: ruff (rules, then format), mypy and pytest. Sets up what is missing.
Ends with pytest's closing line; exit code 0 when everything is green.

With arguments pytest alone runs, with exactly these:
  bin/test tests/house         one folder
  bin/test -k catalogue -x     by name, up to the first failure
pytest's own options: .venv/bin/pytest --help
"""

CHECKS = {
    "ruff check": ["ruff", "check", "--quiet", "--output-format", "concise", "."],
    "ruff format": ["ruff", "format", "--check", "--quiet", "--output-format", "concise", "."],
    "mypy": ["mypy", "--no-error-summary"],
}


def main(arguments: Sequence[str]) -> int:
    """Run the checks and pytest; gives pytest's exit code, or 1 when only a check failed."""
    if {"-h", "--help"} & set(arguments):
        print(HELP, end="")
        return 0
    failed = [] if arguments else [name for name, command in CHECKS.items() if not _passes(name, command)]
    tests = subprocess.run([sys.executable, "-m", "pytest", *arguments], cwd=CHECKOUT, check=False).returncode
    if failed:
        print(f"bin/test: {' and '.join(failed)} failed, see above")
    return tests or bool(failed)


def _passes(name: str, command: Sequence[str]) -> bool:
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-m", *command], cwd=CHECKOUT, check=False)
    outcome = "failed" if done.returncode else "ok"
    print(f"{name:<12} {outcome:<7} {time.monotonic() - began:5.1f} s", flush=True)
    return not done.returncode


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
