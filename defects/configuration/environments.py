"""Seeded defects of the layers of the configuration (CFG-01)."""

from __future__ import annotations

from typing import Any

from defects import Scenario
from defects._patching import around, replace

deployed = Scenario("All services run on the deployed configuration", service="tools")
secrets = Scenario("A secrets directory overrides the deployment file in every service", service="tools")
layers_ = Scenario("A stronger layer overrides a weaker one", service="backend")
each = Scenario("Environments differ only in settings that may differ", service="backend")

SECRET_WINS = 'every service reports the version "strong" in time'
DIFFER = "they differ only in settings that may differ between environments"


@deployed.defect(
    "CFG-01a",
    "a service leaves out the file of its environment",
    step="every service reports the version and checksum of the validated configuration",
)
def _() -> None:
    from apex.config import layers

    @around(layers, "_environment_files")
    def _(original: Any) -> Any:
        return [path for path in original() if path.stem != "test"]


@secrets.defect("CFG-01b", "a service ignores the directory of secrets", step=SECRET_WINS)
def _() -> None:
    from apex.config import layers

    replace(layers, "_secrets", lambda *of: [])


@secrets.defect(
    "CFG-01c", "in a service the deployment file is stronger than the secrets", step=SECRET_WINS, service="analytics"
)
def _() -> None:
    from apex.config import layers

    @around(layers, "_merge")
    def _(original: Any, into: Any, values: Any, source: str, sources: Any, prefix: str) -> None:
        if "/secrets/" in source:
            values = {name: value for name, value in values.items() if f"{prefix}{name}" not in sources}
        original(into, values, source, sources, prefix)


@layers_.defect(
    "CFG-01d",
    "environment variables only set what stands nowhere else",
    step='the effective log level is "warning", from the <stronger>',
)
def _() -> None:
    from apex.config import layers

    @around(layers, "_merge")
    def _(original: Any, into: Any, values: Any, source: str, sources: Any, prefix: str) -> None:
        if source == "environment variable":
            values = {name: value for name, value in values.items() if f"{prefix}{name}" not in sources}
        original(into, values, source, sources, prefix)


@each.defect("CFG-01e", "in staging a request may be nested less deeply than elsewhere", step=DIFFER)
def _() -> None:
    from apex.config import layers

    @around(layers, "_toml")
    def _(original: Any, path: Any, faults: Any) -> Any:
        return {"requests": {"max_nesting": 100}} if path.stem == "staging" else original(path, faults)


@each.defect(
    "CFG-01f",
    "in production a feature cannot be switched off",
    step="all four environments have the same settings of the same types",
)
def _() -> None:
    from apex.config import command

    @around(command, "flat")
    def _(original: Any, settings: Any) -> Any:
        values = dict(original(settings))
        if values["environment"] == "production":
            del values["features.sign_up"]
        return values.items()
