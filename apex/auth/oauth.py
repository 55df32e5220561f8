"""Applications of others that act for a customer who lets them: authorization codes with PKCE (RFC 6749, RFC 7636)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import uuid
from dataclasses import asdict, dataclass
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urlencode, urlsplit

import redis
from sqlalchemy import select

from apex.auth.models import Authorization, AuthorizationCodeGrant, Authorized, Token
from apex.auth.passwords import fingerprint, new_secret
from apex.auth.sessions import Sessions
from apex.http.identity import Identity
from apex.http.problems import not_registered, unauthenticated, unavailable
from apex.settings import OAuthClient, Settings
from apex.storage.database import Database
from apex.storage.tables import tenants, users

_CODE_SECONDS = 60
_REFUSED = "This code cannot be exchanged; please let the customer sign in again."


@dataclass(frozen=True)
class _Granted:
    """What a code stands for."""

    tenant_id: str
    user_id: str
    client_id: str
    redirect_uri: str
    code_challenge: str


class Applications:
    """Gives out codes and exchanges them; a code is good once, for a minute, and kept in Redis."""

    def __init__(self, settings: Settings, database: Database, sessions: Sessions, store: redis.Redis) -> None:
        self._settings, self._database, self._sessions, self._store = settings, database, sessions, store

    def authorize(self, identity: Identity, wanted: Authorization) -> Authorized:
        """Where the customer is to go on, with a code.

        Raises:
            Problem: 409, there is no such application, or it has not registered exactly this address.
        """
        client = self._client(wanted.client_id)
        if client is None:
            raise not_registered("client_id", "There is no such application")
        if wanted.redirect_uri not in client.redirect_uris:
            raise not_registered("redirect_uri", "Should be exactly an address that the application has registered")
        code, kept_as = new_secret()
        granted = _Granted(identity.tenant_id, identity.user_id, client.id, wanted.redirect_uri, wanted.code_challenge)
        try:
            self._store.set(_key(kept_as), json.dumps(asdict(granted)), ex=_CODE_SECONDS)
        except redis.RedisError as error:
            raise unavailable() from error
        state = {"state": wanted.state} if wanted.state is not None else {}
        glue = "&" if urlsplit(wanted.redirect_uri).query else "?"
        return Authorized(redirect_to=f"{wanted.redirect_uri}{glue}{urlencode({'code': code, **state})}")

    def exchange(self, grant: AuthorizationCodeGrant) -> Token:
        """A session of the customer for the application.

        Raises:
            Problem: 401, the code is not good, or is not this application's, address's or verifier's.
        """
        try:
            # Whoever shows a code has used it up.
            found = cast("str | None", self._store.getdel(_key(fingerprint(grant.code.get_secret_value()))))
        except redis.RedisError as error:
            raise unavailable() from error
        client = self._client(grant.client_id)
        secret = grant.client_secret.get_secret_value().encode("utf-8", "surrogatepass")
        known = client is not None and hmac.compare_digest(secret, client.secret.get_secret_value().encode())
        granted = _Granted(**json.loads(found)) if found is not None else None
        if (
            not known
            or granted is None
            or (granted.client_id, granted.redirect_uri, granted.code_challenge)
            != (
                grant.client_id,
                grant.redirect_uri,
                _challenge(grant.code_verifier.get_secret_value()),
            )
        ):
            raise unauthenticated(_REFUSED)
        return self._sessions.open(self._login(granted), None)

    def _login(self, granted: _Granted) -> Any:
        query = (
            select(users.c.role, tenants.c.plan)
            .join(tenants, tenants.c.id == users.c.tenant_id)
            .where(users.c.id == granted.user_id)
        )
        with self._database.tenant(granted.tenant_id) as connection:
            account = connection.execute(query).first()
        if account is None:
            raise unauthenticated(_REFUSED)
        return SimpleNamespace(
            tenant_id=uuid.UUID(granted.tenant_id),
            user_id=uuid.UUID(granted.user_id),
            role=account.role,
            plan=account.plan,
        )

    def _client(self, client_id: str) -> OAuthClient | None:
        return next((client for client in self._settings.auth.oauth_clients if client.id == client_id), None)


def _key(kept_as: str) -> str:
    return f"authorization:{kept_as}"


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode("utf-8", "surrogatepass")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
