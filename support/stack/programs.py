"""Running modules of the platform as programs, as whoever operates it does on the command line."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from support.stack.errors import StackError
from support.stack.forkserver import ForkRequest
from support.stack.python_module import PythonModule
from support.surroundings import base_environment

# A start that is refused takes one, on a busy machine several.
_SECONDS = 15.0
# What its packages take to import on the busiest machine.
_WARM_UP_SECONDS = 60.0
_STILL_RUNS = -1
# Root reads every file whatever its permissions say, unless it gives up the right to.
_AS_OTHERS = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--")


@dataclass(frozen=True)
class Ended:
    """What a program came to."""

    code: int
    output: str = field(repr=False)
    errors: str


class Program:
    """A program that was started. `told` says its pid, and later its exit code."""

    def __init__(self, told: int) -> None:
        self._told = told
        self._code: int | None = None
        pid = self._next(_WARM_UP_SECONDS)
        if pid is None or pid < 0:
            os.close(told)
            raise StackError(f"the server of programs has started none within {_WARM_UP_SECONDS:g} s, or has ended")
        self._pid = pid

    @property
    def has_ended(self) -> bool:
        """Whether it has, by itself or because it was told to."""
        return self.waited_for(0.0)

    @property
    def code(self) -> int | None:
        """Its exit code, negative the signal that ended it; None while it runs."""
        return self._code

    def waited_for(self, seconds: float) -> bool:
        """Wait for its end; whether it has ended."""
        if self._code is None and (said := self._next(seconds)) is not None:
            self._code = said
            os.close(self._told)
        return self._code is not None

    def end(self) -> None:
        """End it; returns when it is gone."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self.has_ended:
                return
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, number)
            self.waited_for(_SECONDS)

    def _next(self, seconds: float) -> int | None:
        """The next number that is told of it within the time; its keeper is killed only together with it."""
        poll = select.poll()
        poll.register(self._told, select.POLLIN)
        if not poll.poll(seconds * 1000):
            return None
        line = b""
        while not line.endswith(b"\n") and (read := os.read(self._told, 1)):
            line += read
        return int(line or -signal.SIGKILL)


class Programs:
    """Starts programs of a checkout; StackError when it cannot. May be used from any thread; close it in the end.

    They are forked from a process that has imported other packages once. No file is read against its permissions.
    """

    def __init__(self, checkout: Path) -> None:
        self._checkout = checkout
        self._requests: socket.socket | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    @property
    def server_pid(self) -> int | None:
        """The process that they are forked from; None before the first."""
        return None if self._server is None else self._server.pid

    def start(self, module: str, *arguments: str, log: Path, variables: Mapping[str, str] | None = None) -> Program:
        """Run ``python -m module`` with these variables beside the usual ones, until it ends or is ended."""
        with log.open("ab") as file:
            return self._start(module, arguments, variables, file.fileno(), file.fileno())

    def run(self, module: str, *arguments: str, variables: Mapping[str, str] | None = None) -> Ended:
        """Run ``python -m module`` to its end.

        What has not ended by itself after a while is killed, and its exit code is negative.
        """
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            program = self._start(module, arguments, variables, output.fileno(), errors.fileno())
            if not program.waited_for(_SECONDS):
                program.end()
                return Ended(_STILL_RUNS, "", f"it still runs after {_SECONDS:g} s")
            assert program.code is not None
            output.seek(0)
            errors.seek(0)
            return Ended(program.code, output.read().decode(), errors.read().decode())

    def close(self) -> None:
        """End what still runs."""
        if self._requests is not None and self._server is not None:
            self._requests.close()
            self._server.wait()
            self._requests = self._server = None

    def _start(
        self, module: str, arguments: tuple[str, ...], variables: Mapping[str, str] | None, output: int, errors: int
    ) -> Program:
        environment = {**base_environment(), **(variables or {})}
        launch = PythonModule(self._checkout, environment).launch(module, *arguments)
        request = ForkRequest(launch.argv, dict(launch.environment), str(launch.cwd), launch.death_signal)
        telling, told = os.pipe()
        try:
            with self._lock:
                socket.send_fds(self._connected(), [request.to_json()], [output, errors, told])
        finally:
            os.close(told)
        return Program(telling)

    def _connected(self) -> socket.socket:
        if self._requests is None or self._server is None or self._server.poll() is not None:
            launch = PythonModule(self._checkout, base_environment()).warm_server("support.stack.program_server")
            prefix = _AS_OTHERS if shutil.which(_AS_OTHERS[0]) else ()
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                self._server = subprocess.Popen(
                    [*prefix, *launch.argv],
                    cwd=launch.cwd,
                    env=dict(launch.environment),
                    stdin=theirs.fileno(),
                    start_new_session=True,
                )
            self._requests = ours
        return self._requests
