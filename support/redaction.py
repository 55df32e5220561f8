"""The one place that masks secrets in whatever the suite writes: evidence, results, terminal."""

import re

MASK = "[secret]"


def _in_any_case(word: str) -> str:
    # An expression that begins with known letters is looked for ten times as fast as one that ignores their case.
    return "".join(f"[{letter}{letter.upper()}]" if letter.isalpha() else letter for letter in word)


def _any_of(*words: str) -> str:
    return f"(?:{'|'.join(map(_in_any_case, words))})"


_KEY = _any_of(
    *("password", "passwd", "passphrase", "secret", "secret_access_key", "signing_key", "api_key", "api-key", "token")
)
_HEADER = _any_of("cookie", "authorization", "x-api-key")
_SCHEME = _any_of("basic", "digest", "negotiate", "apikey", "token")
_IS = r"""\\?["']?\s{0,9}[:=]\s{0,9}"""
_HEADER_IS = r"""\\?["']?\s{0,9}[:,]\s{0,9}b?\\?["']?"""
# What stands here for a value is no secret: it is masked already, by us or by the platform, or there is none.
_SOME = r"(?!\[secret\]|\*\*\*|None\b|null\b|True\b|False\b)"

# Each with what of it is kept. Evidence is long: no expression begins with what may stand anywhere, and what may be
# looked for in vain is bounded.
_PATTERNS = tuple(
    (re.compile(f"(?P<kept>{kept}){secret}"), rf"\g<kept>{MASK}")
    for kept, secret in (
        # A JSON Web Token; a password as the suite makes them; a private key.
        ("", r"eyJ[A-Za-z0-9_-]{5,2000}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"),
        ("", r"pw-[0-9a-f]{24}\b"),
        (r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----", r"(?!\[secret\])(?:(?!-----)[^\"'])+"),
        # The value beside a key that names a secret: within quotes, to their end, or within quotes that are escaped;
        # or as forms, connection strings and variables have it.
        (
            rf"{_KEY}(?:{_IS}(?:b?|\\)[\"']|=)",
            r"(?:(?<=\\[\"'])[^\"'\\]+|(?<=\")(?:\\.|[^\"\\\n])+|(?<=')(?:\\.|[^'\\\n])+"
            rf"|(?<==){_SOME}[^\s\"'\\&;,()\[\]{{}}]+)",
        ),
        # Headers, on a line of their own or as an entry of a dictionary or a list.
        (rf"{_HEADER}{_HEADER_IS}{_SCHEME}\s{{1,9}}", _SOME + r"[^\s\"'\\]+"),
        (rf"{_HEADER}{_HEADER_IS}", r"[^\s\"'\\=]{1,200}=[^\"'\\\r\n]+"),
        (rf"{_any_of('bearer')}[ .]{{1,9}}", r"[A-Za-z0-9._~+/=-]{8,}"),
        # Who signs in within an address: a password, or a token in the place of a name.
        (r"://[^/\s:@\"'?#]{0,400}:", r"(?!\[secret\]@|\*\*\*@)[^\s\"'/?#]{1,400}(?=@)"),
        (r"://", r"[^/\s:@\"'?#]{20,400}(?=@)"),
    )
)
_SECRET_KEY = re.compile(rf"(?:{_KEY}|{_HEADER})$")
_WORD = re.compile(r"[A-Za-z0-9_\-+/=~.]{12,}")

_known: set[str] = set()


def know_secret(secret: str) -> None:
    """Have a secret masked that no pattern recognises, for example an opaque refresh token."""
    if len(secret) >= 12:
        _known.add(secret)


def is_secret(key: str, value: object) -> bool:
    """Whether a value is to be masked for the name under which it stands."""
    return isinstance(value, str) and value != "" and _SECRET_KEY.search(key) is not None


def redact(text: str) -> str:
    """The text with every secret replaced by ``[secret]``."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    if _known.isdisjoint(_WORD.findall(text)):
        return text
    return _WORD.sub(lambda found: MASK if found[0] in _known else found[0], text)
