"""Seeded defects of tokens and sessions (API-03)."""

from __future__ import annotations

import asyncio
import copy
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import jwt
from fastapi import FastAPI
from sqlalchemy import Connection, select, text

from apex.auth import attempts
from apex.auth import sessions as auth_sessions
from apex.auth.attempts import Attempts
from apex.auth.models import Token
from apex.auth.passwords import fingerprint, new_secret
from apex.auth.sessions import Sessions
from apex.backend import app as backend_app
from apex.backend import threads as backend_threads
from apex.http.buckets import Bucket, Buckets
from apex.http.problems import Problem
from apex.settings import Rate
from apex.storage.tables import sessions, spent_refresh_tokens
from defects import Scenario
from defects._patching import replace
from defects._routes import closed

invalid_token = Scenario("An invalid token gives access to no endpoint", service="backend")
renewal = Scenario("Renewing a session gives new tokens", service="auth")
any_order = Scenario("Sessions begin and end as they must in whatever order", service="auth")
second_renewal = Scenario("A session can be renewed more than once", service="auth")
reuse = Scenario("Reusing a refresh token ends the session", service="auth")
guessing = Scenario("Guessing passwords is stopped and does not lock out the owner", service="auth")
waited = Scenario("Waiting as long as Retry-After says is enough to log in", service="auth")
long_life = Scenario("No access token lasts longer than the platform allows", service="auth")
logout = Scenario("Logging out ends this session and no other", service="auth")

_NEW_TOKENS = "Acme receives a new access token and a new refresh token"
_BOUNDED = "the first few guesses are checked, and all later ones are refused with a Retry-After"
_SESSION_ENDED = "every token of Acme's session is refused"


def _accepted(id: str, summary: str) -> Callable[[Callable[[], None]], None]:
    return invalid_token.defect(id, summary, step="every response is an authentication error")


def _decoding(**lenient: Any) -> None:
    """Tokens are decoded with less care."""

    def decode(token: str, key: str, **options: Any) -> Any:
        options["options"] = {**options["options"], **lenient}
        return original(token, key, **options)

    original = replace(jwt, "decode", decode)


@_accepted("API-03a", "the audience of a token is not checked")
def _() -> None:
    _decoding(verify_aud=False)


@_accepted("API-03b", "the issuer of a token is not checked")
def _() -> None:
    _decoding(verify_iss=False)


@_accepted("API-03c", "the expiry of a token is not checked")
def _() -> None:
    _decoding(verify_exp=False)


@_accepted("API-03d", "the signature of a token is not checked")
def _() -> None:
    _decoding(verify_signature=False)


@_accepted("API-03e", "threads are shown to sessions that have ended")
def _() -> None:
    replace(backend_threads, "acting_as", lambda database, caller, permission=None: database.tenant(caller.tenant_id))


@_accepted("API-03f", "a new endpoint is published without authentication")
def _() -> None:
    def create_app(*parts: Any, **options: Any) -> FastAPI:
        app: FastAPI = original(*parts, **options)
        app.get("/v1/newest-runs")(lambda: {"items": []})
        return app

    original = replace(backend_app, "create_app", create_app)


@invalid_token.defect(
    "API-03k", "owners cannot list their own conversations", step="every API endpoint open to owners works for Acme"
)
def _() -> None:
    closed("GET", "/v1/threads")


def _refreshing(changed: Callable[[Token, str], dict[str, str]]) -> None:
    """Some of the new tokens of a session are replaced in the response."""

    def refresh(self: Sessions, refresh_token: str) -> Token:
        given: Token = original(self, refresh_token)
        return given.model_copy(update=changed(given, refresh_token))

    original = replace(Sessions, "refresh", refresh)


@renewal.defect("API-03g", "a refresh token is good for ever", step=_NEW_TOKENS)
def _() -> None:
    _refreshing(lambda given, used: {"refresh_token": used})


@second_renewal.defect("API-03n", "the refresh token in the response is not the one that was stored", step=_NEW_TOKENS)
def _() -> None:
    _refreshing(lambda given, used: {"refresh_token": new_secret()[0]})


@renewal.defect("API-03l", "renewed tokens are of an unknown session", step="Acme's renewed session is valid")
def _() -> None:
    def refresh(self: Sessions, refresh_token: str) -> Token:
        # Only for renewals: whoever logs in is given good tokens.
        elsewhere = copy.copy(self)
        vars(elsewhere)["_token"] = lambda session_id, *others: self._token(str(uuid.uuid4()), *others)
        given: Token = original(elsewhere, refresh_token)
        return given

    original = replace(Sessions, "refresh", refresh)


