"""Aegra: how its instances are started, from the environment of its target folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from support.stack.uvicorn import Served, UvicornPlatform

INSTANCES = ("aegra-1",)
SPARES = {"aegra-2": "aegra-1"}


class Aegra(UvicornPlatform):
    """Aegra with its Redis broker."""

    served: ClassVar[Served] = Served("aegra_api.main:app", ready="/ready", needs=("postgres-primary", "redis"))
    instances: ClassVar[Sequence[str]] = INSTANCES
    spares: ClassVar[Mapping[str, str]] = SPARES
    # Customers come over one link, as over the balancer of a deployment.
    links: ClassVar[Mapping[str, str]] = {"aegra": "aegra-1", **{name: name for name in (*INSTANCES, *SPARES)}}
    fallbacks: ClassVar[Mapping[str, str]] = {"aegra": "aegra-2"}

    def configured(self, database_url: str, redis_url: str) -> Mapping[str, str]:
        return {
            "AEGRA_CONFIG": str(self._folder / "aegra.json"),
            "AUTH_TYPE": "custom",
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
        }
