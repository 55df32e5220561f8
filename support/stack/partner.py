"""The partner whose HTTP API the platform's tools ask: a programmable server of ours."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from support.stack.ports import LOOPBACK
from support.stack.processes import Launch
from support.stack.python_module import PythonModule
from support.stack.service import Recipe


class PartnerService(Recipe):
    """The partner's server; its control API takes `token`."""

    name = "partner"
    needs: tuple[str, ...] = ()
    is_forked = True

    def __init__(self, directory: Path, port: int, token: str, python: PythonModule) -> None:
        self.data_dir = directory
        self.token = token
        self.port = port
        self._python = python

    def url(self, port: int) -> str:
        """The address at a port."""
        return f"http://{LOOPBACK}:{port}"

    async def prepare(self) -> None:
        self.data_dir.mkdir(mode=0o700)
        settings = self.data_dir / "settings.json"
        settings.touch(mode=0o600)
        settings.write_text(json.dumps({"port": self.port, "token": self.token}))

    def launch(self, extra_args: Sequence[str]) -> Launch:
        return self._python.launch("support.stack.partner_server", str(self.data_dir / "settings.json"), *extra_args)

    def check(self) -> None:
        from support.stack import readiness  # the clients are loaded while the services start, not before

        readiness.partner_serves(self.url(self.port), self.token)
