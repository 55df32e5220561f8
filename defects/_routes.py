"""How a defect answers requests in the place of the platform."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from fastapi import APIRouter, Response

from apex.backend import threads
from apex.http.identity import Caller, acting_as
from apex.http.problems import not_found
from apex.storage.database import Database
from defects._patching import replace


def answer_instead(of: ModuleType, own: Callable[[Database, APIRouter], None]) -> None:
    """Have routes of ``own(database, router)`` answer in the place of those of a module of the platform."""

    def routes(database: Database, *others: Any) -> APIRouter:
        router = APIRouter()
        own(database, router)
        router.include_router(original(database, *others))
        return router

    original = replace(of, "routes", routes)


def closed(method: str, path: str) -> None:
    """Answer everybody with a valid token as if nothing were there."""

    def own(database: Database, router: APIRouter) -> None:
        @router.api_route(path, methods=[method])
        def nothing(identity: Caller) -> Response:
            with acting_as(database, identity):
                raise not_found()

    answer_instead(threads, own)
