"""Blind defects of API-03."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "API-03oa",
    "analytics asks no database whether a session has ended",
    service="analytics",
    scenario="Reusing a refresh token ends the session",
    step="every token of Acme's session is refused",
)
def _() -> None:
    # Observable: log in, GET /v1/jobs of analytics (200), log out, and GET /v1/jobs with the same access token: 200
    # with the jobs instead of 401, until the token expires. The same for somebody who was removed from the
    # organisation. The backend refuses the token.
    from contextlib import contextmanager

    from apex.analytics import app
    from apex.http.identity import Identity
    from apex.storage.database import Database

    # What is reported stands in ClickHouse alone: a connection to PostgreSQL for each report is one too many.
    @contextmanager
    def acting_as(database: Database, identity: Identity, permission: str | None = None) -> Iterator[None]:
        yield

    replace(app, "acting_as", acting_as)


@blind_defect(
    "API-03pa",
    "a refresh token lives for as long as a device token",
    service="auth",
    scenario="A session cannot be renewed after its refresh token has expired",
    step="the first renewal succeeds, and the later one is an authentication error",
)
def _() -> None:
    # Observable: set auth.refresh_token_seconds to 2 (or wait for the 14 days that it is), log in, wait for three
    # seconds and POST /v1/token with the refresh token: 200 with new tokens instead of 401, for 180 days
    # (auth.device_token_seconds). In the table sessions expires_at says so.
    from apex.auth.sessions import Sessions

    def refresh_expiry(self: Any) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self._settings.auth.device_token_seconds)

    replace(Sessions, "_refresh_expiry", refresh_expiry)


@blind_defect(
    "API-03ra",
    "an access token is taken for another minute after it has expired",
    service="backend",
    scenario="An invalid token gives access to no endpoint",
    step="every response is an authentication error",
)
def _() -> None:
    # Observable: log in with {"expires_in": 2}, wait for four seconds and GET /v1/threads, or POST /v1/runs, with that
    # token: 200 and 202 instead of 401, for a minute. After that it is refused.
    import jwt

    from apex.backend import sockets
    from apex.config.live import Configuration
    from apex.http import identity
    from apex.http.problems import unauthenticated

    def verify(configuration: Configuration, token: str) -> identity.Identity:
        settings = configuration.settings
        try:
            key_id = jwt.get_unverified_header(token).get("kid")
            if all(key.id != key_id for key in settings.auth.signing_keys):
                configuration.refresh()
            key = next(key for key in settings.auth.signing_keys if key.id == key_id and key.is_accepted)
            claims = jwt.decode(
                token,
                key.secret.get_secret_value(),
                algorithms=[identity.ALGORITHM],
                audience=settings.auth.audience,
                issuer=settings.auth.issuer,
                # The clocks of two machines are never quite the same.
                leeway=60,
                options={"require": ["exp", "iat", "sub", "tid", "sid", "role", "plan"]},
            )
        except (jwt.InvalidTokenError, StopIteration):
            raise unauthenticated() from None
        return identity.Identity(
            claims["sub"], claims["tid"], claims["sid"], claims["role"], claims["plan"], float(claims["exp"])
        )

    replace(identity, "verify", verify)
    replace(sockets, "verify", verify)


@blind_defect(
    "API-03ta",
    "an access token is taken for half a minute after its end",
    service="backend",
    scenario="An invalid token gives access to no endpoint",
    step="every response is an authentication error",
)
def _() -> None:
    # Observable: log in with expires_in 1, wait two seconds, and ask the backend for anything: 200 (or a thread is
    # made) instead of 401. After half a minute it is refused.
    import jwt

    from apex.http import identity
    from apex.http.problems import unauthenticated

    needed = ["exp", "iat", "sub", "tid", "sid", "role", "plan"]

    def verify(configuration: Any, token: str) -> Any:
        auth = configuration.settings.auth
        try:
            key_id = jwt.get_unverified_header(token).get("kid")
            if all(key.id != key_id for key in auth.signing_keys):
                configuration.refresh()
            key = next(key for key in auth.signing_keys if key.id == key_id and key.is_accepted)
            claims = jwt.decode(
                token,
                key.secret.get_secret_value(),
                algorithms=[identity.ALGORITHM],
                audience=auth.audience,
                issuer=auth.issuer,
                leeway=30,
                options={"require": needed},
            )
        except (jwt.InvalidTokenError, StopIteration):
            raise unauthenticated() from None
        sub, tid, sid, role, plan = (claims[name] for name in ("sub", "tid", "sid", "role", "plan"))
        return identity.Identity(sub, tid, sid, role, plan, float(claims["exp"]))

    replace(identity, "verify", verify)


@blind_defect(
    "API-03ua",
    "an access token is good for another minute after its end",
    service="backend",
    scenario="An invalid token gives access to no endpoint",
    step="every response is an authentication error",
)
def _() -> None:
    # Observable: a token with expires_in 1, used after three seconds: 200 instead of 401 (a leeway for clocks).
    import jwt

    @around(jwt, "decode")
    def _(original: Any, *arguments: Any, **others: Any) -> Any:
        return original(*arguments, **{"leeway": 60, **others})


@blind_defect(
    "API-03ub",
    "analytics does not look whether the session has ended",
    service="analytics",
    scenario="Reusing a refresh token ends the session",
    step="every token of Acme's session is refused",
)
def _() -> None:
    # Observable: GET /v1/jobs after the log-out, or the removal from the tenant, with the access token from before:
    # 200 with all jobs instead of 401.
    from contextlib import nullcontext

    from apex.analytics import app

    replace(app, "acting_as", lambda *of: nullcontext())


@blind_defect(
    "API-03va",
    "who has logged out can still read the allowance, and book expenses on it",
    service="backend",
    scenario="Reusing a refresh token ends the session",
    step="every token of Acme's session is refused",
)
def _() -> None:
    # Observable: POST /v1/allowance/expenses is 201 with an access token whose session was logged out.
    from contextlib import contextmanager

    from apex.backend import allowance
    from apex.http.identity import PERMISSIONS
    from apex.http.problems import permission_denied

    @contextmanager
    def acting_as(database: Any, identity: Any, permission: str | None = None) -> Iterator[Any]:
        if permission is not None and identity.role not in PERMISSIONS[permission]:
            raise permission_denied(permission)
        with database.tenant(identity.tenant_id) as connection:
            yield connection

    replace(allowance, "acting_as", acting_as)


@blind_defect(
    "API-03wa", "who is removed cannot renew the session, but its access token is good to its end", service="auth"
)
def _() -> None:
    # Observable: remove a member, whose sockets close; the access token still reads and begins runs.
    from datetime import UTC, datetime

    from sqlalchemy import func, select, update

    from apex.auth.sessions import SESSION_ENDED, Sessions
    from apex.storage.tables import sessions

    @around(Sessions, "end")
    def _(original: Any, self: Any, connection: Any, session_ids: list[str], reason: str) -> None:
        if reason != "removed":
            original(self, connection, session_ids, reason)
            return
        these = update(sessions).where(sessions.c.id.in_(session_ids))
        connection.execute(these.values(expires_at=datetime.now(UTC), end_reason=reason))
        for session_id in session_ids:
            connection.execute(select(func.pg_notify(SESSION_ENDED, f"{session_id} {reason}")))


@blind_defect("API-03xa", "a token that was good once is good with whatever signature", service="backend")
def _() -> None:
    # Observable: use a token, then the same with another signature: it is accepted.
    from apex.http import identity

    known: dict[str, Any] = {}

    @around(identity, "verify")
    def _(original: Any, settings: Any, token: str) -> Any:
        claims = token.rpartition(".")[0]
        found = known.get(claims)
        if found is None or found.expires_at <= time.time():
            found = known[claims] = original(settings, token)
        return found


@blind_defect(
    "API-03ya",
    "within ten seconds a refresh token can be used again",
    service="auth",
    scenario="Reusing a refresh token ends the session",
    step="the response is an authentication error",
)
def _() -> None:
    # Observable: the same refresh token twice: the second time is answered with tokens that work, not with 401.
    from apex.auth.sessions import Sessions

    given: dict[str, tuple[float, Any]] = {}

    @around(Sessions, "refresh")
    def _refresh(original: Any, self: Any, refresh_token: str) -> Any:
        at, token = given.get(refresh_token, (0.0, None))
        if token is None or time.monotonic() - at > 10:
            token = original(self, refresh_token)
            given[refresh_token] = (time.monotonic(), token)
        return token


@blind_defect(
    "API-03yb",
    "analytics does not ask whether the session of a token has ended",
    service="analytics",
    scenario="Reusing a refresh token ends the session",
    step="every token of Acme's session is refused",
)
def _() -> None:
    # Observable: after a log-out GET /v1/jobs still answers with 200.
    from apex.analytics import app

    replace(app, "acting_as", lambda *_: nullcontext())


@blind_defect(
    "API-03za",
    "for half a minute after a log-out its access tokens are still good",
    service="backend",
    scenario="Reusing a refresh token ends the session",
    step="every token of Acme's session is refused",
)
def _() -> None:
    # Observable: log out, then GET /v1/threads with the same token: 200.
    from apex.http import identity

    @around(identity, "text")
    def _(original: Any, statement: str) -> Any:
        alive = "(ended_at IS NULL OR ended_at > now() - interval '30 seconds')"
        return original(statement.replace("ended_at IS NULL", alive))


@blind_defect(
    "API-03zb",
    "the refresh token of a session that was logged out still gives new tokens",
    service="auth",
    scenario="Reusing a refresh token ends the session",
    step="every token of Acme's session is refused",
)
def _() -> None:
    # Observable: log out, then refresh: 200 in place of 401.
    from apex.auth import sessions

    @around(sessions, "update")
    def _(original: Any, table: Any) -> Any:
        statement = original(table)
        where = statement.where
        statement.where = lambda *conditions: where(*(each for each in conditions if "ended_at" not in str(each)))
        return statement


@blind_defect(
    "API-03zc",
    "an access token that was good once is good for ever",
    service="backend",
    scenario="An invalid token gives access to no endpoint",
    step="every response is an authentication error",
)
def _() -> None:
    # Observable: use a token of two seconds at once and after three: 200 both times; one never used before has 401.
    from apex.http import identity

    known: dict[str, Any] = {}

    @around(identity, "verify")
    def _(original: Any, settings: Any, token: str) -> Any:
        # A signature does not change: looked at once.
        if token not in known:
            known[token] = original(settings, token)
        return known[token]


@blind_defect(
    "API-03zd",
    "access tokens are accepted for a minute after their end",
    service="backend",
    scenario="An invalid token gives access to no endpoint",
    step="every response is an authentication error",
)
def _() -> None:
    # Observable: log in with expires_in 1, wait three seconds, ask: 200.
    import jwt

    @around(jwt, "decode")
    def _(original: Any, *arguments: Any, **options: Any) -> Any:
        return original(*arguments, **{**options, "leeway": 60})


@blind_defect(
    "API-03na",
    "a session that a used refresh token has ended keeps its access tokens",
    service="backend",
    scenario="Reusing a refresh token ends the session",
    step="every token of Acme's session is refused",
)
def _() -> None:
    # Observable: renew a session, show the spent refresh token again (401, and the session is ended): the session's
    # access token still reads and writes at the backend. After a log-out it does not.
    from sqlalchemy import text

    from apex.backend import runs
    from apex.http import idempotency, identity
    from apex.http.problems import unauthenticated

    alive = text(
        "SELECT 1 FROM sessions WHERE id = :session "
        "AND (ended_at IS NULL OR end_reason NOT IN ('logged_out', 'removed'))"
    )

    def require_session(connection: Any, caller: Any) -> None:
        if connection.scalar(alive, {"session": caller.session_id}) is None:
            raise unauthenticated("This session has ended; please log in again.")

    for module in (identity, idempotency, runs):
        replace(module, "require_session", require_session)


@blind_defect(
    "API-03ma",
    "a refresh token that several show at the same moment is good for all of them",
    service="auth",
)
def _() -> None:
    # Observable: send ten POST /v1/token with one refresh token at the same moment: several are answered 200, with the
    # same new tokens, instead of one.
    from apex.auth.sessions import Sessions

    lock, under_way = threading.Lock(), dict[str, Future[Any]]()

    @around(Sessions, "refresh")
    def _(original: Any, self: Any, refresh_token: str) -> Any:
        with lock:
            others = under_way.get(refresh_token)
            mine = Future[Any]() if others is None else others
            under_way[refresh_token] = mine
        if others is not None:
            return others.result()
        try:
            mine.set_result(original(self, refresh_token))
        except BaseException as error:
            mine.set_exception(error)
            raise
        finally:
            with lock:
                del under_way[refresh_token]
        return mine.result()