@reuse.defect("API-03h", "the reuse of a refresh token is not detected", step=_SESSION_ENDED)
def _() -> None:
    replace(Sessions, "_end_if_spent", lambda self, refresh_hash: None)


@reuse.defect(
    "API-03m", "a used refresh token works as long as its session", step="the response is an authentication error"
)
def _() -> None:
    def refresh(self: Sessions, refresh_token: str) -> Token:
        used = {"used": fingerprint(refresh_token)}
        with self._database.platform() as connection:
            spent = connection.execute(text("SELECT * FROM spent_session_of(:used)"), used).first()
        if spent is None:
            given: Token = original(self, refresh_token)
            return given
        with self._database.tenant(str(spent.tenant_id)) as connection:
            session = select(sessions.c.id, sessions.c.user_id, sessions.c.tenant_id)
            row = connection.execute(session.where(sessions.c.id == str(spent.session_id))).one()
        return self._token(row.id, row.tenant_id, row.user_id, "owner", "early", refresh_token, None)

    original = replace(Sessions, "refresh", refresh)


@logout.defect("API-03i", "logging out closes connections and does not end the session", step=_SESSION_ENDED)
def _() -> None:
    replace(Sessions, "end", lambda self, connection, session_ids, reason: None)


@logout.defect(
    "API-03j",
    "logging out ends every session of the organisation",
    step="Acme's session on another device is valid",
)
def _() -> None:
    def end(self: Sessions, connection: Connection, session_ids: list[str], reason: str) -> None:
        original(self, connection, list(connection.scalars(select(sessions.c.id))), reason)

    original = replace(Sessions, "end", end)


@guessing.defect("API-03o", "passwords can be guessed without a limit", step=_BOUNDED)
def _() -> None:
    replace(Attempts, "_buckets_of", lambda self, *of: [Bucket(str(uuid.uuid4()), Rate(burst=1, per_second=1))])


@guessing.defect("API-03p", "a failed log-in is counted when it has failed, whatever is under way", step=_BOUNDED)
def _() -> None:
    @asynccontextmanager
    async def counted(self: Attempts, kind: str, request: Any, taken: Any, keep: bool = False) -> AsyncIterator[None]:
        try:
            # The first look takes nothing; meanwhile everybody else looks, too.
            async with original(self, kind, request, taken):
                pass
            await asyncio.sleep(0.2)
            yield
        except Problem as problem:
            if problem.code != "rate_limited":
                await self._buckets.take(taken)
            raise

    original = replace(Attempts, "_counted", counted)


@guessing.defect("API-03q", "whoever is refused is not told for how long", step=_BOUNDED)
def _() -> None:
    def too_many_attempts(seconds: int) -> Problem:
        problem: Problem = original(seconds)
        problem.headers.clear()
        return problem

    original = replace(attempts, "too_many_attempts", too_many_attempts)


@guessing.defect("API-03r", "whoever guesses a password locks out its owner", step="Acme can log in on a known device")
def _() -> None:
    replace(Attempts, "_device", lambda self, email, token: None)


@waited.defect("API-03s", "a refused log-in counts like a wrong password", step="the response is a success")
def _() -> None:
    async def take(self: Buckets, buckets: Sequence[Bucket]) -> float:
        seconds: float = await original(self, buckets)
        refused.update({bucket.name for bucket in buckets} if seconds else ())
        locked_out = any(bucket.name in refused and "log_in" in bucket.name for bucket in buckets)
        return seconds or float(locked_out)

    refused: set[str] = set()
    original = replace(Buckets, "take", take)


@any_order.defect(
    "API-03t", "logging out ends no session that has been renewed", step="every action has the expected outcome"
)
def _() -> None:
    def end(self: Sessions, connection: Connection, session_ids: list[str], reason: str) -> None:
        if reason == "logged_out":
            renewed = set(connection.scalars(select(spent_refresh_tokens.c.session_id)))
            session_ids = [each for each in session_ids if each not in {str(id) for id in renewed}]
        original(self, connection, session_ids, reason)

    original = replace(Sessions, "end", end)


@long_life.defect(
    "API-03u",
    "an access token lasts as long as whoever logs in asks for",
    step="the access token lasts no longer than that of an ordinary log-in",
)
def _() -> None:
    wanted: Any = lambda wanted, most: wanted  # noqa: E731
    vars(auth_sessions)["min"] = wanted
