"""Seeded defects of tokens and sessions (API-03)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jwt
from fastapi import FastAPI
from sqlalchemy import Connection, select

from apex.auth.models import Token
from apex.auth.sessions import Sessions
from apex.backend import app as backend_app
from apex.backend import threads as backend_threads
from apex.defects import defect
from apex.defects._patching import replace
from apex.tables import sessions


def _decoding(**lenient: Any) -> None:
    """Tokens are read with less care."""

    def decode(token: str, key: str, **options: Any) -> Any:
        options["options"] = {**options["options"], **lenient}
        return original(token, key, **options)

    original = replace(jwt, "decode", decode)


def _bad_token(id: str, summary: str) -> Callable[[Callable[[], None]], None]:
    return defect(
        id,
        service="backend",
        summary=summary,
        scenario="A bad token opens no door",
        step="every door stays closed",
    )


@_bad_token("API-03a", "for whom a token is meant is not checked")
def _() -> None:
    _decoding(verify_aud=False)


@_bad_token("API-03b", "who has issued a token is not checked")
def _() -> None:
    _decoding(verify_iss=False)


@_bad_token("API-03c", "the expiry of a token is not checked")
def _() -> None:
    _decoding(verify_exp=False)


@_bad_token("API-03d", "the signature of a token is not checked")
def _() -> None:
    _decoding(verify_signature=False)


@_bad_token("API-03e", "threads are shown to sessions that are over")
def _() -> None:
    replace(backend_threads, "acting_as", lambda database, caller, permission=None: database.tenant(caller.tenant_id))


@_bad_token("API-03f", "a new way in has been published without a guard")
def _() -> None:
    def create_app(*parts: Any, **options: Any) -> FastAPI:
        app: FastAPI = original(*parts, **options)
        app.get("/v1/newest-runs")(lambda: {"items": []})
        return app

    original = replace(backend_app, "create_app", create_app)


@defect(
    "API-03g",
    service="auth",
    summary="a refresh token is good for ever",
    scenario="A session goes on with new tokens",
    step="Acme has been given new tokens of both kinds",
)
def _() -> None:
    def refresh(self: Sessions, refresh_token: str) -> Token:
        token: Token = original(self, refresh_token)
        return token.model_copy(update={"refresh_token": refresh_token})

    original = replace(Sessions, "refresh", refresh)


@defect(
    "API-03h",
    service="auth",
    summary="nobody notices that a refresh token is used twice",
    scenario="A refresh token that is shown again ends the session",
    step="no token of Acme's session is of use any more",
)
def _() -> None:
    replace(Sessions, "_end_if_spent", lambda self, refresh_hash: None)


@defect(
    "API-03i",
    service="auth",
    summary="logging out closes connections but leaves the session as it is",
    scenario="After logging out nothing of the session is of use, and other sessions go on",
    step="no token of Acme's session is of use any more",
)
def _() -> None:
    replace(Sessions, "end", lambda self, connection, session_ids, reason: None)


@defect(
    "API-03j",
    service="auth",
    summary="logging out ends every session of the organisation",
    scenario="After logging out nothing of the session is of use, and other sessions go on",
    step="the other device is still let in",
)
def _() -> None:
    def end(self: Sessions, connection: Connection, session_ids: list[str], reason: str) -> None:
        original(self, connection, list(connection.scalars(select(sessions.c.id))), reason)

    original = replace(Sessions, "end", end)
