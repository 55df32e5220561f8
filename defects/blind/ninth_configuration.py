"""Blind defects of configuration, written from the promises alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
    "CFG-03ra",
    "the owner of a setting starts without a look at those who use it",
    service="auth",
    scenario="A service with contradicting settings does not start",
    step="the start is refused and the message names both sides",
)
def _() -> None:
    # Observable: with the other services running, start auth with another auth.issuer (or auth.url, auth.audience) than
    # theirs: it starts, and backend refuses every token that it gives. The other way round, backend started after auth,
    # the start is refused with both sides named.
    import redis
    from redis.exceptions import RedisError

    from apex.config.layers import Fault, SettingsError
    from apex.config.live import Configuration
    from apex.runtime import mesh

    def require_fit(service: str, configuration: Configuration, store: redis.Redis) -> None:
        settings = configuration.settings
        try:
            store.set(mesh._ENVIRONMENT, settings.environment, nx=True)
            environment = str(store.get(mesh._ENVIRONMENT))
            running = {name: registry.instances() for name, registry in mesh._registries(store, settings).items()}
        except RedisError as error:
            mesh.log.warning("agreement with the other services not looked at", reason=type(error).__name__)
            return
        if environment != settings.environment:
            reason = f"this Redis belongs to the environment {environment}, and this is {settings.environment}"
            raise SettingsError([Fault("", "redis.url", reason)])
        faults = [
            Fault("", key, f"is '{value}' here and '{instance.agreed[key]}' at {instance.name}")
            for key, value in mesh._agreed(configuration).items()
            for other, instances in running.items()
            for instance in instances
            if key.partition(".")[0] == other and instance.agreed.get(key, value) != value
        ]
        if faults:
            raise SettingsError(faults)

    replace(mesh, "require_fit", require_fit)


@blind_defect(
    "CFG-06ra",
    "what is asked of a database's address is not asked of its owner's",
    service="backend",
    scenario="Unfit database settings are refused",
    step="the start is refused with every fault, its place, its key and the reason",
)
def _() -> None:
    # Observable: in production (or staging) give database.owner_url without sslmode=verify-full, or with a password of
    # the development environment, and all else as it must be: the start is not refused. With database.url it is.
    from apex.config import rules
    from apex.settings import Settings

    def only_of_services(original: Callable[[Settings], Iterator[tuple[str, str]]], settings: Settings) -> Any:
        return ((key, reason) for key, reason in original(settings) if key != "database.owner_url")

    for name in ("_of_transport", "_of_secrets"):
        around(rules, name)(only_of_services)


@blind_defect(
    "CFG-09ra",
    "a section of which something was changed is another one from then on",
    service="backend",
    scenario="A new rate limit holds in every service",
    step="Acme is held to the new limit in every service in time",
)
def _() -> None:
    # Observable: change rate_limits.free (or requests.max_body_bytes, or database.pool_size) in the settings of a
    # running backend: its health has the new checksum and names no restart, and the old limit is still kept: whoever
    # holds a section since the start never hears of the new one. features.sign_up and log.level are taken over.
    from pydantic import BaseModel

    from apex.config import live

    def put(settings: BaseModel, wanted: BaseModel, names: list[str]) -> None:
        setattr(settings, names[0], getattr(wanted, names[0]))

    replace(live, "_put", put)
