"""AgentOS: how its instances are started, from the environment of its target folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from support.stack.uvicorn import Served, UvicornPlatform

INSTANCES = ("agentos-1",)
SPARES = {"agentos-2": "agentos-1"}


class AgentOS(UvicornPlatform):
    """AgentOS with its durable queue."""

    served: ClassVar[Served] = Served("app:app", ready="/health", needs=("postgres-primary", "redis"))
    instances: ClassVar[Sequence[str]] = INSTANCES
    spares: ClassVar[Mapping[str, str]] = SPARES
    # Customers come over one link, as over the balancer of a deployment.
    links: ClassVar[Mapping[str, str]] = {"agentos": "agentos-1", **{name: name for name in (*INSTANCES, *SPARES)}}
    fallbacks: ClassVar[Mapping[str, str]] = {"agentos": "agentos-2"}

    def configured(self, database_url: str, redis_url: str) -> Mapping[str, str]:
        return {
            "ACCEPTANCE_DATABASE_URL": database_url.replace("postgresql:", "postgresql+psycopg:", 1),
            "ACCEPTANCE_REDIS_URL": redis_url,
        }
