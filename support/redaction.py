"""The one place that masks secrets in whatever the suite writes: evidence, results, terminal."""

import re

MASK = "[secret]"


def _in_any_case(word: str) -> str:
    # An expression that begins with known letters is looked for ten times as fast as one that ignores their case.
    return "".join(f"[{letter}{letter.upper()}]" if letter.isalpha() else letter for letter in word)


# A JSON Web Token; a password as the suite makes them; the value beside a key that names a secret. Evidence is long:
# no expression begins with what may stand anywhere.
_PATTERNS = (
    re.compile(r"eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"),
    re.compile(r"pw-[0-9a-f]{24}\b"),
)
_KEYS = "|".join(map(_in_any_case, ("password", "passwd", "secret", "secret_access_key", "signing_key", "token")))
_KEYED = re.compile(rf"""((?:{_KEYS})\\?["']?\s*[:=]\s*\\?["'])([^"'\\]+)""")
_BEARER = re.compile(rf"({_in_any_case('bearer')}[ .])([A-Za-z0-9._~+/=-]{{8,}})")
_CREDENTIALS_IN_URL = re.compile(r"(://[^/\s:@\"']*:)([^@\s\"'/]+)(@)")
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
    if _known.isdisjoint(_WORD.findall(text)):
        return text
    return _WORD.sub(lambda found: MASK if found[0] in _known else found[0], text)
