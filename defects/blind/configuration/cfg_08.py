"""Blind defects of CFG-08."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "CFG-08oa",
    "a faulty configuration that is told as JSON ends with exit code 0",
    service="backend",
    scenario="A candidate that contradicts itself is rejected",
    step="the report names every fault with its place, its key and the reason",
)
def _() -> None:
    # Observable: python -m apex.config validate --json --config FILE with a fault in the file: the faults are printed
    # as they must be, and the exit code is 0 instead of 1, so that a pipeline that goes by it deploys. Without --json
    # it is 1. The same for show, diff and impact.

    from apex.config import command
    from apex.config.layers import SettingsError

    # Whoever asked for JSON reads the faults in it.
    @around(command, "_refuse")
    def _refuse(original: Callable[..., int], given: argparse.Namespace, error: SettingsError) -> int:
        code = original(given, error)
        return 0 if given.json else code


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
    "CFG-08ua",
    "with --json a command that has found faults exits with 0",
    service="backend",
    scenario="Every fault of a candidate is reported at once",
    step="the report names every fault with its place, its key and the reason",
)
def _() -> None:
    # Observable: validate --json on a faulty candidate: the faults are printed, the exit code is that of a valid one.
    from apex.config import command

    @around(command, "_refuse")
    def _(original: Any, given: Any, error: Any) -> int:
        code = original(given, error)
        return 0 if given.json else code


@blind_defect(
    "CFG-08ub",
    "a bad value in the directory of secrets is said to be in the deployment's file",
    service="backend",
    scenario="Every fault of a candidate is reported at once",
    step="the report names every fault with its place, its key and the reason",
)
def _() -> None:
    # Observable: a too short signing key (or a bad URL) in --secrets: validate names the TOML file, in which the key
    # does not stand, instead of the secret's.
    from apex.config import layers

    @around(layers, "_source")
    def _(original: Any, key: str, sources: Any, files: Any) -> str:
        source: str = original(key, sources, files)
        is_secret = files.secrets is not None and source.startswith(f"{files.secrets}/")
        return str(files.deployment) if is_secret else source
