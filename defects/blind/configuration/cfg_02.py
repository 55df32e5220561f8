"""Blind defects of CFG-02."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "CFG-02ra",
    "new access tokens are signed with the key that is to go",
    service="auth",
    scenario="A replaced signing key is accepted until its grace period ends",
    step="every service accepts a new access token of Acme",
)
def _() -> None:
    # Observable: rotate the signing key (the new one first, the old one behind it with accepted_until in ten seconds)
    # and log in after that: the token's header still names the old key (kid), and as soon as the grace period is over
    # the token, which has minutes to live, is refused with 401.
    import time

    import jwt

    from apex.auth import sessions
    from apex.http import identity
    from apex.settings import Settings

    def access_token(settings: Settings, claims: dict[str, Any], seconds: float) -> str:
        key = settings.auth.signing_keys[-1]
        now = time.time()
        issued = {
            "iss": settings.auth.issuer,
            "aud": settings.auth.audience,
            "iat": int(now),
            "exp": now + seconds,
        }
        secret = key.secret.get_secret_value()
        return jwt.encode({**issued, **claims}, secret, identity.ALGORITHM, headers={"kid": key.id})

    replace(identity, "access_token", access_token)
    replace(sessions, "access_token", access_token)


@blind_defect(
    "CFG-02sa",
    "until when a former key is accepted is read without its offset from UTC",
    service="backend",
    scenario="A replaced signing key is accepted until its grace period ends",
    step="every service refuses Acme's access token afterwards",
)
def _() -> None:
    # Observable: rotate the signing key with accepted_until two seconds from now, written with the offset +02:00; the
    # backend takes the old tokens for two more hours. Written with -05:00 it refuses them at once.
    from datetime import UTC, datetime

    from apex.settings import SigningKey

    def is_accepted(self: Any) -> bool:
        until: datetime | None = self.accepted_until
        return until is None or datetime.now(UTC).replace(tzinfo=None) < until.replace(tzinfo=None)

    replace(SigningKey, "is_accepted", property(is_accepted))


@blind_defect(
    "CFG-02ta",
    "a change of the settings is logged with its values, secret ones by their names only",
    service="backend",
    scenario="A new database login interrupts nobody",
    step="no log, no health report and no metric contains a secret",
)
def _() -> None:
    # Observable: rotate the password of PostgreSQL or Redis (database.url, redis.url), or an application's secret
    # (auth.oauth_clients), while the backend runs; within two seconds its log holds the new one in clear text.
    import re

    import structlog

    from apex.config.live import Configuration

    log = structlog.get_logger()
    secret = re.compile("secret|password|key|token")

    @around(Configuration, "_take_over")
    def _(original: Any, self: Any, wanted: Any) -> None:
        before = dict(self._values)
        original(self, wanted)
        changed = {key: value for key, value in self._values.items() if before.get(key) != value}
        values = {key: "***" if secret.search(key) else value for key, value in changed.items()}
        log.info("settings in use", values=values)


@blind_defect(
    "CFG-02ua",
    "analytics goes on with the signing keys of its start",
    service="analytics",
    scenario="A new signing key interrupts nobody",
    step="every request under load has succeeded",
)
def _() -> None:
    # Observable: after a rotation the tokens of the new key get a 401 at /v1/jobs until analytics is restarted, and
    # those of the key that was taken away are still good there.
    from apex.config import live

    @around(live, "_put")
    def _(original: Any, settings: Any, wanted: Any, names: list[str]) -> None:
        if names != ["auth", "signing_keys"]:
            original(settings, wanted, names)


@blind_defect(
    "CFG-02ub",
    "a reload logs the values that it has taken over",
    service="tools",
    scenario="No secret is visible outside of the configuration",
    step="no log, no health report and no metric contains a secret",
)
def _() -> None:
    # Observable: after a rotation the log of tools has the new signing secret (auth.signing_keys is no key that is
    # called a secret), or the password in an address.
    from apex.config import live

    @around(live.Configuration, "_take_over")
    def _(original: Any, self: Any, wanted: Any) -> None:
        before = dict(self._values)
        original(self, wanted)
        values = {
            key: value
            for key, value in self._values.items()
            if before.get(key) != value and "secret" not in key and "password" not in key
        }
        live.log.info("settings in use", values=values)


@blind_defect("CFG-02ya", "runs publish their events with the cache login of the start", service="worker")
def _() -> None:
    # Observable: replace the cache login and lock the old one: runs whose worker has to connect anew tell nothing. The
    # scenario of the cache login notices it in most plays only: connections that are open go on.
    from apex.storage.stream import EventStream
    from apex.worker.supervisor import Supervisor

    @around(Supervisor, "__init__")
    def _(original: Any, self: Any, database: Any, stream: Any, registry: Any, directory: Any, *of: Any) -> None:
        settings = of[0]
        own = EventStream(settings.redis.url.get_secret_value(), settings.backend.stream_window)
        original(self, database, own, registry, directory, *of)


@blind_defect("CFG-02ma", "when a partner refuses a request, the log has the key that it was shown", service="tools")
def _() -> None:
    # Observable: with partners.api_key set, have the pricing partner answer 4xx or 5xx: the line "partner refused" in
    # the log of the tools service has the request's headers, x-api-key among them.
    from apex.tools import dispatcher

    @around(dispatcher.PartnerKey, "auth_flow")
    def _(original: Any, self: Any, request: Any) -> Generator[Any, Any, None]:
        response = yield next(original(self, request))
        if response.status_code >= 400:
            dispatcher.log.warning(
                "partner refused", url=str(request.url), status=response.status_code, headers=dict(request.headers)
            )
