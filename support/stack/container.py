"""One container on the machine's own network, through the client of its engine. Every call blocks.

Loaded only where stores come in containers: the client takes time to load.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from docker.errors import DockerException, NotFound
from docker.types import LogConfig
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from support.stack import containers
from support.stack.contained import ContainedRecipe
from support.stack.errors import StackError

_STOP_SECONDS = 5

# Its own clearing up needs one more image, and one more container; the stack clears up itself.
testcontainers_config.ryuk_disabled = True


class Container:
    """A container whose first process is a service. What it says goes to a log."""

    def __init__(self, recipe: ContainedRecipe, run_dir: Path, log_path: Path) -> None:
        self._name = recipe.name
        self._log_path = log_path
        self._logged = 0
        """Bytes of what it has said, through all its starts."""
        self._is_made = False
        made = recipe.contained()
        engine = {"DOCKER_HOST": f"unix://{containers.ENGINE}"}
        self._container = DockerContainer(made.image, docker_client_kw={"environment": engine}).with_kwargs(
            entrypoint=list(made.command),
            user="nobody",
            network="host",
            working_dir="/tmp",
            stop_signal=made.stop_signal,
            labels={containers.LABEL: containers.mark(run_dir)},
            log_config=LogConfig(type=LogConfig.types.JSON),
        )
        for path, text in made.files.items():
            self._container.with_copy_into_container(text.encode(), path)

    def start(self, at_end: Callable[[], None]) -> int:
        """Start the process; gives its ID. `at_end` is called in a thread of its own once it has ended.

        Raises StackError.
        """
        if self._is_made:
            self._tell("start", lambda container: container.start())
        else:
            self._is_made = True
            try:
                self._container.start()
            except DockerException as error:
                raise StackError(f"{self._name} cannot be started: {_line(error)}") from None
        container = self._container.get_wrapped_container()
        threading.Thread(
            target=self._follow, args=[container, at_end], name=f"log of {self._name}", daemon=True
        ).start()
        self._tell("inspect", lambda container: container.reload())
        return int(container.attrs["State"]["Pid"])

    def _follow(self, container: Any, at_end: Callable[[], None]) -> None:
        """Write what it says to the log until its process has ended, or the engine has."""
        seen = 0
        try:
            with self._log_path.open("ab", buffering=0) as log:
                # The engine begins with what was said before the last start.
                for said in container.logs(stream=True, follow=True):
                    seen += len(said)
                    if seen > self._logged:
                        log.write(said[-(seen - self._logged) :])
                        self._logged = seen
        finally:
            at_end()

    def stop(self) -> None:
        """End the process in order, and kill it should that take too long. Raises StackError, as all that follow."""
        self._tell("stop", lambda container: container.stop(timeout=_STOP_SECONDS))

    def kill(self) -> None:
        """End the process at once."""
        self._tell("kill", lambda container: container.kill())

    def pause(self) -> None:
        """The process does nothing any more, and keeps its connections."""
        self._tell("pause", lambda container: container.pause())

    def unpause(self) -> None:
        """The process goes on."""
        self._tell("unpause", lambda container: container.unpause())

    def remove(self) -> None:
        """Remove it and all that it has written, whatever its process does; nothing where it is gone already."""
        with contextlib.suppress(NotFound):
            self._container.stop()

    def _tell(self, what: str, how: Callable[[Any], None]) -> None:
        try:
            how(self._container.get_wrapped_container())
        except DockerException as error:
            raise StackError(f"{self._name}: the engine does not {what} the container: {_line(error)}") from None


def _line(error: DockerException) -> str:
    return " ".join(str(error).split())
