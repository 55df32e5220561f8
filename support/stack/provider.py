"""Where services come from: the interface behind which embedded, containerised and external services look alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from support.stack.addresses import Addresses
from support.stack.forking import ForkServer
from support.stack.options import StackOptions
from support.stack.ports import LOOPBACK, PortRange
from support.stack.processes import Launch
from support.stack.service import Service


@dataclass(frozen=True)
class Surroundings:
    """What the supervisor hands to a provider. `changed` is to be called whenever a process comes or goes."""

    options: StackOptions
    base: Path
    run_dir: Path
    ports: PortRange
    environment: Mapping[str, str]
    changed: Callable[[], None]


@dataclass(frozen=True)
class LinkPlan:
    """A link to open before any service starts: a listening port that leads to the service's own.

    fallback: the port of another service, for what the first does not take any more. host: of a service that somebody
    else has started. is_api: whether it leads to a service of the platform, and not to a store.
    """

    name: str
    port: int
    target: int
    fallback: int | None = None
    is_api: bool = False
    host: str = LOOPBACK

    @property
    def leads_to(self) -> dict[str, Any]:
        """Where it leads, as the process of the links is told."""
        return {"target": self.target, "fallback": self.fallback, "host": self.host}


class Provider(Protocol):
    """Provides all services of a stack."""

    fork_server: ForkServer
    """From which those services come that are Python modules of the checkout."""

    def services(self) -> Sequence[Service]:
        """The services, each naming those that it needs."""

    def links(self) -> Sequence[LinkPlan]:
        """The links to put in front of them."""

    def proxies(self, control_socket: Path) -> Launch:
        """The process that carries the links."""

    def addresses(self) -> Addresses:
        """Where customers, operators and observers reach the services."""
