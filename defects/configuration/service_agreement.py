"""Seeded defects of services that do not agree (CFG-03)."""

from __future__ import annotations

import sys
from typing import Any

from defects import Scenario
from defects._patching import around, replace

REFUSED = "the start is refused and the message names both sides"

contradicting = Scenario("A service with contradicting settings does not start", service="backend")
agreeing = Scenario("A service with the same settings starts", service="backend")


@contradicting.defect("CFG-03a", "that services do not agree is only logged", step=REFUSED)
def _() -> None:
    from apex.config.layers import SettingsError
    from apex.runtime import mesh

    @around(mesh, "require_fit")
    def _(original: Any, *of: Any) -> None:
        try:
            original(*of)
        except SettingsError as error:
            mesh.log.warning("services do not agree", reason=str(error))


@contradicting.defect("CFG-03b", "who it is that has another value is not said", step=REFUSED, service="tools")
def _() -> None:
    from apex.config.layers import Fault
    from apex.runtime import mesh

    replace(mesh, "Fault", lambda source, key, reason: Fault(source, key, reason.partition(" and ")[0]))


@contradicting.defect("CFG-03c", "the address of analytics need not be agreed", step=REFUSED, service="worker")
def _() -> None:
    from apex.runtime import mesh

    replace(mesh, "AGREED", tuple(key for key in mesh.AGREED if not key.startswith("analytics")))


@agreeing.defect(
    "CFG-03d",
    "an instance whose name nobody knows counts as a contradiction",
    step="the new backend becomes ready in time",
)
def _() -> None:
    from apex.config.layers import Fault, SettingsError
    from apex.runtime import mesh

    @around(mesh, "require_fit")
    def _(original: Any, *of: Any) -> None:
        original(*of)
        if sys.argv[sys.argv.index("--instance") + 1] not in ("backend", "backend-2"):
            raise SettingsError([Fault("", "backend.url", "this is somebody else's")])
