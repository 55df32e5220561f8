"""What goes together in a configuration, and what does not, beyond the values by themselves."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import SecretStr

from apex.settings import Settings

_DEVELOPMENT = Path(__file__).parents[1] / "environments" / "development.toml"
_SHELTERED = ("test", "development")
"""Environments in which nothing is real: the others have customers' data, or are as if they had."""
_KNOWN_PASSWORDS = frozenset({"", "admin", "apex", "changeme", "development", "password", "postgres", "secret"})
_VERIFIED = ("verify-ca", "verify-full")


def broken_rules(settings: Settings) -> Iterator[tuple[str, str]]:
    """Key and reason of each rule that does not hold."""
    yield from _of_tokens(settings)
    yield from _of_leases(settings)
    yield from _of_applications(settings)
    if settings.environment not in _SHELTERED:
        yield from _of_transport(settings)
        yield from _of_secrets(settings)
        if settings.auth.password_hash != "strong":
            yield "auth.password_hash", f"has to be 'strong' in {settings.environment}"


def _of_tokens(settings: Settings) -> Iterator[tuple[str, str]]:
    keys = settings.auth.signing_keys
    if len({key.id for key in keys}) < len(keys):
        yield "auth.signing_keys", "two keys have the same id"
    if keys[0].accepted_until is not None:
        yield "auth.signing_keys", "the first key signs, so it cannot be one that is to go (accepted_until)"
    if any(key.accepted_until is not None and key.accepted_until.tzinfo is None for key in keys):
        yield "auth.signing_keys", "accepted_until has to name its time zone"
    if settings.internal.signing_key.get_secret_value() in {key.secret.get_secret_value() for key in keys}:
        yield "internal.signing_key", "has to be another than those of customers' tokens"


def _of_applications(settings: Settings) -> Iterator[tuple[str, str]]:
    clients = settings.auth.oauth_clients
    if len({client.id for client in clients}) < len(clients):
        yield "auth.oauth_clients", "two applications have the same id"
    for number, client in enumerate(clients):
        for address in map(urlsplit, client.redirect_uris):
            if address.fragment or "*" in address.geturl():
                yield f"auth.oauth_clients.{number}", "an address may have neither a fragment nor a wildcard"
            if settings.environment not in _SHELTERED and address.scheme != "https":
                yield f"auth.oauth_clients.{number}", f"an address has to be https:// in {settings.environment}"


def _of_leases(settings: Settings) -> Iterator[tuple[str, str]]:
    for name, section in (("worker", settings.worker), ("discovery", settings.discovery)):
        if section.lease_seconds <= section.heartbeat_seconds:
            yield f"{name}.lease_seconds", "has to be longer than heartbeat_seconds, or every lease runs out"


def _of_transport(settings: Settings) -> Iterator[tuple[str, str]]:
    for key, url in (("database.url", settings.database.url), ("database.owner_url", settings.database.owner_url)):
        mode = parse_qs(urlsplit(url.get_secret_value()).query).get("sslmode", ["prefer"])[-1]
        if mode not in _VERIFIED:
            yield key, f"has to be encrypted and verified in {settings.environment}: sslmode=verify-full, not {mode}"
    stores = (("redis.url", settings.redis.url, "rediss"), ("clickhouse.url", settings.clickhouse.url, "https"))
    for key, url, scheme in stores:
        found = urlsplit(url.get_secret_value()).scheme
        if found != scheme:
            yield key, f"has to be encrypted in {settings.environment}: {scheme}://, not {found}://"


def _of_secrets(settings: Settings) -> Iterator[tuple[str, str]]:
    public = _development_secrets() | _KNOWN_PASSWORDS
    secrets: dict[str, SecretStr | None] = {
        "internal.signing_key": settings.internal.signing_key,
        "auth.operator_password": settings.auth.operator_password,
        **{f"auth.signing_keys.{number}": key.secret for number, key in enumerate(settings.auth.signing_keys)},
    }
    for key, secret in secrets.items():
        if secret is not None and secret.get_secret_value() in public:
            yield key, f"is one that everybody knows, and no secret in {settings.environment}"
    urls = {"database.url": settings.database.url, "database.owner_url": settings.database.owner_url}
    for key, url in {**urls, "redis.url": settings.redis.url, "clickhouse.url": settings.clickhouse.url}.items():
        if unquote(urlsplit(url.get_secret_value()).password or "") in public:
            yield key, f"has a password that everybody knows, or none, which is not for {settings.environment}"


def _development_secrets() -> frozenset[str]:
    """The values that stand in the published file of the development environment."""
    values: list[object] = [tomllib.loads(_DEVELOPMENT.read_text("utf-8"))]
    found = set()
    while values:
        value = values.pop()
        if isinstance(value, dict):
            values += value.values()
        elif isinstance(value, list):
            values += value
        elif isinstance(value, str):
            found |= {value, unquote(urlsplit(value).password or "") if "://" in value else value}
    return frozenset(found)
