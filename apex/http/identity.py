"""Who is calling: access tokens of customers, and the services' own tokens on behalf of them (RFC 8693 ``act``)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any

import jwt
from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer
from sqlalchemy import Connection, text
from structlog.contextvars import bind_contextvars

from apex.config.live import Configuration
from apex.http.problems import permission_denied, unauthenticated
from apex.settings import Settings
from apex.storage.database import Database

ALGORITHM = "HS256"
OPERATOR = "operator"

PERMISSIONS: dict[str, frozenset[str]] = {
    "members:manage": frozenset({"owner", "admin"}),
    "cloud_account:manage": frozenset({"owner", "admin"}),
    "allowance:manage": frozenset({"owner", "admin"}),
    "plan:change": frozenset({"owner"}),
    "expenses:book": frozenset({"owner", "admin", "member"}),
    "runs:start": frozenset({"owner", "admin", "member", OPERATOR}),
    "usage:write": frozenset({"owner", "admin", "member", OPERATOR}),
    "platform:operate": frozenset({OPERATOR}),
}
"""Which roles may do what not everybody may."""


@dataclass(frozen=True)
class Identity:
    """A customer as the token tells: ids as text, ``expires_at`` in seconds since the epoch."""

    user_id: str
    tenant_id: str
    session_id: str
    role: str
    plan: str
    expires_at: float

    def as_caller(self) -> dict[str, str]:
        """What a run keeps of the one who asked for it."""
        return {key: value for key, value in asdict(self).items() if key != "expires_at"}


def access_token(settings: Settings, claims: dict[str, Any], seconds: float) -> str:
    """A signed access token for ``claims`` (sub, tid, sid, role, plan), valid for ``seconds``."""
    key = settings.auth.signing_keys[0]
    now = time.time()
    issued = {
        "iss": settings.auth.issuer,
        "aud": settings.auth.audience,
        "iat": int(now),
        "exp": now + seconds,
    }
    return jwt.encode({**issued, **claims}, key.secret.get_secret_value(), ALGORITHM, headers={"kid": key.id})


def verify(configuration: Configuration, token: str) -> Identity:
    """The identity in an access token.

    Raises:
        Problem: 401 when signature, issuer, audience, life or any claim is not as it must be.
    """
    settings = configuration.settings
    try:
        key_id = jwt.get_unverified_header(token).get("kid")
        if all(key.id != key_id for key in settings.auth.signing_keys):
            # Another process may have been told of a new key before this one was.
            configuration.refresh()
        key = next(key for key in settings.auth.signing_keys if key.id == key_id and key.is_accepted)
        claims = jwt.decode(
            token,
            key.secret.get_secret_value(),
            algorithms=[ALGORITHM],
            audience=settings.auth.audience,
            issuer=settings.auth.issuer,
            options={"require": ["exp", "iat", "sub", "tid", "sid", "role", "plan"]},
        )
    except (jwt.InvalidTokenError, StopIteration):
        raise unauthenticated() from None
    return Identity(claims["sub"], claims["tid"], claims["sid"], claims["role"], claims["plan"], float(claims["exp"]))


BEARER = Security(HTTPBearer(auto_error=False, scheme_name="bearer", description="An access token."))
"""Publishes that an endpoint needs a token; whether it is one, is looked at here."""


async def caller(request: Request, _: Annotated[object, BEARER]) -> Identity:
    """The caller of an HTTP request, from its bearer token."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise unauthenticated()
    identity = verify(request.app.state.process.configuration, token)
    bind_contextvars(tenant_id=identity.tenant_id, user_id=identity.user_id)
    await request.app.state.fair_use.admit(identity.tenant_id, identity.plan)
    return identity


Caller = Annotated[Identity, Depends(caller)]


@contextmanager
def acting_as(database: Database, identity: Identity, permission: str | None = None) -> Iterator[Connection]:
    """A transaction for the caller's tenant; refuses a caller whose session has ended or who lacks a permission.

    Raises:
        Problem: 401 when the session ended (log-out, removal from the tenant), 403 without the permission.
    """
    with database.tenant(identity.tenant_id) as connection:
        require_session(connection, identity)
        if permission is not None and identity.role not in PERMISSIONS[permission]:
            raise permission_denied(permission)
        yield connection


@contextmanager
def reading_as(database: Database, identity: Identity) -> Iterator[Connection]:
    """A transaction in which the caller reads; refuses a caller whose session has ended (401)."""
    with database.reading(identity.tenant_id) as connection:
        require_session(connection, identity)
        yield connection


def as_of_now(connection: Connection, identity: Identity) -> Identity:
    """The identity with the plan that its tenant has now; a token tells the one at its making."""
    plan = connection.scalar(text("SELECT plan FROM tenants WHERE id = :tenant"), {"tenant": identity.tenant_id})
    return replace(identity, plan=plan)


def require_session(connection: Connection, identity: Identity) -> None:
    """Refuse a caller whose session has ended (401); ``connection`` is a transaction for the caller's tenant."""
    alive = connection.scalar(
        text("SELECT 1 FROM sessions WHERE id = :session AND ended_at IS NULL"),
        {"session": identity.session_id},
    )
    if alive is None:
        raise unauthenticated("This session has ended; please log in again.")


def service_token(settings: Settings, service: str, audience: str, subject: dict[str, str], seconds: float) -> str:
    """A token with which ``service`` calls ``audience`` on behalf of ``subject`` (an ``Identity.as_caller``)."""
    now = time.time()
    claims = {
        "iss": f"apex-{service}",
        "aud": audience,
        "iat": int(now),
        "exp": now + seconds,
        "act": {"sub": service},
    }
    return jwt.encode({**claims, "on_behalf_of": subject}, settings.internal.signing_key.get_secret_value(), ALGORITHM)


def verify_service_token(settings: Settings, token: str, audience: str) -> dict[str, str]:
    """The customer on whose behalf a service calls (an ``Identity.as_caller``; empty for its own business).

    Raises:
        Problem: 401 when the token is not a service's, or meant for somebody else.
    """
    try:
        claims = jwt.decode(
            token,
            settings.internal.signing_key.get_secret_value(),
            algorithms=[ALGORITHM],
            audience=audience,
            options={"require": ["exp", "iat", "iss", "act", "on_behalf_of"]},
        )
    except jwt.InvalidTokenError:
        raise unauthenticated() from None
    subject: dict[str, str] = claims["on_behalf_of"]
    return subject
