"""What the supervisor does on request while the stack runs."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from support.stack import wire
from support.stack.errors import StackError
from support.stack.ports import LOOPBACK, PortRange
from support.stack.provider import Provider
from support.stack.service import Service

VERBS = frozenset({"start", "stop", "restart", "kill", "freeze", "thaw", "wait_ready"})
"""What can be done with a service: the methods of `Service` that the control socket offers."""


class Control:
    """The operations of the control socket. Those on one service follow each other, however many ask for them."""

    def __init__(
        self,
        services: Sequence[Service],
        provider: Provider,
        proxies_socket: Path,
        ports: PortRange,
        fingerprint: str,
        target: str,
        is_up: asyncio.Event,
        stop_asked: asyncio.Event,
    ) -> None:
        """`is_up` is set once all services are ready; `stop_asked` is set to end the stack."""
        self._services = {service.name: service for service in services}
        self._turns = {name: asyncio.Lock() for name in self._services}
        self._provider = provider
        self._proxies = proxies_socket
        self._targets = {plan.name: plan.leads_to for plan in provider.links()}
        self._apis = [plan.name for plan in provider.links() if plan.is_api]
        self._ports = ports
        self._fingerprint = fingerprint
        self._target = target
        self._is_up = is_up
        self._stop_asked = stop_asked
        self._numbers = itertools.count(1)
        self._opened: dict[str, int] = {}

    def handlers(self) -> Mapping[str, wire.Handler]:
        """The operations by name."""
        asked_for = (self.describe, self.until_up, self.services, self.on_service, self.set_fault, self.cut, self.links)
        return {
            each.__name__: each
            for each in (*asked_for, self.spoil, self.open_link, self.close_link, self.reserve_port, self.stop_all)
        }

    async def describe(self) -> dict[str, Any]:
        """Addresses, the platform, and the fingerprint of the sources that the stack was started from."""
        addresses = self._provider.addresses().to_json()
        return {"addresses": addresses, "fingerprint": self._fingerprint, "target": self._target}

    async def until_up(self) -> None:
        """Answer once the stack has started."""
        await self._is_up.wait()

    async def services(self) -> list[dict[str, Any]]:
        """The status of every service."""
        return [
            dataclasses.asdict(status) | {"log_path": str(status.log_path)}
            for status in (service.status() for service in self._services.values())
        ]

    async def on_service(self, name: str, verb: str, options: Mapping[str, Any]) -> None:
        """Do something with a service, with the verb's `options`, after what others have asked of it.

        A spare starts as its twin did.
        """
        service, turn = self._service(name)
        if verb not in VERBS:
            raise StackError(f"nobody can {verb} a service; one can {', '.join(sorted(VERBS))}")
        if verb == "start" and service.twin is not None and options["extra_args"] is None:
            options = {"extra_args": self._service(service.twin)[0].extra_args}
        # Whoever waits for a service does not keep others from what it waits for.
        async with nullcontext() if verb == "wait_ready" else turn:
            await getattr(service, verb)(**options)

    async def set_fault(self, name: str, fault: dict[str, Any] | None) -> None:
        """Set or clear the fault of a link."""
        await wire.call(self._proxies, "set_fault", name=name, fault=fault)

    async def cut(self, name: str, how: str) -> int:
        """End the open connections of a link."""
        return int(await wire.call(self._proxies, "cut", name=name, how=how))

    async def spoil(self, id: str) -> None:
        """Spoil what the platform says to its customers, as the catalogue has it; "" for nothing."""
        await wire.call(self._proxies, "spoil", names=self._apis, target=self._target, id=id)

    async def links(self) -> list[dict[str, Any]]:
        """Counters of all links."""
        return list(await wire.call(self._proxies, "status"))

    async def open_link(self, target: str, tls: bool = False) -> dict[str, str]:
        """Open one more link to where the link `target` leads; returns its name and address.

        With `tls` clients come encrypted; the authority's certificate lies in the run's folder `tls`.
        """
        if target not in self._targets:
            raise StackError(f"there is no link {target}; there are {', '.join(sorted(self._targets))}")
        name, port = f"{target}#{next(self._numbers)}", self._ports.reserve()
        try:
            certificates = str(await asyncio.to_thread(self._certificates)) if tls else ""
            await wire.call(
                self._proxies, "open", name=name, port=port, certificates=certificates, **self._targets[target]
            )
        except StackError:
            self._ports.release(port)
            raise
        self._opened[name] = port
        return {"name": name, "address": f"{LOOPBACK}:{port}"}

    def _certificates(self) -> Path:
        from support.stack.certificates import AUTHORITY, certify  # few runs need any

        folder = self._proxies.parent / "tls"
        if not (folder / AUTHORITY).is_file():
            folder.mkdir(exist_ok=True)
            certify(folder)
        return folder

    async def close_link(self, name: str) -> None:
        """Close a link that `open_link` opened."""
        if name not in self._opened:
            raise StackError(f"there is no link {name} that was opened on demand")
        port = self._opened.pop(name)
        await wire.call(self._proxies, "close", name=name)
        self._ports.release(port)

    async def reserve_port(self) -> int:
        """A port that nobody listens on; for a process that comes and goes beside the stack."""
        return self._ports.reserve()

    async def stop_all(self) -> None:
        """End the whole stack."""
        self._stop_asked.set()

    def _service(self, name: str) -> tuple[Service, asyncio.Lock]:
        try:
            return self._services[name], self._turns[name]
        except KeyError:
            raise StackError(f"there is no service {name}; there are {', '.join(self._services)}") from None
