"""Routes whose endpoints are one transaction each: what failed for a passing reason is done again for the caller."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute

from apex.storage.repeating import repeated

P = ParamSpec("P")
R = TypeVar("R")


class Repeating(APIRoute):
    """A route that repeats its endpoint, where that is a plain function; a reading one also when nobody knows whether
    its transaction has ended well.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        # A route of a router is made once more when that is included in an application.
        if not (inspect.iscoroutinefunction(endpoint) or hasattr(endpoint, "is_repeated")):
            endpoint = repeated(endpoint, is_harmless=set(options.get("methods") or ()) == {"GET"})
            endpoint.is_repeated = True  # type: ignore[attr-defined]
        super().__init__(path, endpoint, **options)


async def in_thread(work: Callable[P, R], *given: P.args, **named: P.kwargs) -> R:
    """Have a transaction of an asynchronous endpoint done beside the event loop, and repeated like those of others."""
    return await run_in_threadpool(repeated(work), *given, **named)
