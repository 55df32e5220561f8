"""A platform that already runs: nothing of it is started, and the stack is what the suite needs beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import urlsplit

from support.stack.platform import STORES, Platform, Shared
from support.stack.service import Recipe
from support.surroundings import CREDENTIAL

_PORTS = {"http": 80, "https": 443}
_NOWHERE = "http://nowhere.invalid"
"""Where whatever is not there is asked for: a name that no resolver knows, so that nobody else is asked instead."""


class Running(Platform):
    """The addresses of a platform that somebody else has started, and a link to its API for customers of their own."""

    instances: ClassVar[Sequence[str]] = ()
    spares: ClassVar[Mapping[str, str]] = {}
    links: ClassVar[Mapping[str, str]] = {}

    def __init__(self, shared: Shared, target: Mapping[str, Any]) -> None:
        self._shared = shared
        self._target = target

    def recipes(self) -> Sequence[Recipe]:
        return []

    def addresses(self) -> Mapping[str, Any]:
        target, given = self._target["addresses"], self._shared.options.credentials
        api = target["api"].rstrip("/")
        asked = {name: given.get(f"{CREDENTIAL}{name.upper()}", "") for name in self._target.get("credentials", ())}
        nowhere = {"partner": ("partner_url", "partner_control_url"), "cloud": ("cloud_url",)}
        absent = [name for store, names in nowhere.items() if store not in self.stores for name in names]
        folder = self._shared.options.checkout / "targets" / self._shared.options.target
        return {
            "backend_url": api,
            "backend_ws_url": api.replace("http", "ws", 1),
            "backend_direct_url": api,
            **{f"{name}_url": target.get(name, api).rstrip("/") for name in ("auth", "analytics", "tools")},
            **dict.fromkeys(absent, _NOWHERE),
            **{name: asked[name] for name in ("signing_key", "operator_email", "operator_password") if name in asked},
            "ca_file": str(folder / self._target["ca"]) if "ca" in self._target else "",
            "credentials": asked,
        }


def running(target: Mapping[str, Any]) -> type[Platform]:
    """The platform that a description with addresses is about: of the suite's own, it needs what is served for it."""
    api = urlsplit(target["addresses"]["api"])
    port = api.port or _PORTS[api.scheme]
    serves = target.get("serves", {})
    return type(
        "Running",
        (Running,),
        {
            "stores": tuple(store for store in STORES if store in serves),
            "outside": {"api": (api.hostname, port)},
            "served_at": dict(serves),
        },
    )
