"""What every report is made of: values without secrets that a terminal, JSON and XML can hold and people can read."""

import re
from collections.abc import Mapping
from typing import Any

from support.redaction import MASK, is_secret, redact

LONGEST = 20_000
_HEAD, _TAIL = 15_000, 4_900

# Colours and other commands to a terminal.
_COMMAND = re.compile(r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-Z\\^-~]")
# Half a character, and what XML has no place for, however it is written.
_UNWRITABLE = re.compile("[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def reported(value: Any) -> Any:
    """A text, or whatever texts a value holds, as reports have it.

    Commands to a terminal are left out, characters that cannot be written are shown as Python writes them (``\\x00``),
    secrets are masked, and of a huge text the beginning and the end are kept. What was reported already stays as it is.
    """
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return {
            _text(str(key)): MASK if is_secret(str(key), entry) else reported(entry) for key, entry in value.items()
        }
    if isinstance(value, list | tuple):
        return type(value)(map(reported, value))
    return value


def _text(text: str) -> str:
    # First to what is looked through in no time, but far more than is kept: no secret that is shown is cut in two.
    plain = text if len(text) <= 20 * LONGEST else f"{text[: 10 * _HEAD]}\n{text[-10 * _TAIL :]}"
    plain = _UNWRITABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), _COMMAND.sub("", plain))
    masked = redact(plain)
    if len(masked) <= LONGEST:
        return masked
    return f"{masked[:_HEAD]}\n... cut here: the whole is {len(text)} characters long ...\n{masked[-_TAIL:]}"
