"""Seeded defects of service discovery (CSC-03)."""

from __future__ import annotations

from dataclasses import replace as changed
from typing import Any

from apex.runtime.discovery import Directory, Heartbeat, Instance, Registry
from defects import Scenario
from defects._patching import replace

start = Scenario("A second instance is found after it starts", service="tools")
crash = Scenario("A crashed instance is no longer used", service="tools")
idle = Scenario("Instances without work stay registered", service="tools")
shutdown = Scenario("An instance that shuts down is removed immediately", service="tools")


@crash.defect(
    "CSC-03a",
    "a heartbeat keeps the registrations of all instances, also of lost ones",
    step="the operator finds only the first tools instance in time",
)
def _() -> None:
    def register(self: Registry, instance: Instance) -> None:
        for known in (*self.instances(), instance):
            original(self, known)

    original = replace(Registry, "register", register)


@start.defect(
    "CSC-03b",
    "all instances register under the same name",
    step="the operator finds both tools instances in time",
)
def _() -> None:
    original: Any = replace(Registry, "register", lambda self, it: original(self, changed(it, name="tools-1")))


@start.defect(
    "CSC-03c",
    "instances are looked up once, at the start",
    step="Acme's next job runs on both tools instances",
    service="worker",
)
def _() -> None:
    def run(self: Directory) -> None:
        self._urls = [instance.url for instance in self._registry.instances()] or self._urls
        self._closed.wait()

    replace(Directory, "run", run)


@shutdown.defect(
    "CSC-03d",
    "an instance that shuts down leaves its registration to expire",
    step="the operator immediately finds only the first tools instance",
)
def _() -> None:
    replace(Registry, "withdraw", lambda self, instance: None)


@idle.defect(
    "CSC-03e",
    "an instance renews its registration once that has run out, not before",
    step="the operator has always found both tools instances",
)
def _() -> None:
    def run(self: Heartbeat) -> None:
        while not self._closed.is_set():
            self._registry.register(self._instance)
            self._closed.wait(1.2 * self._registry.settings.lease_seconds)

    replace(Heartbeat, "run", run)
