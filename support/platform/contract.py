"""The contract of the live events as it is published: an AsyncAPI document, read like any customer reads it."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any


@cache
def schemas_of_frames(published: Path | None) -> Mapping[str, Mapping[str, Any]]:
    """The JSON schema of each type of frame that may come over a live connection; none where none are published."""
    if published is None:
        return {}
    messages = json.loads(published.read_text("utf-8"))["components"]["messages"]
    return {name: message["payload"] for name, message in messages.items()}
