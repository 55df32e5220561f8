"""The environment that a target's platform is started in: packages of its own, and often a newer Python.

Standard library only, as the rest of the set-up.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from support import surroundings
from support.virtual_environment import SetupError, VirtualEnvironment

_NEWEST = 20
_ASK_SECONDS = 20


class TargetEnvironment(VirtualEnvironment):
    """The environment ``targets/<name>/.venv``; a line ``# python >= 3.N`` in its requirements says which Python."""

    needs = "500 MB"

    @property
    def shown(self) -> str:  # type: ignore[override]
        """What it is called."""
        return f"targets/{self.root.name}/.venv"

    def _base_python(self) -> str:
        lowest = lowest_python(self._requirements)
        for candidate in candidates(lowest):
            if (found := version_of(candidate)) is not None and found >= (3, lowest):
                return candidate
        raise SetupError(
            f"the platform {self.root.name} needs Python 3.{lowest} or newer; there is none on PATH, nor in pyenv"
        )


def lowest_python(requirements: str) -> int:
    """The N of the lowest Python 3.N that requirements ask for."""
    found = re.search(r"^# python >= 3\.(\d+)$", requirements, re.MULTILINE)
    return int(found[1]) if found else 0


def candidates(lowest: int) -> Iterator[str]:
    """Interpreters that may do, the nearest to the lowest first: those on PATH, then those that pyenv has made."""
    environment = surroundings.setup_environment()
    for minor in range(lowest, _NEWEST):
        if on_path := shutil.which(f"python3.{minor}", path=environment["PATH"]):
            yield on_path
    if on_path := shutil.which("python3", path=environment["PATH"]):
        yield on_path
    versions = Path(environment["HOME"], ".pyenv", "versions")
    yield from sorted(
        str(each) for minor in range(lowest, _NEWEST) for each in versions.glob(f"3.{minor}.*/bin/python")
    )


def version_of(interpreter: str) -> tuple[int, int] | None:
    """Its version; None when it does not run (as pyenv's links to versions that are not chosen do not)."""
    ask = [interpreter, "-I", "-c", "import sys, venv, ensurepip; print(*sys.version_info[:2])"]
    try:
        answer = subprocess.run(
            ask, env=surroundings.setup_environment(), capture_output=True, text=True, timeout=_ASK_SECONDS, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    major, minor = answer.split()
    return int(major), int(minor)


def python_of_target(folder: Path) -> Path | None:
    """The Python of a target's complete environment; None without one."""
    python = folder / ".venv" / "bin" / "python"
    return python if os.access(python, os.X_OK) and (folder / ".venv" / "complete").is_file() else None
