"""Instances of a platform that is a Python web application, from the environment of its target folder."""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from support.stack.errors import StackError
from support.stack.ports import LOOPBACK
from support.stack.processes import Launch
from support.stack.service import Recipe
from support.target_environment import python_of_target


@dataclass(frozen=True)
class Served:
    """The application, `module:name`; the path that says whether it is `ready`; the stores that it needs."""

    application: str
    ready: str
    needs: tuple[str, ...]


class Uvicorn(Recipe):
    """One instance; `environment` is all that it sees of the environment, its settings among it."""

    def __init__(
        self, name: str, folder: Path, data_dir: Path, port: int, environment: Mapping[str, str], served: Served
    ) -> None:
        """`folder`: of the target, with what the platform is configured with."""
        self.name = name
        self.port = port
        self.data_dir = data_dir
        self.needs = served.needs
        self._folder = folder
        self._environment = environment
        self._served = served

    async def prepare(self) -> None:
        if python_of_target(self._folder) is None:
            target = self._folder.name
            raise StackError(f"{self.name} needs the environment {self._folder}/.venv; bin/stack up -D target={target}")

    def launch(self, extra_args: Sequence[str]) -> Launch:
        python = python_of_target(self._folder)
        where = ("--host", LOOPBACK, "--port", str(self.port), "--no-access-log")
        # A platform may read settings from a file `.env` of the folder that it is started in: here is none.
        return Launch(
            (str(python), "-m", "uvicorn", self._served.application, *where, *extra_args),
            self._environment,
            cwd=self.data_dir,
            end_signal=signal.SIGKILL,
        )

    def check(self) -> None:
        from support.stack import readiness  # the clients are loaded while the services start, not before

        readiness.http_serves(f"http://{LOOPBACK}:{self.port}{self._served.ready}")
