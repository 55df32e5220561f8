"""A service of the stack: how it is made (`Recipe`) and how it is controlled (`Service`)."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

from support.stack import processes
from support.stack.addresses import ServiceStatus
from support.stack.child import Child, failure
from support.stack.errors import StackError, from_os_error
from support.stack.forking import ForkServer
from support.stack.polling import NotReady, poll
from support.stack.ports import LOOPBACK
from support.stack.processes import Launch

_FREEZE_SECONDS = 5.0


class Service(Protocol):
    """What the supervisor needs of any service, whoever provides it (a process of ours, a container, a URL)."""

    name: str
    needs: tuple[str, ...]
    twin: str | None
    """The service of which this one is a spare: not started with the stack, and then as its twin was."""
    is_forked: bool
    """Whether it comes from the fork server."""

    async def prepare(self) -> None:
        """Make what the service needs on disk; done before the services in `needs` are ready."""

    async def start(self, extra_args: Sequence[str] | None = None) -> float:
        """Start it and wait until it is ready; returns the seconds taken. Raises StackError.

        `extra_args` None: those of its last start, so that a defect outlives a crash.
        """

    async def wait_ready(self, seconds: float | None = None) -> None:
        """Wait until its clients are served, for as long as a start may take unless told. Raises StackError."""

    async def stop(self) -> None:
        """End it in order."""

    async def restart(self, extra_args: Sequence[str] | None = None) -> None:
        """End it in order and start it again; see `start`."""

    async def kill(self) -> None:
        """End it at once, without any warning to it."""

    async def end(self) -> None:
        """End it for good, as fast as leaves nothing behind."""

    async def freeze(self) -> None:
        """It keeps its connections and does nothing any more, until `thaw`."""

    async def thaw(self) -> None:
        """Let a frozen service go on."""

    def status(self) -> ServiceStatus:
        """How it is doing."""

    @property
    def extra_args(self) -> tuple[str, ...]:
        """What it was last started with."""


class Recipe(Protocol):
    """How a service that is a process of ours is made, listening on `port`. A full disk is told as `data_dir`'s.

    One that `is_forked` is a Python module, without threads of its packages' making, and comes from the fork server.
    """

    name: str
    needs: tuple[str, ...]
    data_dir: Path
    port: int
    is_forked: bool = False

    async def prepare(self) -> None:
        """Make data directories and configuration."""

    def launch(self, extra_args: Sequence[str]) -> Launch:
        """The process to start."""

    def check(self) -> None:
        """Ask the service, with the client that the tests use, and raise unless it serves. Runs in a thread."""


class Listening(Protocol):
    """What serves on a port of this machine, and can be asked whether it does."""

    @property
    def port(self) -> int: ...

    def check(self) -> None: ...


def ask(recipe: Listening) -> None:
    """Ask a service whether it serves, but only once somebody listens: until then a client costs time that it needs."""
    with socket.socket() as probe:
        probe.connect((LOOPBACK, recipe.port))
    recipe.check()


class ProcessService(Service):
    """A service that runs as a process of the supervisor."""

    def __init__(
        self,
        recipe: Recipe,
        log_dir: Path,
        ready_seconds: float,
        changed: Callable[[], None],
        fork_server: ForkServer,
        twin: str | None = None,
    ) -> None:
        self.name = recipe.name
        self.twin = twin
        self.needs = recipe.needs
        self.is_forked = recipe.is_forked
        self._recipe = recipe
        self._log_path = log_dir / f"{recipe.name}.log"
        self._ready_seconds = ready_seconds
        self._changed = changed
        self._fork_server = fork_server if recipe.is_forked else None
        self._child: Child | None = None
        self._state = "waiting"
        self._extra_args: tuple[str, ...] = ()
        self._started_in: float | None = None

    @property
    def extra_args(self) -> tuple[str, ...]:
        return self._extra_args

    @property
    def child(self) -> Child | None:
        """The running process."""
        return self._child

    async def prepare(self) -> None:
        try:
            await self._recipe.prepare()
        except OSError as error:
            raise from_os_error(error, f"{self.name} cannot be prepared", self._recipe.data_dir) from error

    async def start(self, extra_args: Sequence[str] | None = None) -> float:
        if self._child is not None:
            raise StackError(f"{self.name} runs already (process {self._child.pid})")
        if extra_args is not None:
            self._extra_args = tuple(extra_args)
        begin = time.monotonic()
        self._state = "starting"
        if self._fork_server is not None:
            await self._fork_server.ready()
        start = processes.spawn if self._fork_server is None else self._fork_server.fork
        self._child = Child(self.name, self._recipe.launch(self._extra_args), self._log_path, start)
        self._child.at_end(self._note_end)
        self._changed()
        await self.wait_ready()
        self._started_in = time.monotonic() - begin
        return self._started_in

    async def wait_ready(self, seconds: float | None = None) -> None:
        child = self._child
        if child is None:
            raise StackError(f"{self.name} does not run")
        try:
            ready = await poll(partial(ask, self._recipe), seconds=seconds or self._ready_seconds, ended=child.ended)
        except TimeoutError as error:
            raise StackError(f"{self.name}: {error}", child.last_log_lines(), self._log_path) from error
        if not ready:
            raise failure(self.name, child, self._recipe.data_dir)
        self._state = "ready"

    async def stop(self) -> None:
        await self._end("stopped", lambda launch: (launch.stop_signal, launch.stop_seconds))

    async def restart(self, extra_args: Sequence[str] | None = None) -> None:
        await self.stop()
        await self.start(extra_args)

    async def kill(self) -> None:
        await self._end("killed", lambda launch: (signal.SIGKILL, launch.stop_seconds))

    async def end(self) -> None:
        await self._end("stopped", lambda launch: (launch.end_signal, launch.end_seconds))

    async def _end(self, state: str, how: Callable[[Launch], tuple[int, float]]) -> None:
        child, self._child = self._child, None
        self._state = state
        if child is not None:
            await child.end(*how(child.launch))
            self._changed()

    async def freeze(self) -> None:
        child = self._running()
        told = processes.freeze(child.identity)

        def all_stopped() -> None:
            if moving := processes.moving(told):
                raise NotReady(f"{len(moving)} of its {len(told)} processes go on")

        try:
            still_there = await poll(all_stopped, seconds=_FREEZE_SECONDS, ended=child.ended)
        except TimeoutError as error:
            raise StackError(f"{self.name} cannot be frozen: {error}") from error
        if not still_there:
            raise StackError(f"{self.name} {child.describe_end()} while it was frozen")
        self._state = "frozen"

    async def thaw(self) -> None:
        processes.thaw(self._running().identity)
        self._state = "ready"

    def _running(self) -> Child:
        if self._child is None:
            raise StackError(f"{self.name} does not run")
        return self._child

    def _note_end(self, child: Child) -> None:
        if child is self._child:
            self._child = None
            self._state = "died"
            self._changed()

    def status(self) -> ServiceStatus:
        pid = None if self._child is None else self._child.pid
        return ServiceStatus(self.name, pid, self._state, self._started_in, self._log_path, self.twin, self._extra_args)
