"""Running a module of the platform to its end, as whoever operates it does on the command line."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from support.stack.processes import spawn
from support.stack.python_module import PythonModule
from support.surroundings import base_environment

# A start that is refused takes one, on a busy machine several.
_SECONDS = 15.0
_STILL_RUNS = -1
# Root reads every file whatever its permissions say, unless it gives up the right to.
_AS_OTHERS = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--")


@dataclass(frozen=True)
class Ended:
    """What a command came to."""

    code: int
    output: str = field(repr=False)
    errors: str


def run_module(checkout: Path, module: str, *arguments: str, variables: Mapping[str, str] | None = None) -> Ended:
    """Run ``python -m module`` with these variables beside the usual ones; no file is read against its permissions.

    What has not ended by itself after a while is killed, and its exit code is negative.
    """
    prefix = _AS_OTHERS if shutil.which(_AS_OTHERS[0]) else ()
    try:
        ended = subprocess.run(
            [*prefix, sys.executable, "-m", module, *arguments],
            cwd=checkout,
            env={**base_environment(), **(variables or {})},
            capture_output=True,
            text=True,
            encoding="utf-8",
            stdin=subprocess.DEVNULL,
            timeout=_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return Ended(_STILL_RUNS, "", f"it still runs after {_SECONDS:g} s")
    return Ended(ended.returncode, ended.stdout, ended.stderr)


class RunningModule:
    """A module of the platform that runs until it is ended, or the run is; it writes to a log of its own."""

    def __init__(self, checkout: Path, module: str, *arguments: str, log: Path) -> None:
        launch = PythonModule(checkout, base_environment()).launch(module, *arguments)
        with log.open("ab") as file:
            self._process = spawn(launch, file)

    @property
    def has_ended(self) -> bool:
        """Whether it has, by itself or because it was told to."""
        return self._process.poll() is not None

    def end(self) -> None:
        """End it; returns when it is gone."""
        self._process.terminate()
        try:
            self._process.wait(_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
