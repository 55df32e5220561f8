"""What a target's platform adds to the stack: services of its own, beside the stores that it shares with others."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar, Protocol

from support.stack.clickhouse import ClickHouse
from support.stack.cloud import Cloud
from support.stack.errors import StackError
from support.stack.external import ExternalClickHouse, ExternalRedis
from support.stack.modes import in_mode
from support.stack.options import StackOptions
from support.stack.partner import PartnerService
from support.stack.ports import LOOPBACK
from support.stack.postgres import PostgresPasswords
from support.stack.python_module import PythonModule
from support.stack.redis import Redis
from support.stack.service import Recipe

PROBE = Path("targets", "shared")
"""In the checkout: what the agents of several targets have in common, for their Python path."""

STORES: Mapping[str, Mapping[str, str]] = {
    "postgres-primary": {"postgres": "postgres-primary"},
    "postgres-replica": {"postgres-replica": "postgres-replica", "replication": "postgres-primary"},
    "redis": {"redis": "redis"},
    "clickhouse": {"clickhouse": "clickhouse"},
    "cloud": {"cloud": "cloud"},
    "partner": {"partner": "partner"},
}
"""The stores that a platform may need, each with its links and where these lead: `replication` is the replica's own."""


@dataclass(frozen=True)
class Shared:
    """What a platform's services are given: the stack's stores, and where everything listens.

    ports: of the services themselves. link_ports: of the links to them.
    """

    options: StackOptions
    run_dir: Path
    ports: Mapping[str, int]
    link_ports: Mapping[str, int]
    passwords: PostgresPasswords
    redis: Redis | ExternalRedis
    clickhouse: ClickHouse | ExternalClickHouse
    cloud: Cloud
    partner: PartnerService
    python: PythonModule

    def link_url(self, link: str) -> str:
        """The address of a link that leads to HTTP."""
        return f"http://{LOOPBACK}:{self.link_ports[link]}"


class Platform(Protocol):
    """The services of one platform.

    stores: those of `STORES` that it needs. instances: its own services, in the order in which they are shown.
    spares: services that are started on demand, each beside the one that it is like. links: to its services, by name;
    fallbacks: of those links that lead to a second service where the first does not take connections any more.
    outside: links to what somebody else has started, each with its host and port. served_at: the ports of those links
    that who has started it was told of.
    """

    stores: ClassVar[Sequence[str]]
    instances: ClassVar[Sequence[str]]
    spares: ClassVar[Mapping[str, str]]
    links: ClassVar[Mapping[str, str]]
    fallbacks: ClassVar[Mapping[str, str]] = {}
    outside: ClassVar[Mapping[str, tuple[str, int]]] = {}
    served_at: ClassVar[Mapping[str, int]] = {}

    def __init__(self, shared: Shared, target: Mapping[str, Any]) -> None:
        """`target` is what the platform's `target.toml` says. Raises StackError."""

    def recipes(self) -> Sequence[Recipe]:
        """How its services are made, spares included."""

    def addresses(self) -> Mapping[str, Any]:
        """Those of the stack's addresses that are its own to give."""


def described(options: StackOptions) -> tuple[type[Platform], Mapping[str, Any]]:
    """The platform of a target, and what its description says. Raises StackError."""
    file = options.checkout / "targets" / options.target / "target.toml"
    try:
        target = in_mode(tomllib.loads(file.read_text("utf-8")), options.mode)
        if "addresses" in target:
            from support.stack.running import running  # it is a platform of this very kind

            return running(target), target
        module, _, name = target["platform"].partition(":")
        return getattr(import_module(module), name), target
    except OSError as error:
        raise StackError(f"there is no target {options.target}: {file}: {error.strerror}") from None
    except KeyError as missing:
        raise StackError(f"{file} lacks the entry {missing}") from None
    except (ValueError, ImportError, AttributeError) as error:
        raise StackError(f"{file}: {error}") from None
