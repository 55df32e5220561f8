"""Seeded defects of tokens and sessions (API-03)."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Callable
from typing import Any

import jwt
from fastapi import FastAPI
from sqlalchemy import Connection, select, text

from apex.auth.models import Token
from apex.auth.passwords import fingerprint, new_secret
from apex.auth.sessions import Sessions
from apex.backend import app as backend_app
from apex.backend import threads as backend_threads
from apex.storage.tables import sessions
from defects import Scenario
from defects._patching import replace
from defects._routes import closed


def _decoding(**lenient: Any) -> None:
    """Tokens are read with less care."""

    def decode(token: str, key: str, **options: Any) -> Any:
        options["options"] = {**options["options"], **lenient}
        return original(token, key, **options)

    original = replace(jwt, "decode", decode)


bad_token_opens = Scenario("A bad token opens no door", service="backend")


def _bad_token(id: str, summary: str) -> Callable[[Callable[[], None]], None]:
    return bad_token_opens.defect(id, summary, step="every door stays closed")


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


session_goes_new = Scenario("A session goes on with new tokens", service="auth")


@session_goes_new.defect(
    "API-03g", "a refresh token is good for ever", step="Acme has been given new tokens of both kinds"
)
def _() -> None:
    def refresh(self: Sessions, refresh_token: str) -> Token:
        token: Token = original(self, refresh_token)
        return token.model_copy(update={"refresh_token": refresh_token})

    original = replace(Sessions, "refresh", refresh)


refresh_token_shown = Scenario("A refresh token that is shown again ends the session", service="auth")


@refresh_token_shown.defect(
    "API-03h", "nobody notices that a refresh token is used twice", step="no token of Acme's session is of use any more"
)
def _() -> None:
    replace(Sessions, "_end_if_spent", lambda self, refresh_hash: None)


after_logging_out = Scenario(
    "After logging out nothing of the session is of use, and other sessions go on", service="auth"
)


@after_logging_out.defect(
    "API-03i",
    "logging out closes connections but leaves the session as it is",
    step="no token of Acme's session is of use any more",
)
def _() -> None:
    replace(Sessions, "end", lambda self, connection, session_ids, reason: None)


@after_logging_out.defect(
    "API-03j", "logging out ends every session of the organisation", step="the other device is still let in"
)
def _() -> None:
    def end(self: Sessions, connection: Connection, session_ids: list[str], reason: str) -> None:
        original(self, connection, list(connection.scalars(select(sessions.c.id))), reason)

    original = replace(Sessions, "end", end)


@bad_token_opens.defect(
    "API-03k",
    "owners are not let through to their own conversations",
    step="Acme's own token opens every door that is there for owners",
)
def _() -> None:
    closed("GET", "/v1/threads")


@session_goes_new.defect(
    "API-03l", "refreshed tokens are those of a session that nobody has begun", step="Acme is let in with the new token"
)
def _() -> None:
    def refresh(self: Sessions, refresh_token: str) -> Token:
        # Only what is refreshed here: whoever logs in is given good tokens.
        elsewhere = copy.copy(self)
        vars(elsewhere)["_token"] = lambda session_id, *others: self._token(str(uuid.uuid4()), *others)
        given: Token = original(elsewhere, refresh_token)
        return given

    original = replace(Sessions, "refresh", refresh)


@refresh_token_shown.defect(
    "API-03m", "a used refresh token works as long as its session", step="the refresh token is refused"
)
def _() -> None:
    def refresh(self: Sessions, refresh_token: str) -> Token:
        old = fingerprint(refresh_token)
        with self._database.platform() as connection:
            spent = connection.execute(text("SELECT * FROM spent_session_of(:old)"), {"old": old}).first()
        if spent is None:
            given: Token = original(self, refresh_token)
            return given
        with self._database.tenant(str(spent.tenant_id)) as connection:
            session = select(sessions.c.id, sessions.c.user_id, sessions.c.tenant_id)
            row = connection.execute(session.where(sessions.c.id == str(spent.session_id))).one()
        return self._token(row.id, row.tenant_id, row.user_id, "owner", "early", refresh_token, None)

    original = replace(Sessions, "refresh", refresh)


session_goes_often = Scenario("A session goes on as often as it is asked to", service="auth")


@session_goes_often.defect(
    "API-03n",
    "the refresh token that is given with new tokens is made anew, and is not the one that was stored",
    step="Acme has been given new tokens of both kinds",
)
def _() -> None:
    def refresh(self: Sessions, refresh_token: str) -> Token:
        given: Token = original(self, refresh_token)
        return given.model_copy(update={"refresh_token": new_secret()[0]})

    original = replace(Sessions, "refresh", refresh)
