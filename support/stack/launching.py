"""Starting a supervisor, and holding the lifeline to it."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.stack import processes, wire
from support.stack.child import last_lines
from support.stack.errors import StackError, from_os_error
from support.stack.options import StackOptions
from support.surroundings import base_environment

_END_SECONDS = 20.0


class Supervisor:
    """The process that owns a stack, as seen by who started it."""

    def __init__(self, options: StackOptions, claim: socket.socket | None = None) -> None:
        """`claim` is handed over to the supervisor: see `keeping`."""
        self._options = options
        self._log_path = options.log_dir / "supervisor.log"
        ours, theirs = socket.socketpair()
        self._lifeline: socket.socket | None = ours
        ours.sendall(json.dumps(options.to_json()).encode() + b"\n")
        self._is_ready = False
        try:
            _refuse_names_that_are_no_text(options.checkout, options.log_dir)
            options.log_dir.mkdir(parents=True, exist_ok=True)
            descriptors = [held.fileno() for held in (theirs, claim) if held is not None]
            with self._log_path.open("wb") as log:
                self._process = subprocess.Popen(
                    (sys.executable, "-m", "support.stack.supervisor", *map(str, descriptors)),
                    cwd=options.checkout,
                    env=base_environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=descriptors,
                    start_new_session=True,
                )
        except OSError as error:
            ours.close()
            raise from_os_error(error, "the stack cannot be started", options.log_dir) from error
        finally:
            theirs.close()
            if claim is not None:
                claim.close()
        pid = self._process.pid
        # One that is gone already has no start time any more.
        self._identity = processes.identity_of(pid) or processes.Identity(pid, 0)

    def wait_until_ready(self, progress: Callable[[str], None]) -> dict[str, Any]:
        """Pass progress on, and return the description of the ready stack."""
        assert self._lifeline is not None
        with self._lifeline.makefile("rb") as lines:
            for line in lines:
                message = json.loads(line)
                if "progress" in message:
                    progress(message["progress"])
                elif "error" in message:
                    raise wire.error_from_json(message["error"])
                else:
                    self._is_ready = True
                    return dict(message["ready"])
        self._wait_for_end()
        said = last_lines(self._log_path)
        raise StackError("the stack's supervisor ended while it started the stack", said, self._log_path)

    def let_go(self) -> None:
        """Close this process's end of the lifeline alone: a process that was forked from this one holds it, too."""
        if self._lifeline is not None:
            self._lifeline.close()
            self._lifeline = None

    def close(self) -> None:
        """Let go of the lifeline; unless the stack is kept, returns when nothing is left of it."""
        if self._lifeline is None:
            return
        self._lifeline.close()
        self._lifeline = None
        if not (self._options.keep and self._is_ready):
            self._wait_for_end()

    def _wait_for_end(self) -> None:
        # Who was forked meanwhile is not its parent, so it is waited for by its identity.
        if processes.wait_for_end([self._identity], _END_SECONDS):
            processes.send([self._identity], signal.SIGKILL)
            processes.wait_for_end([self._identity], _END_SECONDS)
            raise StackError(f"the stack did not end within {_END_SECONDS:g} s and was killed")
        self._process.poll()


def _refuse_names_that_are_no_text(*folders: Path) -> None:
    """Configurations and answers are UTF-8; a name that is not would end in the middle of one."""
    for folder in folders:
        try:
            str(folder).encode()
        except UnicodeEncodeError:
            raise StackError(f"the name of the folder {str(folder)!a} is not UTF-8; give it another") from None


def end_by_force(owner: processes.Identity) -> None:
    """Kill the supervisor of a stack; returns when its services have ended and its reaper has cleared up after them.

    StackError when some do not end.
    """
    members = processes.family(owner)
    processes.send([owner], signal.SIGKILL)
    processes.send(processes.wait_for_end(members, _END_SECONDS), signal.SIGKILL)
    if left := processes.wait_for_end(members, _END_SECONDS):
        pids = ", ".join(str(member.pid) for member in left)
        raise StackError(f"of the stack are left, also after SIGKILL, the processes {pids}")
