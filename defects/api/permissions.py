"""Seeded defects of permissions (API-04)."""

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

every_role = Scenario("Every endpoint is open to the permitted roles and no others", service="backend")
no_rule = Scenario("No endpoint is accessible without an access rule", service="backend")

_AS_RULED = "every response follows the access rule of its endpoint"
_NAMED = "every permission error names the missing permission"


def _permit(permission: str, *roles: str) -> None:
    """Exactly these roles have a permission."""
    replace(identity, "PERMISSIONS", {**identity.PERMISSIONS, permission: frozenset(roles)})


@every_role.defect("API-04a", "every role may store usage, viewers too", step=_AS_RULED)
def _() -> None:
    _permit("usage:write", "owner", "admin", "member", "viewer", "operator")


@every_role.defect("API-04b", "only owners may manage members, admins may not", step=_AS_RULED, service="auth")
def _() -> None:
    _permit("members:manage", "owner")


@every_role.defect("API-04c", "the list of connections does not check the permission", step=_AS_RULED)
def _() -> None:
    replace(backend_operations, "acting_as", lambda database, caller, permission=None: database.platform())


@every_role.defect("API-04h", "owners do not find their own conversation", step=_AS_RULED)
def _() -> None:
    closed("GET", "/v1/threads/{thread_id}")


@every_role.defect(
    "API-04d", "the permission is checked after the change", step="no refused request has changed Acme's data"
)
def _() -> None:
    @contextmanager
    def too_late(database: Database, caller: Identity, permission: str | None = None) -> Iterator[Connection]:
        with original(database, caller) as connection:
            yield connection
        if permission is not None and caller.role not in identity.PERMISSIONS[permission]:
            raise permission_denied(permission)

    original = replace(backend_threads, "acting_as", too_late)


@every_role.defect("API-04e", "a permission error does not name the permission", step=_NAMED)
def _() -> None:
    replace(identity, "permission_denied", lambda permission: Problem(403, "permission_denied", "You may not do this."))


@every_role.defect("API-04i", "the error for a refused expense names another permission", step=_NAMED)
def _() -> None:
    other = {"expenses:book": "allowance:manage"}
    original: Any = replace(
        identity, "permission_denied", lambda permission: original(other.get(permission, permission))
    )


def _backend(change: Callable[[FastAPI], object]) -> None:
    """The backend's application is changed after it was created."""

    def create_app(*parts: Any, **options: Any) -> FastAPI:
        app: FastAPI = original(*parts, **options)
        change(app)
        return app

    original = replace(backend_app, "create_app", create_app)


@no_rule.defect("API-04f", "a new endpoint is published without an access rule", step=_AS_RULED)
def _() -> None:
    def newest_threads(caller: identity.Caller) -> dict[str, Any]:
        return {"items": []}

    _backend(lambda app: app.get("/v1/newest-threads")(newest_threads))


@no_rule.defect(
    "API-04g",
    "an endpoint has moved, and its access rule was left behind",
    step="the published API reference lists every endpoint that has an access rule",
)
def _() -> None:
    def without_agents(app: FastAPI) -> None:
        publish = app.openapi

        def openapi() -> dict[str, Any]:
            document = publish()
            return {**document, "paths": {path: how for path, how in document["paths"].items() if "agents" not in path}}

        replace(app, "openapi", openapi)

    _backend(without_agents)
