"""Blind defects of CFG-07."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "CFG-07qa",
    "the last instance of a service is shown long after it is gone",
    service="backend",
    scenario="A service without any instance is not shown",
    step="every service has stopped showing the analytics service in time",
)
def _() -> None:
    # Observable: kill -9 the only tools (or analytics) process: after the lease GET /v1/operations/mesh of the other
    # services shows none for it, and that of the backend goes on showing the dead one, for ever. Of two instances the
    # dead one disappears.
    from apex.runtime import mesh as module

    def run(self: Any) -> None:
        self.heartbeat.start()
        while not self._closed.is_set():
            try:
                self._store.set(module._ENVIRONMENT, self._environment, nx=True)
                self.known = {
                    # As the directory does it: those last known are better than none.
                    service: registry.instances() or self.known[service]
                    for service, registry in self._registries.items()
                }
            except Exception as error:
                module.log.warning("mesh not looked up", reason=type(error).__name__)
            self._closed.wait(self._pause)

    replace(module.Mesh, "run", run)


@blind_defect(
    "CFG-07ta",
    "the mesh keeps the last instance of a service although it is gone",
    service="backend",
    scenario="A service without any instance is not shown",
    step="every service has stopped showing the analytics service in time",
)
def _() -> None:
    # Observable: stop the only instance of analytics (or kill it and wait for its lease); the backend's
    # GET /v1/operations/mesh goes on to show it with its address, while the other services show none.
    import structlog

    mesh: Any = import_module("apex.runtime.mesh")
    log = structlog.get_logger()

    def run(self: Any) -> None:
        self.heartbeat.start()
        while not self._closed.is_set():
            try:
                self._store.set(mesh._ENVIRONMENT, self._environment, nx=True)
                # As the directory does: what was known last is better than nothing.
                self.known = {
                    service: registry.instances() or self.known[service]
                    for service, registry in self._registries.items()
                }
            except Exception as error:
                log.warning("mesh not looked up", reason=type(error).__name__)
            self._closed.wait(self._pause)

    replace(mesh.Mesh, "run", run)


@blind_defect(
    "CFG-07ua",
    "analytics remembers an instance by its name, with the address of its first start",
    service="analytics",
    scenario="Every service notices that an instance has moved",
    step="every service sees it at its new address in time",
)
def _() -> None:
    # Observable: an instance that is started again under its name at another port: the mesh of analytics has the
    # former address, that of the others the new one.
    from apex.runtime.discovery import Registry

    remembered: dict[str, Any] = {}

    @around(Registry, "_known")
    def _(original: Any, self: Any) -> Any:
        settled, known = original(self)
        return settled, [remembered.setdefault(self._prefix + each.name, each) for each in known]


@blind_defect(
    "CFG-07ub",
    "a heartbeat only renews, it does not register again",
    service="analytics",
    scenario="Every service is found again after the cache has lost its data",
    step="all views are the same and show every running service in time",
)
def _() -> None:
    # Observable: after Redis has lost its data (or was away for longer than a lease) analytics, which works, is missing
    # in everybody's mesh until it is restarted.
    from apex.runtime.discovery import Registry

    registered: set[str] = set()

    @around(Registry, "register")
    def _(original: Any, self: Any, instance: Any) -> None:
        if instance.id not in registered:
            original(self, instance)
            registered.add(instance.id)
        else:
            lease = round(self.settings.lease_seconds * 1000)
            self._register.registered_client.pexpire(self._prefix + instance.name, lease)


@blind_defect(
    "CFG-07na",
    "in its own view of the mesh an instance is missing itself",
    service="analytics",
    scenario="All services list the same services",
    step="all views are the same and show every running service in time",
)
def _() -> None:
    # Observable: GET /v1/operations/mesh at every service: all show the analytics instance but analytics itself, whose
    # list of "analytics" is empty.
    from apex.runtime import mesh

    def run(self: Any) -> None:
        self.heartbeat.start()
        own = self.heartbeat._instance.id
        while not self._closed.is_set():
            try:
                self._store.set(mesh._ENVIRONMENT, self._environment, nx=True)
                self.known = {
                    service: [each for each in registry.instances() if each.id != own]
                    for service, registry in self._registries.items()
                }
            except Exception as error:
                mesh.log.warning("mesh not looked up", reason=type(error).__name__)
            self._closed.wait(self._pause)

    replace(mesh.Mesh, "run", run)
