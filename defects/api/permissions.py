"""Seeded defects of rights (API-04)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import FastAPI
from sqlalchemy import Connection

from apex.backend import app as backend_app
from apex.backend import operations as backend_operations
from apex.backend import threads as backend_threads
from apex.http import identity
from apex.http.identity import Identity
from apex.http.problems import Problem, permission_denied
from apex.storage.database import Database
from defects import Scenario
from defects._patching import replace
from defects._routes import closed

every_door_open = Scenario("Every door is open to those who have the right, and closed to all others")


def _right(id: str, service: str, summary: str, step: str) -> Callable[[Callable[[], None]], None]:
    return every_door_open.defect(id, summary, step=step, service=service)


_AS_RIGHTS_SAY = "each door was open or closed to each of them as the rights of their role say"


@_right("API-04a", "backend", "everybody may store usage, readers too", _AS_RIGHTS_SAY)
def _() -> None:
    everybody = frozenset({"owner", "admin", "member", "viewer", "operator"})
    replace(identity, "PERMISSIONS", {**identity.PERMISSIONS, "usage:write": everybody})


@_right("API-04b", "auth", "only owners may manage members, admins may not", _AS_RIGHTS_SAY)
def _() -> None:
    replace(identity, "PERMISSIONS", {**identity.PERMISSIONS, "members:manage": frozenset({"owner"})})


@_right("API-04c", "backend", "the way to the platform's connections has lost its guard", _AS_RIGHTS_SAY)
def _() -> None:
    replace(backend_operations, "acting_as", lambda database, caller, permission=None: database.platform())


@_right("API-04d", "backend", "a role is looked at when the work is done", "no closed door has let anything be changed")
def _() -> None:
    @contextmanager
    def too_late(database: Database, caller: Identity, permission: str | None = None) -> Iterator[Connection]:
        with original(database, caller) as connection:
            yield connection
        if permission is not None and caller.role not in identity.PERMISSIONS[permission]:
            raise permission_denied(permission)

    original = replace(backend_threads, "acting_as", too_late)


@_right(
    "API-04e",
    "backend",
    "who is refused is not told what is missing",
    "each who was refused was told which permission is missing",
)
def _() -> None:
    replace(identity, "permission_denied", lambda permission: Problem(403, "permission_denied", "You may not do this."))


@_right("API-04h", "backend", "who has the right to a conversation of their own finds none", _AS_RIGHTS_SAY)
def _() -> None:
    closed("GET", "/v1/threads/{thread_id}")


@_right(
    "API-04i",
    "backend",
    "who may not book an expense is told to ask for the management of allowances",
    "each who was refused was told which permission is missing",
)
def _() -> None:
    def named(permission: str) -> Problem:
        problem: Problem = original({"expenses:book": "allowance:manage"}.get(permission, permission))
        return problem

    original = replace(identity, "permission_denied", named)


door_has_been = Scenario("No door has been forgotten", service="backend")


@door_has_been.defect(
    "API-04f",
    "a new way in has been published, and nobody has decided who may use it",
    step="each door that is published has its rights written down",
)
def _() -> None:
    def create_app(*parts: Any, **options: Any) -> FastAPI:
        app: FastAPI = original(*parts, **options)

        def newest_threads(caller: identity.Caller) -> dict[str, Any]:
            return {"items": []}

        app.get("/v1/newest-threads")(newest_threads)
        return app

    original = replace(backend_app, "create_app", create_app)


@door_has_been.defect(
    "API-04g",
    "a way in has moved, and its rights were left behind",
    step="no rights are written down for a door that is not there",
)
def _() -> None:
    def create_app(*parts: Any, **options: Any) -> FastAPI:
        app: FastAPI = original(*parts, **options)
        publish = app.openapi

        def without_agents() -> dict[str, Any]:
            document = publish()
            return {**document, "paths": {path: how for path, how in document["paths"].items() if "agents" not in path}}

        replace(app, "openapi", without_agents)
        return app

    original = replace(backend_app, "create_app", create_app)
