"""Seeded defects of the service mesh (CFG-07)."""

from __future__ import annotations

from dataclasses import replace as changed
from typing import Any

from defects import Scenario
from defects._patching import around, replace

ALL = "all views are the same and show every running service in time"

alike = Scenario("All services list the same services", service="auth")
ends = Scenario("Every service notices the end of an instance", service="worker")
new = Scenario("A new instance is seen by every service", service="analytics")
lost = Scenario("Every service is found again after the cache has lost its data", service="tools")


@alike.defect("CFG-07a", "a service names another health path of the others", step=ALL)
def _() -> None:
    from apex.runtime.discovery import Registry

    @around(Registry, "instances")
    def _(original: Any, self: Any) -> Any:
        return [changed(instance, health_path="/healthz") for instance in original(self)]


@alike.defect(
    "CFG-07b",
    "a service registers an address at which nobody listens",
    step="every address in the mesh answers in time under its health path",
    service="backend",
)
def _() -> None:
    from apex.runtime import service

    @around(service, "instance_of")
    def _(original: Any, *of: Any) -> Any:
        return changed(original(*of), url="http://127.0.0.1:9")


@ends.defect(
    "CFG-07c",
    "what a service has once known it shows for ever",
    step="every service sees only the first tools instance in time",
)
def _() -> None:
    from apex.runtime.discovery import Registry

    ever: dict[str, Any] = {}

    @around(Registry, "instances")
    def _(original: Any, self: Any) -> Any:
        for instance in original(self):
            ever[f"{self._names}/{instance.name}"] = instance
        return [instance for name, instance in sorted(ever.items()) if name.startswith(f"{self._names}/")]


@new.defect(
    "CFG-07d", "a service looks at the mesh once, at its start", step="every service sees both tools instances in time"
)
def _() -> None:
    from apex.runtime.mesh import Mesh

    def run(self: Any) -> None:
        self.heartbeat.start()
        self._closed.wait(0.2)
        self.known = {service: registry.instances() for service, registry in self._registries.items()}
        self._closed.wait()

    replace(Mesh, "run", run)


@lost.defect("CFG-07e", "a heartbeat does not bring back a registration that is gone", step=ALL)
def _() -> None:
    from apex.runtime.discovery import Registry

    begun: set[str] = set()

    @around(Registry, "register")
    def _(original: Any, self: Any, instance: Any) -> None:
        if instance.id in begun and all(known.id != instance.id for known in self.instances()):
            return
        begun.add(instance.id)
        original(self, instance)
