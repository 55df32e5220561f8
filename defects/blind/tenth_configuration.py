"""Blind defects of configuration, written from the promises alone."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from defects import blind_defect
from defects._patching import replace


@blind_defect(
    "CFG-07qa",
    "the last instance of a service is shown long after it is gone",
    service="backend",
    scenario="A service without any instance is not shown",
    step="no service shows the analytics service any more in time",
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
    "CFG-08qa",
    "a fault is said to stand in the first layer that has the key",
    service="backend",
    scenario="A candidate that contradicts itself is rejected",
    step="the report names every fault with its place, its key and the reason",
)
def _() -> None:
    # Observable: validate a candidate for the environment test with backend.stream_window = "many" (or any other key
    # that test.toml or base.toml has as well, or a secret that the deployment's file has, too): the fault names
    # test.toml, where nothing is wrong, instead of the candidate. `show` names the wrong source in the same way.
    from apex.config import layers

    def merge(
        into: dict[str, Any], values: Mapping[str, Any], source: str, sources: dict[str, str], prefix: str
    ) -> None:
        for name, value in values.items():
            if isinstance(value, Mapping):
                below = into.get(name)
                into[name] = below = dict(below) if isinstance(below, Mapping) else {}
                merge(below, value, source, sources, f"{prefix}{name}.")
            else:
                into[name] = value
                sources.setdefault(f"{prefix}{name}", source)

    replace(layers, "_merge", merge)


@blind_defect(
    "CFG-11qa",
    "another port at the same host passes for a change of credentials",
    service="backend",
    scenario="A changed setting has the reported impact",
    step="the report says that <services> <take it>",
)
def _() -> None:
    # Observable: change the port (or the number of the database) in redis.url: `impact` says that it is taken over
    # while the services run, and the backend's health names no restart; but the backend goes on with the former Redis.
    # Another host needs a restart, as it must.
    from urllib.parse import urlsplit

    from apex.config import effects

    def place(address: str) -> str:
        return urlsplit(address).hostname or ""

    replace(effects, "_place", place)


@blind_defect(
    "CFG-12qa",
    "an empty file in the directory of secrets is passed over",
    service="backend",
    scenario="Illegal values and files are rejected",
    step="every service refuses the change in time and says why",
)
def _() -> None:
    # Observable: have the file internal__signing_key (or auth__operator_password) in the directory of secrets empty, as
    # a mount that went wrong leaves it, and another value in the deployment's file: `validate` finds nothing wrong, and
    # the service starts with the value that was to be replaced. A file with a blank in it is refused.
    from pydantic_settings import SettingsError as SourceError

    layers: Any = import_module("apex.config.layers")

    def secrets(
        directory: Path | None, unread: list[layers.Fault], unknown: list[layers.Fault]
    ) -> list[tuple[str, dict[str, Any]]]:
        if directory is None:
            return []
        if not directory.is_dir():
            unread.append(layers.Fault(str(directory), "", "is no directory of secrets"))
            return []
        found = []
        for path in layers._entries(directory):
            key = path.name.replace("__", ".")
            if layers.field_at(key) is None:
                unknown.append(layers.Fault(str(path), key, layers._no_such(key)))
                continue
            text = layers._text(path, unread).rstrip("\r\n")
            if not text:
                continue
            try:
                found.append((str(path), layers._Texts({path.name: text})()))
            except SourceError as error:
                unread.append(layers.Fault(str(path), key, layers._first_line(error)))
        return found

    replace(layers, "_secrets", secrets)
