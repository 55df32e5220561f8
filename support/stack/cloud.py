"""The cloud in which customers have their accounts: moto's server in a process of its own."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from support.stack.packages import package_directory
from support.stack.ports import LOOPBACK
from support.stack.processes import Launch
from support.stack.python_module import PythonModule
from support.stack.service import Recipe

REGION = "eu-central-1"


class Cloud(Recipe):
    """One simulated cloud with any number of accounts."""

    name = "cloud"
    needs: tuple[str, ...] = ()
    is_forked = True

    def __init__(self, directory: Path, port: int, python: PythonModule) -> None:
        self.data_dir = directory
        self.port = port
        # Without the catalogue of public images, which costs each new account 0.15 s; any image can be run.
        environment = dict(python.environment) | {"MOTO_EC2_LOAD_DEFAULT_AMIS": "false"}
        self._python = dataclasses.replace(python, environment=environment)

    def url(self, port: int) -> str:
        """The endpoint at a port."""
        return f"http://{LOOPBACK}:{port}"

    async def prepare(self) -> None:
        package_directory("moto", "moto", "the simulated cloud")

    def launch(self, extra_args: Sequence[str]) -> Launch:
        return self._python.launch("support.stack.cloud_server", str(self.port), *extra_args)

    def check(self) -> None:
        from support.stack import readiness  # the clients are loaded while the services start, not before

        readiness.http_serves(f"{self.url(self.port)}/moto-api/data.json")
