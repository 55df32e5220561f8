"""Aegra: how its instances are started, from the environment of its target folder."""

from __future__ import annotations

import secrets
import signal
from collections.abc import Mapping, Sequence
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

INSTANCES = ("aegra-1",)
SPARES = {"aegra-2": "aegra-1"}


class AegraService(Recipe):
    """One instance; `environment` is all that it sees of the environment, its settings among it."""

    needs: tuple[str, ...] = ("postgres-primary", "redis")

    def __init__(self, name: str, folder: Path, data_dir: Path, port: int, environment: Mapping[str, str]) -> None:
        """`folder`: of the target, with what the platform is configured with."""
        self.name = name
        self.port = port
        self.data_dir = data_dir
        self._folder = folder
        self._environment = environment

    async def prepare(self) -> None:
        if python_of_target(self._folder) is None:
            raise StackError(f"{self.name} needs the environment {self._folder}/.venv; bin/stack up -D target=aegra")

    def launch(self, extra_args: Sequence[str]) -> Launch:
        python = python_of_target(self._folder)
        serve = ("-m", "uvicorn", "aegra_api.main:app", "--host", LOOPBACK, "--port", str(self.port), "--no-access-log")
        # It reads settings from a file `.env` of the folder that it is started in: here is none.
        return Launch(
            (str(python), *serve, *extra_args), self._environment, cwd=self.data_dir, end_signal=signal.SIGKILL
        )

    def check(self) -> None:
        from support.stack import readiness  # the clients are loaded while the services start, not before

        readiness.http_serves(f"http://{LOOPBACK}:{self.port}/ready")


class Aegra(Platform):
    """Aegra with its Redis broker, over PostgreSQL without a replica."""

    stores: ClassVar[Sequence[str]] = ("postgres-primary", "redis", "cloud", "partner")
    instances: ClassVar[Sequence[str]] = INSTANCES
    spares: ClassVar[Mapping[str, str]] = SPARES
    # Customers come over one link, as over the balancer of a deployment.
    links: ClassVar[Mapping[str, str]] = {"aegra": "aegra-1", **{name: name for name in (*INSTANCES, *SPARES)}}
    fallbacks: ClassVar[Mapping[str, str]] = {"aegra": "aegra-2"}

    def __init__(self, shared: Shared, target: Mapping[str, Any]) -> None:
        self._shared = shared
        self._folder = shared.options.checkout / "targets" / shared.options.target
        self._key = secrets.token_urlsafe(48)
        self._settings = {name: str(setting["value"]) for name, setting in target["settings"].items()}

    def recipes(self) -> Sequence[Recipe]:
        shared = self._shared
        return [
            AegraService(name, self._folder, shared.run_dir, shared.ports[name], self._environment())
            for name in (*INSTANCES, *SPARES)
        ]

    def addresses(self) -> Mapping[str, str]:
        shared = self._shared
        return {
            "backend_url": shared.link_url("aegra"),
            "spare_backend_url": shared.link_url("aegra-2"),
            "backend_direct_url": f"http://{LOOPBACK}:{shared.ports['aegra-1']}",
            # It has one role for everything.
            "postgres_application_url": shared.passwords.url(OWNER, shared.ports["postgres-primary"]),
            "signing_key": self._key,
        }

    def _environment(self) -> Mapping[str, str]:
        """The platform is given the links, so that each can be broken."""
        shared = self._shared
        links = shared.link_ports
        return {
            **shared.python.environment,
            "HOME": str(shared.run_dir),
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": str(shared.options.checkout / PROBE),
            "AEGRA_CONFIG": str(self._folder / "aegra.json"),
            "AUTH_TYPE": "custom",
            "DATABASE_URL": shared.passwords.url(OWNER, links["postgres"]),
            "REDIS_URL": shared.redis.url(links["redis"]),
            **self._settings,
            # What our graphs and our authentication need.
            "ACCEPTANCE_SIGNING_KEY": self._key,
            "ACCEPTANCE_PARTNER_URL": shared.partner.url(links["partner"]),
            "ACCEPTANCE_CLOUD_URL": shared.cloud.url(links["cloud"]),
            "ACCEPTANCE_CLOUD_REGION": REGION,
        }
