"""Seeded defects of odd values (CFG-12)."""

from __future__ import annotations

import os
from typing import Any

from defects import Scenario
from defects._patching import around

KEPT = "every service reports that name exactly, in time"
REFUSED = "every service refuses the change in time and says why"

text = Scenario("An odd text is kept as it is", service="tools")
file = Scenario("An oddly written file is read", service="worker")
truth = Scenario("A boolean written as text means what it says", service="auth")
illegal = Scenario("Illegal values and files are rejected", service="backend")


def _texts(change: Any) -> None:
    """Every text of a file is changed."""
    from apex.config import layers

    def changed(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: changed(member) for name, member in value.items()}
        return change(value) if isinstance(value, str) else value

    around(layers, "_toml")(lambda original, *of: changed(original(*of)))


@text.defect("CFG-12a", "what begins with a dollar sign is taken for a variable", step=KEPT)
def _() -> None:
    _texts(os.path.expandvars)


@text.defect("CFG-12b", "texts that look like numbers are read as numbers", step=KEPT, service="analytics")
def _() -> None:
    _texts(lambda value: int(value) if value.isdigit() else value)


@file.defect("CFG-12c", "a file with a byte order mark cannot be read", step=KEPT)
def _() -> None:
    from apex.config import layers

    @around(layers, "_text")
    def _(original: Any, path: Any, faults: Any) -> str:
        found: str = original(path, faults)
        return f"\ufeff{found}" if path.exists() and path.read_bytes()[:3] == b"\xef\xbb\xbf" else found


@truth.defect("CFG-12d", 'the text "false" is read as true', step="new customers can no longer sign up in time")
def _() -> None:
    _texts(lambda value: True if value == "false" else value)


@illegal.defect("CFG-12e", "what cannot be read of a file's letters is replaced", step=REFUSED, service="worker")
def _() -> None:
    from apex.config import layers

    @around(layers, "_text")
    def _(original: Any, path: Any, faults: Any) -> str:
        found: list[Any] = []
        whole: str = original(path, found)
        if any("UTF-8" in fault.reason for fault in found):
            return path.read_text(encoding="utf-8", errors="replace")  # type: ignore[no-any-return]
        faults += found
        return whole


@illegal.defect("CFG-12f", "a file that is gone counts as an empty one", step=REFUSED, service="tools")
def _() -> None:
    from apex.config import layers

    @around(layers, "_text")
    def _(original: Any, path: Any, faults: Any) -> str:
        return original(path, faults) if path.exists() else ""


@illegal.defect(
    "CFG-12g",
    "after a change that was refused the service runs on what the file says of limits",
    step="every service still runs on the deployed configuration",
    service="worker",
)
def _() -> None:
    from apex.config.live import Configuration

    @around(Configuration, "refresh")
    def _(original: Any, self: Any) -> None:
        original(self)
        if self.refused:
            self._values["worker.slots"] = self.settings.worker.slots = 1
