"""How a defect stands around an endpoint of runs."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from apex.backend import runs
from apex.settings import Settings
from apex.storage.database import Database
from defects._patching import replace

Endpoint = Callable[..., Any]


def wrapped(name: str, wrapper: Callable[[Endpoint, Database, Settings], Endpoint]) -> None:
    """Have ``wrapper(endpoint, database, settings)`` answer in the place of the endpoint, with its arguments."""

    def routes(database: Database, registry: Any, settings: Settings) -> Any:
        router = original(database, registry, settings)
        for route in router.routes:
            if route.name == name:
                route.endpoint = wraps(route.endpoint)(wrapper(route.endpoint, database, settings))
        return router

    original = replace(runs, "routes", routes)
