"""Platforms without accounts of their own: whoever deploys them makes the tokens, and here the suite does."""

import time
import uuid
from collections.abc import Mapping
from typing import Any, ClassVar

import jwt

from support.platform import values
from support.platform.dialect import Meaning
from support.platform.driver import Caller, NewAccount
from support.platform.http import HttpDriver, Recorder
from support.platform.outcome import Outcome

_PEOPLE = uuid.UUID("5f0c3f43-2b7e-4ad2-9d0b-8b1c3a6f8f10")
"""The namespace of users' ids, which are made from their addresses."""
_SESSION_SECONDS = 3600.0


class MintingDriver(HttpDriver):
    """Makes tokens with the key of the stack; ``claims`` are those that the platform wants besides."""

    claims: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, services: Mapping[str, str], record: Recorder | None = None, *, signing_key: str = "") -> None:
        super().__init__(services, record)
        self._signing_key = signing_key

    def provide(self, who: Caller, account: NewAccount) -> Outcome:
        identity = str(uuid.uuid5(_PEOPLE, account.email))
        return _made(
            values.Account(
                user_id=identity,
                tenant_id=identity,
                email=account.email,
                display_name=account.display_name,
                role=account.role,
                organisation=account.organisation,
            )
        )

    def log_in(
        self,
        who: Caller,
        *,
        email: str,
        password: str,
        expires_in: float | None = None,
        device_token: str | None = None,
    ) -> Outcome:
        claims = {
            **self.claims,
            "sub": str(uuid.uuid5(_PEOPLE, email)),
            "jti": uuid.uuid4().hex,
            "exp": time.time() + (expires_in or _SESSION_SECONDS),
        }
        return _made(values.Session(jwt.encode(claims, self._signing_key, "HS256")))


def _made(value: Any) -> Outcome:
    """What is made here, without asking the platform."""
    return Outcome("-", "-", 200, text="{}", meaning=Meaning.DONE, read=lambda _: value)
