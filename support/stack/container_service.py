"""A service of the stack that runs in a container."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from support.stack.addresses import ServiceStatus
from support.stack.child import last_lines
from support.stack.contained import ContainedRecipe
from support.stack.errors import StackError
from support.stack.polling import poll
from support.stack.service import Service, ask

if TYPE_CHECKING:
    from support.stack.container import Container


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
        self._container: Container | None = None
        self._starting: asyncio.Future[int] | None = None
        self._ended: asyncio.Event | None = None
        """Of the process that runs; None while there is none."""
        self._pid: int | None = None
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

        def at_end() -> None:
            loop.call_soon_threadsafe(self._note_end, ended)

        # It cannot be called back: who ends the service waits for it.
        self._starting = loop.run_in_executor(None, self._launch, at_end)
        try:
            pid = await asyncio.shield(self._starting)
        except StackError:
            self._state = "died"
            raise
        if not ended.is_set():
            self._ended, self._pid = ended, pid
        await self._until_ready(ended, self._ready_seconds)
        self._started_in = time.monotonic() - begin
        return self._started_in

    def _launch(self, at_end: Callable[[], None]) -> int:
        """Start the container, which is made the first time; gives its process."""
        from support.stack.container import Container  # loaded while the services start, and by no other run

        if self._container is None:
            self._container = Container(self._recipe, self._run_dir, self._log_path)
        return self._container.start(at_end)

    def _note_end(self, ended: asyncio.Event) -> None:
        ended.set()
        if ended is self._ended:
            self._ended, self._pid, self._state = None, None, "died"

    async def wait_ready(self, seconds: float | None = None) -> None:
        await self._until_ready(self._running()[1], seconds or self._ready_seconds)

    async def _until_ready(self, ended: asyncio.Event, seconds: float) -> None:
        try:
            ready = await poll(partial(ask, self._recipe), seconds=seconds, ended=ended)
        except TimeoutError as error:
            raise StackError(f"{self.name}: {error}", last_lines(self._log_path), self._log_path) from error
        if not ready:
            self._state = "died"
            raise StackError(f"{self.name} died at its start", last_lines(self._log_path), self._log_path)
        self._state = "ready"

    async def stop(self) -> None:
        await self._end("stopped", lambda container: container.stop())

    async def restart(self, extra_args: Sequence[str] | None = None) -> None:
        await self.stop()
        await self.start(extra_args)

    async def kill(self) -> None:
        await self._end("killed", lambda container: container.kill())

    async def _end(self, state: str, how: Callable[[Container], None]) -> None:
        if self._ended is not None:
            container, ended = self._running()
            self._ended, self._pid = None, None
            await asyncio.to_thread(how, container)
            await ended.wait()
        self._state = state

    async def end(self) -> None:
        if self._starting is not None:
            await asyncio.wait([self._starting])
        ended, self._ended = self._ended, None
        self._pid, self._state = None, "stopped"
        if self._container is not None:
            await asyncio.to_thread(self._container.remove)
        if ended is not None:
            await ended.wait()

    async def freeze(self) -> None:
        await asyncio.to_thread(self._running()[0].pause)
        self._state = "frozen"

    async def thaw(self) -> None:
        container, _ = self._running()
        if self._state == "frozen":
            await asyncio.to_thread(container.unpause)
            self._state = "ready"

    def _running(self) -> tuple[Container, asyncio.Event]:
        """The container, and what is set once its process has ended. Raises StackError."""
        if self._container is None or self._ended is None:
            raise StackError(f"{self.name} does not run")
        return self._container, self._ended

    def status(self) -> ServiceStatus:
        return ServiceStatus(self.name, self._pid, self._state, self._started_in, self._log_path, self.twin)
