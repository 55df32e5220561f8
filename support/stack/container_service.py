"""A service of the stack that runs in a container, on the machine's own network."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from support.stack import containers
from support.stack.addresses import ServiceStatus
from support.stack.child import last_lines
from support.stack.errors import StackError
from support.stack.polling import poll
from support.stack.ports import LOOPBACK
from support.stack.service import Service

if TYPE_CHECKING:
    from testcontainers.core.container import DockerContainer

_STOP_SECONDS = 5


@dataclass(frozen=True)
class Contained:
    """What runs in a container: an image, the command in it, and the files that it is given, by their paths there.

    The command works as nobody, in a folder that everybody may write to. What it writes there ends with the container.
    """

    image: str
    command: Sequence[str]
    files: Mapping[str, str]
    stop_signal: str = "SIGTERM"


class ContainedRecipe(Protocol):
    """How a service in a container is made, listening on `port` of this machine."""

    name: str
    needs: tuple[str, ...]
    port: int

    def contained(self) -> Contained:
        """The container to start."""

    def check(self) -> None:
        """Ask the service, with the client that the tests use, and raise unless it serves. Runs in a thread."""


class ContainerService(Service):
    """A service whose process is the first one of a container; what ends or pauses that does it to the service."""

    twin = None
    is_forked = False

    def __init__(self, recipe: ContainedRecipe, run_dir: Path, log_dir: Path, ready_seconds: float) -> None:
        self.name = recipe.name
        self.needs = recipe.needs
        self._recipe = recipe
        self._run_dir = run_dir
        self._log_path = log_dir / f"{recipe.name}.log"
        self._ready_seconds = ready_seconds
        self._made: DockerContainer | None = None
        self._starting: asyncio.Future[int] | None = None
        self._ended: asyncio.Event | None = None
        """Of the running process; None while there is none."""
        self._pid: int | None = None
        self._logged = 0
        """Bytes of what the container has said, through all its starts."""
        self._state = "waiting"
        self._started_in: float | None = None

    @property
    def extra_args(self) -> tuple[str, ...]:
        return ()

    async def prepare(self) -> None:
        """Nothing of it is on this disk."""

    async def start(self, extra_args: Sequence[str] | None = None) -> float:
        if self._ended is not None:
            raise StackError(f"{self.name} runs already (process {self._pid})")
        begin = time.monotonic()
        self._state = "starting"
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        # It cannot be called back: who ends the service waits for it.
        self._starting = loop.run_in_executor(None, self._launch, loop, ended)
        try:
            self._pid = await asyncio.shield(self._starting)
        except StackError:
            self._state = "died"
            raise
        self._ended = ended
        await self.wait_ready()
        self._started_in = time.monotonic() - begin
        return self._started_in

    def _launch(self, loop: asyncio.AbstractEventLoop, ended: asyncio.Event) -> int:
        """Start the container, which is made the first time; gives its process."""
        from docker.errors import DockerException  # loaded while the services start, and by no other run

        try:
            if self._made is None:
                self._made = self._make()
                self._made.start()
            else:
                self._made.get_wrapped_container().start()
            container = self._made.get_wrapped_container()
            container.reload()
        except (DockerException, OSError) as error:
            raise StackError(f"{self.name} cannot be started: {' '.join(str(error).split())}") from None
        follow = partial(self._follow, container, loop, ended)
        threading.Thread(target=follow, name=f"log of {self.name}", daemon=True).start()
        return int(container.attrs["State"]["Pid"])

    def _make(self) -> DockerContainer:
        from docker.types import LogConfig
        from testcontainers.core.config import testcontainers_config
        from testcontainers.core.container import DockerContainer

        # Its own clearing up needs one more image, and one more container; the stack clears up itself.
        testcontainers_config.ryuk_disabled = True
        recipe = self._recipe.contained()
        engine = {"DOCKER_HOST": f"unix://{containers.ENGINE}"}
        made = DockerContainer(recipe.image, docker_client_kw={"environment": engine}).with_kwargs(
            entrypoint=list(recipe.command),
            user="nobody",
            network="host",
            working_dir="/tmp",
            stop_signal=recipe.stop_signal,
            labels={containers.LABEL: containers.mark(self._run_dir)},
            log_config=LogConfig(type=LogConfig.types.JSON),
        )
        for path, text in recipe.files.items():
            made.with_copy_into_container(text.encode(), path)
        return made

    def _follow(self, container: Any, loop: asyncio.AbstractEventLoop, ended: asyncio.Event) -> None:
        """Write what the container says to the log, until its process has ended."""
        seen = 0
        with self._log_path.open("ab", buffering=0) as log:
            # The engine begins with what it said before its last start.
            for said in container.logs(stream=True, follow=True):
                seen += len(said)
                if seen > self._logged:
                    log.write(said[-(seen - self._logged) :])
                    self._logged = seen
        loop.call_soon_threadsafe(self._note_end, ended)

    def _note_end(self, ended: asyncio.Event) -> None:
        ended.set()
        if ended is self._ended:
            self._ended, self._pid, self._state = None, None, "died"

    async def wait_ready(self, seconds: float | None = None) -> None:
        ended = self._running()
        try:
            ready = await poll(self._check, seconds=seconds or self._ready_seconds, ended=ended)
        except TimeoutError as error:
            raise StackError(f"{self.name}: {error}", last_lines(self._log_path), self._log_path) from error
        if not ready:
            raise StackError(f"{self.name} died at its start", last_lines(self._log_path), self._log_path)
        self._state = "ready"

    def _check(self) -> None:
        """Ask the recipe only once somebody listens: until then a client costs time that the service needs."""
        with socket.socket() as probe:
            probe.connect((LOOPBACK, self._recipe.port))
        self._recipe.check()

    async def stop(self) -> None:
        await self._end("stopped", lambda container: container.stop(timeout=_STOP_SECONDS))

    async def restart(self, extra_args: Sequence[str] | None = None) -> None:
        await self.stop()
        await self.start(extra_args)

    async def kill(self) -> None:
        await self._end("killed", lambda container: container.kill())

    async def _end(self, state: str, how: Callable[[Any], None]) -> None:
        ended, self._ended = self._ended, None
        self._state, self._pid = state, None
        if ended is not None:
            await asyncio.to_thread(self._tell, how)
            await ended.wait()

    async def end(self) -> None:
        if self._starting is not None:
            await asyncio.wait([self._starting])
        self._ended, self._pid, self._state = None, None, "stopped"
        if self._made is not None:
            await asyncio.to_thread(self._remove)
            self._made = None

    def _remove(self) -> None:
        from docker.errors import NotFound  # as above

        assert self._made is not None
        with contextlib.suppress(NotFound):
            self._made.stop()

    async def freeze(self) -> None:
        self._running()
        await asyncio.to_thread(self._tell, lambda container: container.pause())
        self._state = "frozen"

    async def thaw(self) -> None:
        self._running()
        if self._state == "frozen":
            await asyncio.to_thread(self._tell, lambda container: container.unpause())
            self._state = "ready"

    def _tell(self, how: Callable[[Any], None]) -> None:
        from docker.errors import DockerException  # as above

        assert self._made is not None
        try:
            how(self._made.get_wrapped_container())
        except DockerException as error:
            raise StackError(f"{self.name}: the engine refuses: {' '.join(str(error).split())}") from None

    def _running(self) -> asyncio.Event:
        if self._ended is None:
            raise StackError(f"{self.name} does not run")
        return self._ended

    def status(self) -> ServiceStatus:
        return ServiceStatus(self.name, self._pid, self._state, self._started_in, self._log_path, self.twin)
