"""Blind defects of CFG-01."""

from __future__ import annotations

from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "CFG-01sa",
    "what environment variables say is forgotten with the first change of the files",
    service="auth",
    scenario="An environment variable outlasts every change of the deployment file",
    step="all of its services run on its validated configuration in time",
)
def _() -> None:
    # Observable: start all services with APEX_FEATURES__SIGN_UP=false, and change any key of the deployment's file:
    # auth takes sign-ups again, and its checksum is no longer that of the other services.
    from dataclasses import replace as changed

    from apex.config.live import Configuration

    @around(Configuration, "refresh")
    def _(original: Any, self: Any) -> None:
        # They are out of the environment by now: there is nothing to be read again.
        if self._files is not None:
            self._files = changed(self._files, variables={}, faults=())
        original(self)


@blind_defect(
    "CFG-01ua",
    "analytics reports the checksum of its start for ever",
    service="analytics",
    scenario="A valid candidate is confirmed with its checksum",
    step="every service reports the validated checksum once the candidate is deployed",
)
def _() -> None:
    # Observable: after any change that is taken over while it runs, the health of analytics has the checksum of
    # before; all others have the new one.
    from apex.config.live import Configuration

    original: Any = Configuration.checksum
    kept: dict[int, str] = {}

    @around(Configuration, "__init__")
    def _(init: Any, self: Any, *of: Any, **others: Any) -> None:
        init(self, *of, **others)
        kept[id(self)] = original.fget(self)

    replace(Configuration, "checksum", property(lambda self: kept[id(self)]))


@blind_defect("CFG-01ub", "in auth a table within a section replaces that of a weaker layer", service="auth")
def _() -> None:
    # Observable: a deployment of the environment test that sets one rate of auth.attempts: in auth the other rates of
    # test.toml are gone (the defaults hold), and its checksum differs from that of the others.
    from apex.config import layers

    @around(layers, "_merge")
    def _(original: Any, into: Any, values: Any, source: Any, sources: Any, prefix: str) -> None:
        for name, value in values.items():
            if prefix and isinstance(value, dict):
                into.pop(name, None)
        original(into, values, source, sources, prefix)
