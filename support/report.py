"""The page for readers: categories, features with their business value, promises, scenarios, evidence."""

from collections.abc import Mapping
from typing import Any


def render(results: Mapping[str, Any]) -> str:
    return ""
