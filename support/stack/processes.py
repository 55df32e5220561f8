"""Operating-system processes: identity, family tree, signals, and starting children that end with their parent."""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Identity:
    """A process that cannot be mistaken for a later one with the same pid (start time in clock ticks since boot)."""

    pid: int
    start_time: int


@dataclass(frozen=True)
class ServiceUser:
    """The user that a service runs as when the stack itself runs as root."""

    uid: int
    gid: int


def service_user() -> ServiceUser | None:
    """`nobody` for root, because PostgreSQL refuses to run as root; None for everybody else."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return ServiceUser(nobody.pw_uid, nobody.pw_gid)


@dataclass(frozen=True)
class Launch:
    """How to start a process, and by which signals it ends.

    death_signal: sent by the kernel when the stack's supervisor ends without stopping the process.
    stop_signal: asks for an orderly end; after `stop_seconds` SIGKILL follows.
    end_signal: the fastest end that leaves nothing behind in the system; its data is thrown away. SIGKILL follows
        after `end_seconds`.
    """

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    cwd: Path
    user: ServiceUser | None = None
    death_signal: int = signal.SIGKILL
    stop_signal: int = signal.SIGTERM
    end_signal: int = signal.SIGTERM
    stop_seconds: float = 5.0
    end_seconds: float = 1.5


class Started(Protocol):
    """A child that was started, as `subprocess.Popen` has it."""

    pid: int
    returncode: int | None
    """None until `poll` has seen its end; negative: the number of the signal that ended it."""

    def poll(self) -> int | None:
        """Reap it if it has ended; returns `returncode`."""


def spawn(launch: Launch, log: IO[bytes] | int, *, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own that dies with the calling *thread*; OSError when it cannot be started."""
    return subprocess.Popen(
        launch.argv,
        env=dict(launch.environment),
        cwd=launch.cwd,
        stdin=stdin,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        user=None if launch.user is None else launch.user.uid,
        group=None if launch.user is None else launch.user.gid,
        extra_groups=None if launch.user is None else [],
        preexec_fn=dies_with(os.getpid(), launch.death_signal),
    )


def dies_with(parent: int, death_signal: int) -> Callable[[], None]:
    """A `preexec_fn` after which the kernel sends `death_signal` to the child when the calling thread ends.

    It runs in the child after the change of user, which would clear the parent-death signal again.
    """

    def arrange() -> None:
        if _libc.prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0) != 0 or os.getppid() != parent:
            os._exit(125)

    return arrange


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends: it has to be reaped as a child has."""
    if _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "this kernel does not let a process adopt orphans")


def identity_of(pid: int) -> Identity | None:
    """None when there is no such process, or only its exit status is left."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        # The first thread may be gone while others still hold what the process holds.
        ended = fields[0] in ("Z", "X") and len(os.listdir(f"/proc/{pid}/task")) <= 1
    except OSError:
        return None
    return None if ended else Identity(pid, int(fields[19]))


def is_running(process: Identity) -> bool:
    """Is this very process still there?"""
    return identity_of(process.pid) == process


def family(root: Identity) -> list[Identity]:
    """The process and all its descendants, ancestors first; empty when it has ended."""
    if not is_running(root):
        return []
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                fields = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()
                children.setdefault(int(fields[1]), []).append(int(entry))
    members, at = [root], 0
    while at < len(members):
        found = (identity_of(pid) for pid in children.get(members[at].pid, []))
        members.extend(child for child in found if child is not None)
        at += 1
    return members


def send(processes: Iterable[Identity], signal_number: int) -> None:
    """Signal those of the processes that are still there."""
    for process in processes:
        if is_running(process):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal_number)


def freeze(root: Identity) -> list[Identity]:
    """Tell the whole family to stop, also children that are born meanwhile; `moving` says which have not yet."""
    told: list[Identity] = []
    while fresh := [member for member in family(root) if member not in told]:
        send(fresh, signal.SIGSTOP)
        told.extend(fresh)
    return told


def moving(processes: Iterable[Identity]) -> list[Identity]:
    """Those of which any thread still runs: a signal to stop is obeyed once a processor is free."""
    return [process for process in processes if is_running(process) and not _is_stopped(process.pid)]


def _is_stopped(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return all(
            task.joinpath("stat").read_text().rpartition(")")[2].split()[0] in ("T", "t", "Z", "X")
            for task in Path(f"/proc/{pid}/task").iterdir()
        )
    return False  # a thread ended while this was read


def thaw(root: Identity) -> None:
    """Let the whole family go on, children first so that a parent never waits for a frozen child."""
    send(reversed(family(root)), signal.SIGCONT)


def wait_for_end(processes: Iterable[Identity], seconds: float) -> list[Identity]:
    """Wait until the processes have ended; returns those that are still there after `seconds`."""
    end = time.monotonic() + seconds
    remaining = []
    for process in processes:
        try:
            descriptor = os.pidfd_open(process.pid)
        except ProcessLookupError:
            continue
        try:
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            while is_running(process) and (left := end - time.monotonic()) > 0 and not poll.poll(left * 1000):
                pass
        finally:
            os.close(descriptor)
        if is_running(process):
            remaining.append(process)
    return remaining
