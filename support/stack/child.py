"""One running child process, watched from the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from support.stack import processes
from support.stack.errors import StackError, from_os_error
from support.stack.processes import Launch, Started

_LINES_SHOWN = 12
_TAIL_BYTES = 16_384
NO_SPACE = "No space left on device"
# PostgreSQL says this when only a part of what it wrote found room.
_HARDLY_ANY_SPACE = "Check free disk space"
_SPACE_OF_A_LOG = 16_384
_children: dict[int, Child] = {}


class Child:
    """A started process. Must be made in the main thread of the supervisor: children end with the starting thread."""

    def __init__(
        self,
        name: str,
        launch: Launch,
        log_path: Path,
        start: Callable[[Launch, IO[bytes]], Started] = processes.spawn,
    ) -> None:
        self.name = name
        self.launch = launch
        self.log_path = log_path
        self.ended = asyncio.Event()
        try:
            with log_path.open("ab") as log:
                self._log_start = log.tell()
                self._process = start(launch, log)
        except OSError as error:
            place = log_path if error.filename == str(log_path) else launch.argv[0]
            raise from_os_error(error, f"{name} cannot be started", place) from error
        except subprocess.SubprocessError as error:
            raise StackError(f"{name} cannot be started: {error}") from error
        _children[self.pid] = self
        identity = processes.identity_of(self.pid)
        # A child that is gone already has no start time any more; its pid is still ours until it is reaped.
        self.identity = identity or processes.Identity(self.pid, 0)
        self._pidfd = os.pidfd_open(self.pid)
        self._at_end: list[Callable[[Child], None]] = []
        asyncio.get_running_loop().add_reader(self._pidfd, self._reap)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative: the number of the signal that ended it."""
        return self._process.returncode

    def at_end(self, callback: Callable[[Child], None]) -> None:
        """Have `callback` called once the process has ended."""
        self._at_end.append(callback)

    def has_ended(self) -> bool:
        """Has it ended by now? Looks at the process itself, whether or not the event loop has seen its end."""
        self._reap()
        return self.ended.is_set()

    def _reap(self) -> None:
        if self.ended.is_set() or self._process.poll() is None:
            return
        del _children[self.pid]
        asyncio.get_running_loop().remove_reader(self._pidfd)
        os.close(self._pidfd)
        self.ended.set()
        for callback in self._at_end:
            callback(self)

    async def end(self, first_signal: int, seconds: float) -> None:
        """Signal the process, and kill what is left of its family after `seconds`; returns when all have ended."""
        members = processes.family(self.identity)
        processes.send([self.identity], first_signal)
        if first_signal == signal.SIGKILL:
            processes.send(members, signal.SIGKILL)
        # A frozen process takes no signal but SIGKILL until it goes on.
        processes.send(members, signal.SIGCONT)
        try:
            async with asyncio.timeout(seconds):
                await self.ended.wait()
        except TimeoutError:
            members = [*members, *processes.family(self.identity)]
        processes.send(members, signal.SIGKILL)
        await self.ended.wait()
        if left := [member for member in members if processes.is_running(member)]:
            await asyncio.to_thread(processes.wait_for_end, left, seconds)

    def describe_end(self) -> str:
        """How it ended, in words."""
        code = self.exit_code
        if code is None:
            return "it runs"
        if code < 0:
            return f"ended by {signal.Signals(-code).name}"
        return f"ended with exit code {code}"

    def last_log_lines(self) -> list[str]:
        """The last lines that this process wrote."""
        return last_lines(self.log_path, self._log_start)


def reap_orphans() -> None:
    """Reap the children that nobody here started: processes adopted when their own parent ended."""
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) is not None:
            child = _children.get(ended.si_pid)
            if child is None or not child.has_ended():
                os.waitpid(ended.si_pid, 0)


def last_lines(log_path: Path, start: int = 0) -> list[str]:
    """The last lines of a log, of what was written from byte `start` on."""
    with log_path.open("rb") as log:
        size = log.seek(0, os.SEEK_END)
        log.seek(max(start, size - _TAIL_BYTES))
        return _lines(log.read())


def _lines(words: bytes) -> list[str]:
    text = words[-_TAIL_BYTES:].decode(errors="replace")
    return [line for line in text.splitlines() if line.strip()][-_LINES_SHOWN:]


async def run_to_end(name: str, launch: Launch, log_path: Path, place: Path, give: bytes | None = None) -> str:
    """Run a helper program that fills `place`, and return what it said; StackError when it fails.

    `give` is its standard input.
    """
    with contextlib.ExitStack() as opened:
        # Its words go to memory first: on a disk that it has filled there may be no room for its complaint.
        said = opened.enter_context(os.fdopen(os.memfd_create(name), "w+b"))
        stdin = subprocess.DEVNULL
        if give is not None:
            given = opened.enter_context(os.fdopen(os.memfd_create(name), "w+b", buffering=0))
            given.write(give)
            given.seek(0)
            stdin = given.fileno()
        child = None
        try:
            child = Child(name, launch, log_path, lambda launch, _: processes.spawn(launch, said, stdin=stdin))
            await child.ended.wait()
        except asyncio.CancelledError:
            if child is not None:
                await child.end(signal.SIGKILL, 1.0)
            raise
        finally:
            said.seek(0)
            words = said.read()
            with contextlib.suppress(OSError), log_path.open("ab") as log:
                log.write(words)
    lines = _lines(words)
    # A database that is told what to do on its input ends well, whatever it could not do.
    if child.exit_code != 0 or _speaks_of_a_full_disk(lines):
        raise failure(name, child, place, lines)
    return "\n".join(lines)


def _speaks_of_a_full_disk(lines: Sequence[str]) -> bool:
    return any(text in line for line in lines for text in (NO_SPACE, _HARDLY_ANY_SPACE))


def failure(name: str, child: Child, place: Path, lines: Sequence[str] | None = None) -> StackError:
    """The error of a process that ended when it should not have; a full disk is named as such.

    `lines`: the last that it said, where that is not just what its log has.
    """
    lines = child.last_log_lines() if lines is None else lines
    if _speaks_of_a_full_disk(lines):
        return from_os_error(OSError(errno.ENOSPC, NO_SPACE), name, place)
    # Where the log lies on the full disk, too, there was no room for the complaint.
    if shutil.disk_usage(child.log_path.parent).free < _SPACE_OF_A_LOG:
        return from_os_error(OSError(errno.ENOSPC, NO_SPACE), name, child.log_path.parent)
    return StackError(f"{name} died at its start ({child.describe_end()})", lines, child.log_path)
