"""Seeded defects of whole environments (CFG-01)."""

from __future__ import annotations

from typing import Any

from defects import Scenario
from defects._patching import around

whole = Scenario("Every service of an environment runs on its configuration", service="worker")

SAME = "all of them run on the validated configuration of that environment"


@whole.defect("CFG-01g", "the worker knows no file of an environment but that of test", step=SAME)
def _() -> None:
    from apex.config import layers

    @around(layers, "_toml")
    def _(original: Any, path: Any, faults: Any) -> Any:
        return {} if path.stem == "development" else original(path, faults)


@whole.defect("CFG-01h", "analytics reports the checksum of its secrets alone", step=SAME, service="analytics")
def _() -> None:
    from apex.config import live

    @around(live, "checksum")
    def _(original: Any, values: Any) -> Any:
        return original({key: value for key, value in values.items() if "url" in key or "secret" in key})
