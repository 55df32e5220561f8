"""What may be shown of a call's parameters and result, and what may be kept of a run: all but its secrets.

What is only shown in passing has its long values cut, with a note.
"""

from __future__ import annotations

import re
from typing import Any

MASK = "***"
_LONGEST_TEXT, _LONGEST_LIST, _MOST_MEMBERS = 200, 10, 20

_SECRET = r"secret|token|password|passwd|passphrase|pwd|credential|(?:api|access|private)[-_ ]?key|authorization|cookie"
_SECRET_NAME = re.compile(_SECRET, re.I)
# A name, a sign of assignment and a value, as JSON, forms and configuration files have them. What may be repeated is
# bounded: long texts without any secret are read in one go.
_ASSIGNED = rf"((?:{_SECRET})[\w.-]{{0,40}}\\?[\"']?\s{{0,9}}[=:]\s{{0,9}})"
# Secrets that stand in the middle of a text, under whatever name.
_SECRET_TEXTS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), MASK),
    (re.compile(r"(?<=://)[^\s/?#@\"']{1,400}@(?:[^\s/?#@\"']{1,400}@)?"), f"{MASK}@"),
    (re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{8,}", re.I), rf"\1 {MASK}"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), MASK),
    (re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"), MASK),
    # Headers: all that follows on the line.
    (re.compile(r"((?:cookie|authorization)\\?[\"']?\s{0,9}[:=]\s{0,9}\\?[\"']?)[^\r\n\"'\\]+", re.I), rf"\1{MASK}"),
    (re.compile(rf"{_ASSIGNED}(\\?[\"'])(?:\\.|(?!\2).)*", re.I | re.DOTALL), rf"\1\2{MASK}"),
    (re.compile(rf"{_ASSIGNED}[^\s&;,\"'\\][^\s&;,]*", re.I), rf"\1{MASK}"),
)


def shown(value: Any) -> Any:
    """The value as a customer may see it in passing."""
    return _without_secrets(value, "", cut=True)


def hidden(value: Any) -> Any:
    """The whole value, as it may be kept."""
    return _without_secrets(value, "", cut=False)


def _without_secrets(value: Any, name: str, *, cut: bool) -> Any:
    """``name`` is that under which the value stands."""
    if _SECRET_NAME.search(name):
        return MASK
    if isinstance(value, dict):
        members = list(value.items())
        first = members[:_MOST_MEMBERS] if cut else members
        kept = {masked(str(key)): _without_secrets(member, str(key), cut=cut) for key, member in first}
        return kept if len(first) == len(members) else {**kept, "...": f"{len(members) - len(first)} more"}
    if isinstance(value, list):
        some = value[:_LONGEST_LIST] if cut else value
        items = [_without_secrets(member, "", cut=cut) for member in some]
        return items if len(some) == len(value) else [*items, f"... {len(value) - len(some)} more"]
    if isinstance(value, str):
        text = masked(value)
        return text if len(text) <= _LONGEST_TEXT or not cut else f"{text[:_LONGEST_TEXT]}... ({len(text)} characters)"
    return value


def masked(text: str) -> str:
    """The text without the secrets that stand in it."""
    for pattern, replacement in _SECRET_TEXTS:
        text = pattern.sub(replacement, text)
    return text
