"""Responses as the platform would give them."""

import json
from typing import Any

from hamcrest.core.matcher import Matcher
from hamcrest.core.string_description import StringDescription

from support.platform.drivers.apex import DIALECT
from support.platform.outcome import Outcome

PLACE = "GET /v1/things"


def response(status: int | None, body: Any = None, *, sent_at: float = 0.0, **headers: str) -> Outcome:
    """A response; ``status`` None: there was none. Header names with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    text = "" if body is None else json.dumps(body)
    return Outcome("GET", "/", status, named, text, meaning=DIALECT.meaning(status or 599), sent_at=sent_at)


def mismatch(matcher: Matcher[Any], item: Any) -> str:
    """How the item fails the matcher; it must."""
    described = StringDescription()
    assert not matcher.matches(item)
    matcher.describe_mismatch(item, described)
    return str(described)
