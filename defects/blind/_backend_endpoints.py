"""How a blind defect gets around one endpoint of the backend's HTTP application."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial, wraps
from typing import Any

from apex.backend import app as backend
from defects._patching import around


def around_endpoint(method: str, path: str, wrapper: Callable[..., Any]) -> None:
    """Have ``wrapper(database, endpoint, **values)`` answer instead of the endpoint, once the application is built."""

    @around(backend, "application")
    def _(original: Callable[..., Any], process: Any, database: Any) -> Any:
        app = original(process, database)
        (route,) = _routes(app.routes, method, path)
        endpoint = route.endpoint

        @wraps(endpoint)
        def instead(**values: Any) -> Any:
            # Whether it is asked once more with the same key is the endpoint's own business.
            key = {name: values.pop(name) for name in ("idempotency_key",) if name in values}
            return wrapper(database, partial(endpoint, **key), **values)

        # Included routers build their routes anew from the endpoint when the first request comes.
        route.endpoint = route.dependant.call = instead
        return app


def _routes(routes: Iterable[Any], method: str, path: str) -> list[Any]:
    found = []
    for route in routes:
        if getattr(route, "path", None) == path and method in (getattr(route, "methods", None) or ()):
            found.append(route)
        inner = getattr(route, "original_router", None)
        if inner is not None:
            found += _routes(inner.routes, method, path)
    return found
