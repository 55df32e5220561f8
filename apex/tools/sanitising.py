"""What a customer may be shown of a call's parameters and result: secrets masked, long values cut with a note."""

from __future__ import annotations

import re
from typing import Any

MASK = "***"
_LONGEST_TEXT, _LONGEST_LIST, _MOST_MEMBERS = 200, 10, 20

_SECRET_NAME = re.compile(r"secret|token|password|passphrase|credential|api_?key|private_?key|authorization", re.I)
# Secrets that stand in the middle of a text, under whatever name.
_SECRET_TEXTS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), MASK),
    (re.compile(r"(?<=://)[^\s/@]+:[^\s/@]+(?=@)"), MASK),
    (re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{8,}", re.I), rf"\1 {MASK}"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), MASK),
    (re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"), MASK),
    (re.compile(r"\b(password|passphrase|secret|token|api[_-]?key)(\s*[=:]\s*)[^\s&;,]+", re.I), rf"\1\2{MASK}"),
)


def shown(value: Any, name: str = "") -> Any:
    """The value as a customer may see it; ``name`` is that under which it stands."""
    if _SECRET_NAME.search(name):
        return MASK
    if isinstance(value, dict):
        members = list(value.items())
        kept = {key: shown(member, str(key)) for key, member in members[:_MOST_MEMBERS]}
        return kept if len(members) <= _MOST_MEMBERS else {**kept, "...": f"{len(members) - _MOST_MEMBERS} more"}
    if isinstance(value, list):
        items = [shown(member) for member in value[:_LONGEST_LIST]]
        return items if len(value) <= _LONGEST_LIST else [*items, f"... {len(value) - _LONGEST_LIST} more"]
    if isinstance(value, str):
        text = masked(value)
        return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}... ({len(text)} characters)"
    return value


def masked(text: str) -> str:
    """The text without the secrets that stand in it."""
    for pattern, replacement in _SECRET_TEXTS:
        text = pattern.sub(replacement, text)
    return text
