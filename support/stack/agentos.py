"""AgentOS: how its instances are started, from the environment of its target folder."""

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

INSTANCES = ("agentos-1",)
SPARES = {"agentos-2": "agentos-1"}
_SERVED = Served("app:app", ready="/health", needs=("postgres-primary", "redis"))


class AgentOS(Platform):
    """AgentOS with its durable queue, over PostgreSQL without a replica, and Redis."""

    stores: ClassVar[Sequence[str]] = ("postgres-primary", "redis", "cloud", "partner")
    instances: ClassVar[Sequence[str]] = INSTANCES
    spares: ClassVar[Mapping[str, str]] = SPARES
    # Customers come over one link, as over the balancer of a deployment.
    links: ClassVar[Mapping[str, str]] = {"agentos": "agentos-1", **{name: name for name in (*INSTANCES, *SPARES)}}
    fallbacks: ClassVar[Mapping[str, str]] = {"agentos": "agentos-2"}

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
            "backend_url": shared.link_url("agentos"),
            "spare_backend_url": shared.link_url("agentos-2"),
            "backend_direct_url": f"http://{LOOPBACK}:{shared.ports['agentos-1']}",
            # It has one role for everything.
            "postgres_application_url": shared.passwords.url(OWNER, shared.ports["postgres-primary"]),
            "signing_key": self._key,
        }

    def _environment(self) -> Mapping[str, str]:
        """The platform is given the links, so that each can be broken."""
        shared = self._shared
        links = shared.link_ports
        database = shared.passwords.url(OWNER, links["postgres"])
        return {
            **shared.python.environment,
            "HOME": str(shared.run_dir),
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": f"{self._folder}:{shared.options.checkout / PROBE}",
            **self._settings,
            # What our configuration and our agents need.
            "ACCEPTANCE_DATABASE_URL": database.replace("postgresql:", "postgresql+psycopg:", 1),
            "ACCEPTANCE_REDIS_URL": shared.redis.url(links["redis"]),
            "ACCEPTANCE_SIGNING_KEY": self._key,
            "ACCEPTANCE_PARTNER_URL": shared.partner.url(links["partner"]),
            "ACCEPTANCE_CLOUD_URL": shared.cloud.url(links["cloud"]),
            "ACCEPTANCE_CLOUD_REGION": REGION,
        }
