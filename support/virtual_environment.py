"""Virtual environments of pinned packages: made on first use, begun anew when that was interrupted.

Standard library only, as what calls it runs before anything is installed. A complete environment costs a few
milliseconds: a digest, one directory listing. The state is one file, `complete`, holding the digest of what was asked
for and the folder that it was made for. It is removed before anything is touched and written last, so an interrupted
set-up is seen and begun anew.
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
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from support import surroundings

LAST_LINES = 15


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


class VirtualEnvironment:
    """The environment `.venv` of a folder with pinned requirements.

    `shown`: what it is called; `needs`: the space that it takes on disk.
    """

    shown = ".venv"
    needs = "2 GB"

    def __init__(self, root: Path, progress: Progress) -> None:
        self.root = root
        self.folder = root / ".venv"
        self.python = self.folder / "bin" / "python"
        self._complete = self.folder / "complete"
        self._progress = progress
        self._requirements = (root / "requirements.txt").read_text(encoding="utf-8")
        digest = hashlib.sha256("\0".join((self._requirements, *self._asked_for())).encode()).hexdigest()
        self._wanted = {"digest": digest, "checkout": str(root)}

    def prepare(self) -> None:
        """Make the environment what is asked for; raises SetupError."""
        if not self.is_ready():
            with self._alone() as lock:
                # The one who held the lock before may have done the work.
                if not self.is_ready():
                    self._install(lock)
        wrong = foreign(self._site_packages(), platform.machine())
        if wrong:
            raise SetupError(f"{self.shown} holds packages of another architecture, remove it: {', '.join(wrong)}")

    def is_ready(self) -> bool:
        """Whether it is complete, and what is asked for."""
        if self._state() != self._wanted or not self.python.exists():
            return False
        site_packages = self._site_packages()
        return not missing(site_packages, pinned(self._requirements, python_of(site_packages)))

    # -- what differs between environments --------------------------------------------------------------------

    def _asked_for(self) -> Sequence[str]:
        """The texts, beside the requirements, that say what the environment is to be."""
        return ()

    def _base_python(self) -> str:
        """The interpreter that it is made with; raises SetupError."""
        # The base interpreter: an environment cannot clear away the Python that is running.
        return os.path.realpath(sys.executable)

    def _lock_folder(self) -> Path:
        """The folder that is locked while the environment is made."""
        return self.root

    def _complete_packages(self, pip: list[str], lock: int) -> None:
        """What is left to do once the pinned packages are there."""

    # ---------------------------------------------------------------------------------------------------------

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
        """Hold the set-up lock; yields its descriptor, which pip inherits.

        A pip that outlives a killed set-up thus keeps the others out until it has ended.
        """
        descriptor = os.open(self._lock_folder(), os.O_RDONLY)
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
            raise SetupError(f"{self.shown} is a link to the environment of {state['checkout']}, remove it")
        venv = [self._base_python(), "-m", "venv", str(self.folder)]
        self._complete.unlink(missing_ok=True)
        if not usable:
            self._progress.long(f"Setting up {self.shown}: this takes a minute or two")
            self._run([*venv, "--clear"], lock, "venv makes no environment")
        elif is_moved:
            self._run([*venv, "--without-pip"], lock, "the environment of another folder cannot be made this one's")
        pip = [str(self.python), "-m", "pip", "install", "--no-input", "--no-deps"]
        packages = [*pip, "--only-binary=:all:", "-r", str(self.root / "requirements.txt")]
        self._run(packages, lock, "the pinned packages cannot be installed")
        self._complete_packages(pip, lock)
        self._complete.write_text(json.dumps(self._wanted), encoding="utf-8")
        self._progress("")

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
                self._progress(f"Setting up {self.shown}: {line.strip()}")
        if process.returncode:
            if any(os.strerror(errno.ENOSPC) in line for line in tail):
                places = f"{self.folder} (it needs {self.needs}) or of TMPDIR, where packages are unpacked"
                raise SetupError(f"{failure}: no space left on the disk of {places}")
            raise SetupError(f"{failure}, see above", tail)


def python_of(site_packages: Path) -> tuple[int, int]:
    """The version of the Python that owns this folder (lib/python3.11/site-packages)."""
    major, minor = site_packages.parent.name.removeprefix("python").split(".")
    return int(major), int(minor)
