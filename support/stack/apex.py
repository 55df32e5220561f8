"""The reference platform's services: their one configuration file and how each is started."""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli_w

from support.stack.errors import StackError
from support.stack.ports import LOOPBACK
from support.stack.processes import Launch
from support.stack.python_module import PythonModule
from support.stack.service import Recipe

# The module of this checkout that has the seeded defects.
CATALOGUE = "defects"
# Instance name to module.
INSTANCES = {
    "auth": "apex.auth",
    "backend": "apex.backend",
    "worker-1": "apex.worker",
    "worker-2": "apex.worker",
    "tools-1": "apex.tools",
    "analytics": "apex.analytics",
}
# Instances that are started on demand, each beside the one that it is like.
SPARES = {"backend-2": "backend", "tools-2": "tools-1"}
# Runs that one worker carries out at a time. There are two workers: events are promised in time with ten runs at work.
WORKER_SLOTS = 5
# Tool calls that a run may have at work at a time.
CALLS_AT_ONCE = 8
_STORES = ("postgres-primary", "postgres-replica", "redis")


@dataclass(frozen=True)
class Operator:
    """The login of the platform's operator, made by the platform at its start."""

    email: str
    password: str


class ApexService(Recipe):
    """One instance of a service of the platform. `config` is the file that all of them read."""

    is_forked = True

    def __init__(
        self, name: str, config: Path, port: int, url: str | None, defects: Sequence[str], python: PythonModule
    ) -> None:
        """`url`: where the others reach it; None where they know that from the configuration."""
        self.name = name
        self.needs: tuple[str, ...] = (*_STORES, "clickhouse") if name == "analytics" else _STORES
        self.data_dir = config.parent
        self._module = INSTANCES[SPARES.get(name, name)]
        self._config = config
        self.port = port
        self._url = url
        self._defects = tuple(defects)
        self._python = python

    async def prepare(self) -> None:
        if not (self._python.checkout / Path(*self._module.split("."), "__main__.py")).is_file():
            raise StackError(
                f"{self.name} needs the module {self._module}, which {self._python.checkout} does not have"
            )

    def launch(self, extra_args: Sequence[str]) -> Launch:
        defects = [argument for defect in self._defects for argument in ("--defect", defect)]
        catalogue = ["--catalogue", CATALOGUE] if defects else []
        advertised = ["--advertise", self._url] if self._url else []
        return self._python.launch(
            self._module,
            "--config", str(self._config), "--instance", self.name, "--port", str(self.port),
            *advertised, *catalogue, *defects, *extra_args,
            end_signal=signal.SIGTERM,
        )  # fmt: skip

    def check(self) -> None:
        from support.stack import readiness  # the clients are loaded while the services start, not before

        readiness.http_serves(f"http://{LOOPBACK}:{self.port}/health/ready")


def write_config(path: Path, settings: Mapping[str, Any]) -> None:
    """Write the configuration as TOML, readable by this user alone."""
    path.touch(mode=0o600)
    path.write_text(tomli_w.dumps(settings), encoding="utf-8")
