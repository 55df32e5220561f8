"""Seeded defects of how services find each other (CSC-03)."""

from __future__ import annotations

from dataclasses import replace as changed

from apex.discovery import Directory, Instance, Registry
from defects import defect
from defects._patching import replace


@defect(
    "CSC-03a",
    service="tools",
    summary="a heartbeat keeps the registrations of all instances, also of those that are gone",
    scenario="An instance that has crashed is forgotten",
    step="the operator finds only the first tools instance in time",
)
def _() -> None:
    def register(self: Registry, instance: Instance) -> None:
        for known in self.instances():
            original(self, known)
        original(self, instance)

    original = replace(Registry, "register", register)


@defect(
    "CSC-03b",
    service="tools",
    summary="all instances register under the name of the service",
    scenario="A second instance is found after its start",
    step="the operator finds both tools instances in time",
)
def _() -> None:
    def register(self: Registry, instance: Instance) -> None:
        original(self, changed(instance, name="tools-1"))

    original = replace(Registry, "register", register)


@defect(
    "CSC-03c",
    service="worker",
    summary="instances are looked up once, at the start",
    scenario="A second instance is found after its start",
    step="Acme's next job is carried out by both",
)
def _() -> None:
    def run(self: Directory) -> None:
        self._urls = [instance.url for instance in self._registry.instances()] or self._urls
        self._closed.wait()

    replace(Directory, "run", run)


@defect(
    "CSC-03d",
    service="tools",
    summary="an instance that is stopped leaves its registration to expire",
    scenario="An instance that is stopped in order is forgotten at once",
    step="the operator finds only the first tools instance at once",
)
def _() -> None:
    replace(Registry, "withdraw", lambda self, instance: None)
