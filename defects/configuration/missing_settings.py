"""Seeded defects of starts with missing or invalid settings (CFG-10)."""

from __future__ import annotations

import os
import socket
import time
from itertools import islice
from typing import Any

from defects import Scenario
from defects._patching import around, replace

NAMED = "the start is refused with every fault, its place, its key and the reason"

missing = Scenario("No service starts without its required settings", service="worker")
silent = Scenario("No required setting has a silent default", service="backend")
invalid = Scenario("Every service names all of its invalid settings", service="analytics")


@missing.defect("CFG-10a", "a start ends with the first setting that is missing", step=NAMED)
def _() -> None:
    from apex.config import layers

    around(layers, "_faults_of")(lambda original, *of: islice(original(*of), 1))


@missing.defect("CFG-10b", "a start that is refused ends like a crash", step=NAMED, service="auth")
def _() -> None:
    from apex.runtime import launch

    replace(launch, "EXIT_REFUSED", 1)


@missing.defect(
    "CFG-10c",
    "a start that is refused leaves a process that listens",
    step="nothing of the started service is left running",
    service="tools",
)
def _() -> None:
    from apex.config import live
    from apex.config.layers import SettingsError

    original = live.Configuration.read

    def read(service: str, files: Any) -> Any:
        try:
            return original(service, files)
        except SettingsError:
            import sys

            port = int(sys.argv[sys.argv.index("--port") + 1])
            listener = socket.create_server(("127.0.0.1", port))
            if os.fork() == 0:
                null = os.open(os.devnull, os.O_RDWR)
                os.dup2(null, 1)
                os.dup2(null, 2)
                time.sleep(10)
                os._exit(0)
            listener.close()
            raise

    replace(live.Configuration, "read", read)


@silent.defect(
    "CFG-10d",
    "without a key for calls between services a built-in one is used",
    step="each start is refused and names just the missing setting",
)
def _() -> None:
    from apex.config import layers

    @around(layers, "_toml")
    def _(original: Any, path: Any, faults: Any) -> Any:
        return {"internal": {"signing_key": "the key of whoever has set none: 0123456789"}, **original(path, faults)}


@invalid.defect("CFG-10e", "a variable with an invalid value is passed over", step=NAMED)
def _() -> None:
    from apex.config import layers

    @around(layers, "_faults_of")
    def _(original: Any, *of: Any) -> Any:
        return (fault for fault in original(*of) if "variable" not in fault.source)
