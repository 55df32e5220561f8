"""A platform that is a Python web application: two instances, from the environment of its target folder."""

from __future__ import annotations

import secrets
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from support.stack.cloud import REGION
from support.stack.errors import StackError
from support.stack.platform import PROBE, Platform, Shared
from support.stack.ports import LOOPBACK
from support.stack.postgres_template import OWNER
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


class UvicornPlatform(Platform):
    """One instance and a spare, over PostgreSQL without a replica, and Redis; customers come over one link.

    served: what each instance serves. The tokens of customers are made with a key of the stack.
    """

    stores: ClassVar[Sequence[str]] = ("postgres-primary", "redis", "cloud", "partner")
    served: ClassVar[Served]

    def __init__(self, shared: Shared, target: Mapping[str, Any]) -> None:
        self._shared = shared
        self._folder = shared.options.checkout / "targets" / shared.options.target
        self._key = secrets.token_urlsafe(48)
        self._settings = {name: str(setting["value"]) for name, setting in target["settings"].items()}

    def recipes(self) -> Sequence[Recipe]:
        shared, environment = self._shared, self._environment()
        return [
            Uvicorn(name, self._folder, shared.run_dir, shared.ports[name], environment, self.served)
            for name in (*self.instances, *self.spares)
        ]

    def addresses(self) -> Mapping[str, str]:
        shared = self._shared
        (first,), (second,) = self.instances, self.spares
        return {
            "backend_url": shared.link_url(next(iter(self.fallbacks))),
            "spare_backend_url": shared.link_url(second),
            "backend_direct_url": f"http://{LOOPBACK}:{shared.ports[first]}",
            # It has one role for everything.
            "postgres_application_url": shared.passwords.url(OWNER, shared.ports["postgres-primary"]),
            "signing_key": self._key,
        }

    def configured(self, database_url: str, redis_url: str) -> Mapping[str, str]:
        """What the platform itself is configured with, in variables of its environment."""
        raise NotImplementedError

    def _environment(self) -> Mapping[str, str]:
        """The platform is given the links, so that each can be broken."""
        shared, links = self._shared, self._shared.link_ports
        return {
            **shared.python.environment,
            "HOME": str(shared.run_dir),
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": f"{self._folder}:{shared.options.checkout / PROBE}",
            **self.configured(shared.passwords.url(OWNER, links["postgres"]), shared.redis.url(links["redis"])),
            **self._settings,
            # What our agents and our authentication need.
            "ACCEPTANCE_SIGNING_KEY": self._key,
            "ACCEPTANCE_PARTNER_URL": shared.partner.url(links["partner"]),
            "ACCEPTANCE_CLOUD_URL": shared.cloud.url(links["cloud"]),
            "ACCEPTANCE_CLOUD_REGION": REGION,
        }
