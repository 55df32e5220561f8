"""How Redis is reached: with the password of the moment, which may be replaced while the platform runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

from redis.credentials import CredentialProvider

RedisAddress = str | Callable[[], str]
"""A URL, or what gives the URL that is configured at the time."""


def connecting(address: RedisAddress) -> dict[str, Any]:
    """What a client, or a pool, is to be made from (``from_url``)."""
    if isinstance(address, str):
        return {"url": address}
    parts = urlsplit(address())
    return {
        "url": parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl(),
        "credential_provider": _Configured(address),
    }


class _Configured(CredentialProvider):
    """Asked at each new connection."""

    def __init__(self, address: Callable[[], str]) -> None:
        self._address = address

    def get_credentials(self) -> tuple[str] | tuple[str, str]:
        parts = urlsplit(self._address())
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        return (user, password) if user else (password,)

    async def get_credentials_async(self) -> tuple[str] | tuple[str, str]:
        return self.get_credentials()
