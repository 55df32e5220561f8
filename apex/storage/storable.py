"""What can be kept: text without the characters that PostgreSQL has no place for, numbers that are numbers."""

from __future__ import annotations

import json
import math
from typing import Any

from pydantic_core import PydanticCustomError


def storable(value: Any) -> Any:
    """The value itself, whatever JSON value it is.

    Raises:
        PydanticCustomError: a text or key in it holds NUL or half a surrogate pair, or a number is not finite.
    """
    match value:
        case str():
            if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
                raise PydanticCustomError("unstorable_text", "Text must hold no NUL and no unpaired surrogate")
        case float() if not math.isfinite(value):
            raise PydanticCustomError("unstorable_number", "Numbers must be finite")
        case dict():
            for key, item in value.items():
                storable(key)
                storable(item)
        case list():
            for item in value:
                storable(item)
    return value


def kept(value: Any) -> Any:
    """What an agent has said, as the database keeps it: what cannot be kept is the agent's fault, not ours.

    Raises:
        ValueError: it is no JSON, or holds what has no place in the database.
        TypeError: it is no JSON.
    """
    return storable(json.loads(json.dumps(value)))
