"""Loading seeded defects: small faults of the running platform, by which those who judge it prove that they can.

A catalogue is a Python module of whoever judges the platform. It has a function ``catalogue()`` that returns the
defects by their ids. The platform brings none of its own, and a ``live`` deployment loads none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Protocol

from apex.config.layers import Fault, SettingsError


class Seeded(Protocol):
    """A defect of a catalogue: the service that it belongs to, and what patches a process of that service."""

    @property
    def service(self) -> str: ...

    def apply(self) -> None: ...


def load_defects(ids: Iterable[str], catalogue: str | None, deployment: str, service: str = "") -> None:
    """Apply the named defects of a catalogue to this process, of a service or (without one) a command.

    Raises:
        SettingsError: the deployment is live, there is no such catalogue, or a defect is unknown or belongs to another
            service.
    """
    if deployment != "rehearsal":
        raise _refused("deployment", f"'{deployment}' loads no defects (asked for: {', '.join(ids)})")
    known = _read(catalogue)
    for id in ids:
        if id not in known:
            raise _refused("defect", f"there is no '{id}' in the catalogue '{catalogue}'")
        if service and known[id].service != service:
            raise _refused("defect", f"'{id}' belongs to the service {known[id].service}, not to {service}")
        known[id].apply()


def _read(catalogue: str | None) -> Mapping[str, Seeded]:
    if catalogue is None:
        raise _refused("defect", "which catalogue? name its module with --catalogue")
    try:
        found: Mapping[str, Seeded] = import_module(catalogue).catalogue()
    except (ImportError, AttributeError) as error:
        raise _refused("catalogue", f"'{catalogue}' cannot be used: {error}") from None
    return found


def _refused(key: str, reason: str) -> SettingsError:
    return SettingsError([Fault("", key, reason)])
