"""The one place that masks secrets in whatever the suite writes: evidence, results, terminal."""

import re

MASK = "[secret]"

# A JSON Web Token; a password as the suite makes them; the value beside a key that names a secret.
_PATTERNS = (
    re.compile(r"\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"),
    re.compile(r"\bpw-[0-9a-f]{24}\b"),
)
_KEYED = re.compile(
    r"""((?:password|secret|passwd|(?:access_|refresh_|session_|invitation_)?token|signing_key|secret_access_key)"""
    r"""\\?["']?\s*[:=]\s*\\?["'])([^"'\\]+)""",
    re.IGNORECASE,
)
_BEARER = re.compile(r"\b(bearer[ .])([A-Za-z0-9._~+/=-]{8,})", re.IGNORECASE)
_CREDENTIALS_IN_URL = re.compile(r"(\w+://[^/\s:@\"']*:)([^@\s\"'/]+)(@)")
_WORD = re.compile(r"[A-Za-z0-9_\-+/=~.]{12,}")

_known: set[str] = set()


def know_secret(secret: str) -> None:
    """Have a secret masked that no pattern recognises, for example an opaque refresh token."""
    if len(secret) >= 12:
        _known.add(secret)


def redact(text: str) -> str:
    """The text with every secret replaced by ``[secret]``."""
    for pattern in _PATTERNS:
        text = pattern.sub(MASK, text)
    text = _KEYED.sub(rf"\g<1>{MASK}", text)
    text = _BEARER.sub(rf"\g<1>{MASK}", text)
    text = _CREDENTIALS_IN_URL.sub(rf"\g<1>{MASK}\g<3>", text)
    return _WORD.sub(lambda found: MASK if found[0] in _known else found[0], text)
