"""Aegra: how its instances are started, from the environment of its target folder."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from support.stack.cloud import REGION
from support.stack.platform import PROBE, Platform, Shared
from support.stack.ports import LOOPBACK
from support.stack.postgres_template import OWNER
from support.stack.service import Recipe
from support.stack.uvicorn import Served, Uvicorn

INSTANCES = ("aegra-1",)
SPARES = {"aegra-2": "aegra-1"}
_SERVED = Served("aegra_api.main:app", ready="/ready", needs=("postgres-primary", "redis"))


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
            Uvicorn(name, self._folder, shared.run_dir, shared.ports[name], self._environment(), _SERVED)
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
