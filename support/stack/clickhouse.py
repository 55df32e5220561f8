"""ClickHouse: the engine of the package `chdb` behind ClickHouse's HTTP interface."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from support.stack.packages import package_directory
from support.stack.ports import LOOPBACK
from support.stack.processes import Launch
from support.stack.python_module import PythonModule
from support.stack.service import Recipe

USER, DATABASE = "apex", "apex_test"


class ClickHouse(Recipe):
    """One engine with one user and one database."""

    name = "clickhouse"
    needs: tuple[str, ...] = ()

    def __init__(self, directory: Path, port: int, password: str, python: PythonModule) -> None:
        self.data_dir = directory
        self.port = port
        self.password = password
        self._python = python

    def url(self, port: int) -> str:
        """The address of the database at a port."""
        return f"http://{USER}:{self.password}@{LOOPBACK}:{port}/{DATABASE}"

    async def prepare(self) -> None:
        package_directory("chdb", "chdb", "ClickHouse")
        self.data_dir.mkdir(mode=0o700)
        (self.data_dir / "backups").mkdir()
        settings = {
            "port": self.port,
            "data": str(self.data_dir / "data"),
            "backups": str(self.data_dir / "backups"),
            "user": USER,
            "password": self.password,
            "database": DATABASE,
        }
        path = self.data_dir / "settings.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(settings))

    def launch(self, extra_args: Sequence[str]) -> Launch:
        settings = str(self.data_dir / "settings.json")
        return self._python.launch("support.stack.clickhouse_server", settings, *extra_args)

    def check(self) -> None:
        from support.stack import readiness  # the clients are loaded while the services start, not before

        readiness.clickhouse_serves(self.url(self.port))
