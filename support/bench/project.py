"""Features for a benchmark: a folder that behave runs, with or without the suite around it."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from support.bench.measurement import BenchmarkFailed
from support.settings import CHECKOUT
from support.stack.child import last_lines
from support.stack.processes import dies_with
from support.surroundings import command_environment

# The moment is on the clock that all processes of a machine share, so it compares with those of the caller.
_STEPS = """\
import time
from pathlib import Path

from behave import step


@step("the moment is noted")
def _(context):
    Path({moment!r}).write_text(str(time.monotonic()))


@step("nothing happens")
def _(context):
    pass
"""

NOTED = "the moment is noted"
NOTHING = "nothing happens"
_LONGEST_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class Moments:
    """When a run began (monotonic seconds), reached its first step and had ended."""

    began: float
    first_step: float
    end: float


class Project:
    """A folder with features and the steps that they need."""

    def __init__(self, folder: Path, features: Mapping[str, str], *, whole_suite: bool = False) -> None:
        """`features`: text by file name. `whole_suite`: beside the suite's own features, steps and hooks."""
        self.features = folder / "features"
        self._folder = folder
        self._moment = folder / "moment"
        steps = folder / "steps"
        for made in (self.features, steps):
            made.mkdir(parents=True)
        for name, text in features.items():
            (self.features / name).write_text(text, encoding="utf-8")
        (steps / "moments.py").write_text(_STEPS.format(moment=str(self._moment)), encoding="utf-8")
        if whole_suite:
            self.add_hooks()
            for step_module in (CHECKOUT / "steps").glob("*.py"):
                (steps / step_module.name).symlink_to(step_module)
            for category in (CHECKOUT / "features").iterdir():
                (self.features / category.name).symlink_to(category)

    def add_hooks(self) -> None:
        """Have the suite's hooks run, as they do in the suite itself."""
        (self._folder / "environment.py").symlink_to(CHECKOUT / "environment.py")

    def run(self, command: Sequence[str], cwd: Path) -> Moments:
        """Run a command that runs the features; BenchmarkFailed unless all is green."""
        self._moment.unlink(missing_ok=True)
        output = self._folder / "output.txt"
        began = time.monotonic()
        seconds = run_to_end(command, cwd, output)
        if not self._moment.exists():
            raise BenchmarkFailed("\n  ".join([f"the features were not played, see {output}", *last_lines(output)]))
        return Moments(began, float(self._moment.read_text()), began + seconds)


def run_to_end(command: Sequence[str], cwd: Path, output: Path) -> float:
    """Run a command, what it says into a file; gives its seconds. BenchmarkFailed unless it ends well."""
    with output.open("wb") as log:
        began = time.monotonic()
        running = subprocess.Popen(
            command,
            cwd=cwd,
            env=command_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            preexec_fn=dies_with(os.getpid(), signal.SIGKILL),
        )
        try:
            code = running.wait(_LONGEST_SECONDS)
        except subprocess.TimeoutExpired:
            raise BenchmarkFailed(f"no end after {_LONGEST_SECONDS:.0f} s, see {output}") from None
        finally:
            running.kill()
            running.wait()
    if code:
        raise BenchmarkFailed("\n  ".join([f"not green, see {output}", *last_lines(output)]))
    return time.monotonic() - began
