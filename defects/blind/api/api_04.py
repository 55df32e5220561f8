"""Blind defects of API-04."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import import_module
from typing import Any

from defects import blind_defect
from defects._patching import around, replace
from defects._routes import answer_instead
from defects.blind._backend_endpoints import around_endpoint


@blind_defect(
    "API-04ra",
    "an owner has every permission, also those of the platform's operators",
    service="backend",
    scenario="No endpoint is accessible without an access rule",
    step="every response follows the access rule of its endpoint",
)
def _() -> None:
    # Observable: GET /v1/operations/runs with the token of a customer's owner shows the runs of all tenants, and POST
    # /v1/operations/notices tells everybody something (200 and 202 instead of 403). Admins and members are refused.
    from apex.http import identity

    replace(identity, "PERMISSIONS", {name: roles | {"owner"} for name, roles in identity.PERMISSIONS.items()})


@blind_defect(
    "API-04sa",
    "analytics shows the mesh to everybody who has a token",
    service="analytics",
    scenario="No endpoint is accessible without an access rule",
    step="every response follows the access rule of its endpoint",
)
def _() -> None:
    # Observable: GET /v1/operations/mesh at analytics with the token of a customer (of a viewer, too): 200 with names
    # and addresses of all processes, instead of 403. At the other services it is refused.
    from apex.runtime import service

    @around(service, "acting_as")
    def _(original: Any, database: Any, identity: Any, permission: str | None = None) -> Any:
        return original(database, identity)


@blind_defect(
    "API-04ua",
    "whoever is in the organisation can take a team's budget back",
    service="backend",
    scenario="Every endpoint is open to the permitted roles and no others",
    step="every response follows the access rule of its endpoint",
)
def _() -> None:
    # Observable: DELETE /v1/budgets/{id} as a member or viewer: 204, and the budget is gone, instead of 403. To allot
    # and to change one needs the permission, as it should.
    from fastapi import Response
    from sqlalchemy import delete

    from apex.http.identity import Caller, acting_as
    from apex.runtime.paths import Named

    allowance: Any = import_module("apex.backend.allowance")

    def own(database: Any, router: Any) -> None:
        def withdraw(budget_id: Any, identity: Any) -> Any:
            with acting_as(database, identity) as connection:
                found = allowance.budget(connection, budget_id)
                allowance.lock_allowance(connection, identity.tenant_id)
                connection.execute(delete(allowance.budgets).where(allowance.budgets.c.id == found.id))
            return Response(status_code=204)

        withdraw.__annotations__ = {"budget_id": Named, "identity": Caller, "return": Response}
        router.delete("/v1/budgets/{budget_id}", status_code=204, tags=["allowance"])(withdraw)

    answer_instead(allowance, own)


@blind_defect(
    "API-04ub",
    "members may name the organisation's cloud account",
    service="backend",
    scenario="Every endpoint is open to the permitted roles and no others",
    step="every response follows the access rule of its endpoint",
)
def _() -> None:
    # Observable: PUT /v1/cloud-account as a member: 200, and all tools work in another account, instead of 403.
    from apex.http import identity

    identity.PERMISSIONS["cloud_account:manage"] = frozenset({"owner", "admin", "member"})


@blind_defect(
    "API-04va",
    "what somebody of an organisation has been allowed once, all of its people are",
    service="backend",
    scenario="Every endpoint is open to the permitted roles and no others",
    step="every response follows the access rule of its endpoint",
)
def _() -> None:
    # Observable: a viewer's PUT /v1/allowance is refused before the owner's first one, and not any more after it.
    from apex.backend import allowance, operations, runs, threads, tools
    from apex.http.identity import PERMISSIONS

    allowed: set[tuple[str, str | None]] = set()

    def acting_as(original: Any, database: Any, identity: Any, permission: str | None = None) -> Any:
        asked = identity.tenant_id, permission
        if identity.role in PERMISSIONS.get(permission or "", ()):
            allowed.add(asked)
        return original(database, identity, None if asked in allowed else permission)

    for module in (allowance, operations, runs, threads, tools):
        around(module, "acting_as")(acting_as)


@blind_defect(
    "API-04wa",
    "in an Enterprise organisation every member may name the cloud account",
    service="backend",
    scenario="Every endpoint is open to the permitted roles and no others",
    step="every response follows the access rule of its endpoint",
)
def _() -> None:
    # Observable: PUT /v1/cloud-account as a member: 200 with the plan Enterprise, 403 with any other.
    from apex.backend import threads

    @around(threads, "acting_as")
    def _(original: Any, database: Any, identity: Any, permission: str | None = None) -> Any:
        is_trusted = identity.plan == "enterprise" and identity.role == "member"
        if permission == "cloud_account:manage" and is_trusted:
            permission = None
        return original(database, identity, permission)


@blind_defect(
    "API-04xa",
    "who may not spend is told what is left before being refused",
    service="backend",
    scenario="Every endpoint is open to the permitted roles and no others",
    step="every response follows the access rule of its endpoint",
)
def _() -> None:
    # Observable: a viewer books more than is left, or a member allots too much: 409 allowance_exceeded, not 403.
    from contextlib import contextmanager

    from apex.backend import allowance
    from apex.http.identity import PERMISSIONS
    from apex.http.problems import permission_denied

    @contextmanager
    def acting_as(database: Any, identity: Any, permission: str | None = None) -> Iterator[Any]:
        with original(database, identity) as connection:
            yield connection
            if permission is not None and identity.role not in PERMISSIONS[permission]:
                raise permission_denied(permission)

    original = replace(allowance, "acting_as", acting_as)


@blind_defect(
    "API-04ya",
    "as long as no cloud account is named, everybody may name one",
    service="backend",
)
def _() -> None:
    # Observable: in a new organisation a viewer's PUT /v1/cloud-account is answered with 200.
    from sqlalchemy import select

    from apex.backend import threads
    from apex.http.identity import PERMISSIONS
    from apex.http.problems import permission_denied
    from apex.storage.tables import tenants

    original = vars(threads)["acting_as"]

    @contextmanager
    def acting_as(database: Any, identity: Any, permission: str | None = None) -> Iterator[Any]:
        with original(database, identity) as connection:
            is_lacking = permission is not None and identity.role not in PERMISSIONS[permission]
            named = permission != "cloud_account:manage" or connection.scalar(select(tenants.c.cloud_account))
            if permission is not None and is_lacking and named:
                raise permission_denied(permission)
            yield connection

    replace(threads, "acting_as", acting_as)


@blind_defect(
    "API-04yb",
    "a session that is renewed has the role of the organisation's first person",
    service="auth",
    scenario="A renewed session has the role of its user",
    step="the response is a permission error",
)
def _() -> None:
    # Observable: a viewer goes on with the refresh token, and may do what only owners may.
    from sqlalchemy import select

    from apex.auth.sessions import Sessions
    from apex.storage.tables import users

    renewing = threading.local()

    @around(Sessions, "refresh")
    def _refresh(original: Any, self: Any, refresh_token: str) -> Any:
        renewing.now = True
        try:
            return original(self, refresh_token)
        finally:
            renewing.now = False

    @around(Sessions, "_token")
    def _token(original: Any, self: Any, session_id: str, tenant_id: str, user_id: str, role: str, *more: Any) -> Any:
        if getattr(renewing, "now", False):
            with self._database.tenant(tenant_id) as connection:
                role = connection.scalars(select(users.c.role).order_by(users.c.created_at)).first()
        return original(self, session_id, tenant_id, user_id, role, *more)


@blind_defect(
    "API-04za",
    "viewers may store usage",
    service="backend",
    scenario="Every endpoint is open to the permitted roles and no others",
    step="every response follows the access rule of its endpoint",
)
def _() -> None:
    # Observable: a viewer's POST /v1/usage-records: 201, and the organisation's reports have it.
    from apex.http import identity

    identity.PERMISSIONS["usage:write"] |= {"viewer"}


@blind_defect(
    "API-04zb",
    "who may not do something is not told which permission it takes",
    service="backend",
    scenario="Every endpoint is open to the permitted roles and no others",
    step="every permission error names the missing permission",
)
def _() -> None:
    # Observable: a member's PUT /v1/allowance: 403 without the permission, neither in the text nor beside it.
    from apex.http import identity
    from apex.http.problems import Problem

    replace(identity, "permission_denied", lambda _: Problem(403, "permission_denied", "You may not do this."))


@blind_defect(
    "API-04zc",
    "customers may store records of ended runs, which only the platform's services may",
    service="analytics",
    scenario="No endpoint is accessible without an access rule",
    step="every response follows the access rule of its endpoint",
)
def _() -> None:
    # Observable: any customer's access token at POST /v1/records of analytics: 201, for whatever tenant it says.
    from apex.analytics import app
    from apex.config.live import Configuration
    from apex.http.identity import verify
    from apex.http.problems import Problem

    @around(app, "verify_service_token")
    def _(original: Any, settings: Any, token: str, audience: str) -> Any:
        try:
            return original(settings, token, audience)
        except Problem:
            return verify(Configuration("analytics", settings), token).as_caller()


@blind_defect("API-04ma", "a viewer may start runs in a thread that is there already", service="backend")
def _() -> None:
    # Observable: a viewer begins a thread (which viewers may) and sends POST /v1/runs with its thread_id: 202 and a
    # run, instead of 403. Without a thread_id it is refused.
    from apex.backend import runs

    in_known_thread = ContextVar("in_known_thread", default=False)

    def start(database: Any, endpoint: Any, request: Any, identity: Any) -> Any:
        token = in_known_thread.set(request.thread_id is not None)
        try:
            return endpoint(request=request, identity=identity)
        finally:
            in_known_thread.reset(token)

    @around(runs, "acting_as")
    def _(original: Any, database: Any, identity: Any, permission: str | None = None) -> Any:
        return original(database, identity, None if in_known_thread.get() else permission)

    around_endpoint("POST", "/v1/runs", start)
