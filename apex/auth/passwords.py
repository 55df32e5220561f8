"""Password and token hashes."""

from __future__ import annotations

import hashlib
import secrets
from typing import Literal

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from argon2.profiles import CHEAPEST, RFC_9106_LOW_MEMORY


class Passwords:
    """Argon2id hashes; ``minimum`` takes the library's cheapest parameters."""

    def __init__(self, cost: Literal["strong", "minimum"]) -> None:
        self._hasher = PasswordHasher.from_parameters(CHEAPEST if cost == "minimum" else RFC_9106_LOW_MEMORY)
        # Checked when the address is unknown, so that the time to refuse tells nothing.
        self._nobody = self._hasher.hash(secrets.token_urlsafe())

    def hash(self, password: str) -> str:
        return self._hasher.hash(password)

    def matches(self, password: str, stored: str | None) -> bool:
        """Whether the password is the stored one; takes as long when nothing is stored."""
        try:
            return self._hasher.verify(stored or self._nobody, password) and stored is not None
        except (VerifyMismatchError, InvalidHashError):
            return False


def new_secret() -> tuple[str, str]:
    """A random token for the customer, and the hash under which it is stored."""
    token = secrets.token_urlsafe(32)
    return token, fingerprint(token)


def fingerprint(token: str) -> str:
    """The hash of a random token (no salt needed: it has 256 bits)."""
    return hashlib.sha256(token.encode()).hexdigest()
