"""Starting Python services from the stack's fork server, a parent that has imported everything once."""

from __future__ import annotations

import asyncio
import functools
import json
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from support.stack import processes
from support.stack.child import Child, failure
from support.stack.errors import StackError
from support.stack.forkserver import LONGEST_REQUEST, ForkRequest
from support.stack.processes import Launch

NAME = "forkserver"
# What its packages take to import on the busiest machine; how long a service may take counts from its fork.
_START_SECONDS = 60.0
# A fork takes milliseconds, also on a busy machine; who does not answer for so long is frozen. The supervisor answers
# nobody meanwhile, so it is shorter than who asks the supervisor waits.
_ANSWER_SECONDS = 5.0


class Forked(processes.Started):
    """A forked process, a child of this one."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid != 0:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode


class ForkServer:
    """The fork server of a stack. When it has ended the next start brings it back; who was forked does not need it.

    `changed` is called whenever its process comes or goes.
    """

    def __init__(self, launch: Launch, log_path: Path, changed: Callable[[], None]) -> None:
        self._launch = launch
        self._log_path = log_path
        self._changed = changed
        self._child: Child | None = None
        self._requests: socket.socket | None = None
        self._is_ready = False
        self._turn = asyncio.Lock()

    @property
    def child(self) -> Child | None:
        """Its process; None before the start."""
        return self._child

    def start(self) -> None:
        """Let it begin to import; `ready` waits for it."""
        self._close()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._requests, self._is_ready = ours, False
        with theirs:
            start = functools.partial(processes.spawn, stdin=theirs.fileno())
            self._child = Child(NAME, self._launch, self._log_path, start)
        self._child.at_end(lambda _: self._changed())
        self._changed()

    async def ready(self) -> None:
        """Wait until it can fork, and start it again when it has ended; StackError when it does not come up."""
        async with self._turn:
            if self._child is None or self._requests is None or self._child.has_ended():
                self.start()
            if self._is_ready:
                return
            assert self._requests is not None
            assert self._child is not None
            self._requests.setblocking(False)
            try:
                async with asyncio.timeout(_START_SECONDS):
                    said = await asyncio.get_running_loop().sock_recv(self._requests, LONGEST_REQUEST)
                    if not said:
                        await self._child.ended.wait()
                        raise failure(NAME, self._child, self._log_path)
            except TimeoutError:
                lines = self._child.last_log_lines()
                raise StackError(f"{NAME} is not ready after {_START_SECONDS:g} s", lines, self._log_path) from None
            self._requests.settimeout(_ANSWER_SECONDS)
            self._is_ready = True

    def fork(self, launch: Launch, log: IO[bytes]) -> Forked:
        """Start a process as `processes.spawn` does, of a launch that runs a Python module; call `ready` before.

        OSError when the system refuses to fork, StackError when the fork server does not answer.
        """
        request = ForkRequest(launch.argv, dict(launch.environment), str(launch.cwd), launch.death_signal)
        waiting, begin = os.pipe()
        try:
            answer = self._ask(request, [log.fileno(), waiting])
            if "errno" in answer:
                raise OSError(answer["errno"], os.strerror(answer["errno"]))
            # From here on it is known who has to be ended; without this word the process ends by itself.
            os.write(begin, b"!")
        finally:
            os.close(waiting)
            os.close(begin)
        return Forked(answer["pid"])

    def _ask(self, request: ForkRequest, descriptors: list[int]) -> dict[str, Any]:
        assert self._requests is not None
        try:
            socket.send_fds(self._requests, [request.to_json()], descriptors)
            answer = self._requests.recv(LONGEST_REQUEST)
        except TimeoutError:
            raise self._given_up(f"did not answer within {_ANSWER_SECONDS:g} s") from None
        except ConnectionError:
            answer = b""
        if not answer:
            raise self._given_up("ended while it was asked for a process")
        return dict(json.loads(answer))

    def _given_up(self, why: str) -> StackError:
        """Have nothing to do with it any more: a late answer would be taken for that to another request."""
        self._close()
        if self._child is not None:
            processes.send([self._child.identity], signal.SIGKILL)
        return StackError(f"{NAME} {why}; the next start brings another")

    async def end(self) -> None:
        """End it; processes that it forked go on."""
        self._close()
        if self._child is not None:
            await self._child.end(signal.SIGKILL, 1.0)

    def _close(self) -> None:
        if self._requests is not None:
            self._requests.close()
            self._requests = None
