"""The contract of the live events as it is published: an AsyncAPI document, read like any customer reads it."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from support.settings import CHECKOUT

_PUBLISHED = CHECKOUT / "apex" / "contract" / "asyncapi.json"


@cache
def schemas_of_frames() -> Mapping[str, Mapping[str, Any]]:
    """The JSON schema of each type of frame that may come over a live connection."""
    messages = json.loads(_PUBLISHED.read_text("utf-8"))["components"]["messages"]
    return {name: message["payload"] for name, message in messages.items()}
