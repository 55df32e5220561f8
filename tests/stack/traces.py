"""What a run leaves in the system: processes, listening ports, shared memory, directories."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.scenario.waiting import eventually
from support.settings import CHECKOUT
from support.stack import directories, processes
from support.stack.client import StackOptions
from support.surroundings import base_environment


@dataclass(frozen=True)
class Traces:
    """All that belongs to the runs below a base directory."""

    processes: frozenset[str]
    run_dirs: frozenset[str]
    shared_memory: frozenset[str]

    @property
    def none(self) -> bool:
        """Is nothing there?"""
        return not (self.processes or self.run_dirs or self.shared_memory)


def traces(base: Path) -> Traces:
    """What is there now. A process belongs to a run when its command line or working directory names the base."""
    found = set()
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            command = Path(f"/proc/{entry}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            place = os.readlink(f"/proc/{entry}/cwd")
        except OSError:
            continue
        if str(base) in command + place and processes.identity_of(int(entry)) is not None:
            found.add(f"{entry} {command}")
    runs = {str(path) for path in (base / "runs").iterdir() if path.is_dir()}
    return Traces(frozenset(found), frozenset(runs), frozenset(shared_memory_of(base)))


def start_time(pid: int) -> int:
    """When a running process was started, as `processes.Identity` has it."""
    identity = processes.identity_of(pid)
    assert identity is not None
    return identity.start_time


def shared_memory_of(base: Path) -> set[str]:
    """The System V segments that PostgreSQL servers below the base have noted."""
    noted = set()
    for pid_file in base.glob("runs/*/*/data/postmaster.pid"):
        lines = pid_file.read_text().splitlines()
        noted |= {lines[6].split()[1]} if len(lines) > 6 else set()
    return noted & segments()


def segments() -> set[str]:
    """The numbers of all System V shared memory segments of the machine."""
    return {row.split()[1] for row in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]}


def _heed_interrupts() -> None:
    """Tests in the background of a shell ignore Ctrl-C, and so would the run that they start."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Run:
    """A run in a process of its own, as `tests.stack.runner` has it; `wait` returns when its stack is ready."""

    run_dir: Path
    pids: dict[str, int]
    supervisor: int

    def __init__(self, options: StackOptions) -> None:
        self.process = subprocess.Popen(
            (sys.executable, "-m", "tests.stack.runner"),
            cwd=CHECKOUT,
            env=base_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=_heed_interrupts,
        )
        assert self.process.stdin is not None
        # Not on the command line: the run's own process is no trace of its stack.
        self.process.stdin.write(json.dumps(options.to_json()).encode() + b"\n")
        self.process.stdin.flush()

    def wait(self) -> "Run":
        """Wait until the stack is ready; returns the run itself."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the run did not start"
        told: dict[str, Any] = json.loads(line)
        self.run_dir = Path(told["run_dir"])
        self.pids = told["pids"]
        owner = directories.owner_of(self.run_dir)
        assert owner is not None
        self.supervisor = owner.pid
        return self

    def signal(self, number: int) -> None:
        """Signal the runner's process group, as a terminal does."""
        os.killpg(self.process.pid, number)

    def end(self) -> int:
        """Close its input, wait for its end, and return its exit code."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        code = self.process.wait(20)
        self.process.stdout.close()
        return code


def nothing_is_left(base: Path, within: float = 10) -> None:
    """Wait until no trace is left below the base; the failure tells what is."""
    eventually(lambda: traces(base), lambda found: found.none, within=within, what="nothing is left behind")


def kill_everything(run: Run) -> None:
    """Kill the supervisor, and its reaper first."""
    members = processes.family(processes.Identity(run.supervisor, start_time(run.supervisor)))
    reapers = [member for member in members if b"reaper" in Path(f"/proc/{member.pid}/cmdline").read_bytes()]
    assert len(reapers) == 1
    processes.send(reapers, signal.SIGKILL)
    os.kill(run.supervisor, signal.SIGKILL)
    run.signal(signal.SIGKILL)
    run.end()
