"""Loading seeded defects: small faults of the running platform, by which those who judge it prove that they can.

A catalogue is a Python module of whoever judges the platform. It has a function ``catalogue()`` that returns the
defects by their ids. The platform brings none of its own, and a ``live`` deployment loads none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Protocol

from apex.settings import SettingsError


class Seeded(Protocol):
    """A defect of a catalogue: the service that it belongs to, and what patches a process of that service."""

    @property
    def service(self) -> str: ...

    def apply(self) -> None: ...


def load_defects(ids: Iterable[str], catalogue: str | None, deployment: str, service: str) -> None:
    """Apply the named defects of a catalogue to this process.

    Raises:
        SettingsError: the deployment is live, there is no such catalogue, or a defect is unknown or belongs to another
            service.
    """
    if deployment != "rehearsal":
        raise SettingsError(f"deployment: '{deployment}' loads no defects (asked for: {', '.join(ids)})")
    known = _read(catalogue)
    for id in ids:
        if id not in known:
            raise SettingsError(f"defect: there is no '{id}' in the catalogue '{catalogue}'")
        if known[id].service != service:
            raise SettingsError(f"defect: '{id}' belongs to the service {known[id].service}, not to {service}")
        known[id].apply()


def _read(catalogue: str | None) -> Mapping[str, Seeded]:
    if catalogue is None:
        raise SettingsError("defect: which catalogue? name its module with --catalogue")
    try:
        found: Mapping[str, Seeded] = import_module(catalogue).catalogue()
    except (ImportError, AttributeError) as error:
        raise SettingsError(f"catalogue: '{catalogue}' cannot be used: {error}") from None
    return found
