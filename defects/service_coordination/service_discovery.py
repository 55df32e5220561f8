"""Seeded defects of how services find each other (CSC-03)."""

from __future__ import annotations

from dataclasses import replace as changed

from apex.runtime.discovery import Directory, Instance, Registry
from defects import Scenario
from defects._patching import replace

instance_has_crashed = Scenario("An instance that has crashed is forgotten", service="tools")


@instance_has_crashed.defect(
    "CSC-03a",
    "a heartbeat keeps the registrations of all instances, also of those that are gone",
    step="the operator finds only the first tools instance in time",
)
def _() -> None:
    def register(self: Registry, instance: Instance) -> None:
        for known in self.instances():
            original(self, known)
        original(self, instance)

    original = replace(Registry, "register", register)


second_instance_found = Scenario("A second instance is found after its start")


@second_instance_found.defect(
    "CSC-03b",
    "all instances register under the name of the service",
    step="the operator finds both tools instances in time",
    service="tools",
)
def _() -> None:
    def register(self: Registry, instance: Instance) -> None:
        original(self, changed(instance, name="tools-1"))

    original = replace(Registry, "register", register)


@second_instance_found.defect(
    "CSC-03c",
    "instances are looked up once, at the start",
    step="Acme's next job is carried out by both",
    service="worker",
)
def _() -> None:
    def run(self: Directory) -> None:
        self._urls = [instance.url for instance in self._registry.instances()] or self._urls
        self._closed.wait()

    replace(Directory, "run", run)


instance_stopped_order = Scenario("An instance that is stopped in order is forgotten at once", service="tools")


@instance_stopped_order.defect(
    "CSC-03d",
    "an instance that is stopped leaves its registration to expire",
    step="the operator finds only the first tools instance at once",
)
def _() -> None:
    replace(Registry, "withdraw", lambda self, instance: None)
