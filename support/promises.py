"""The list of promises, `support/promises.toml`."""

import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

_FILE = Path(__file__).with_name("promises.toml")


@cache
def known_promises() -> frozenset[str]:
    """The IDs of all promises. Keys of an issue tracker (OPS-123) may look like them."""
    return frozenset(_all())


def promise_among(tags: Iterable[str]) -> str:
    """The ID of the promise that a scenario's tags name; "" when they name none."""
    return next((tag for tag in tags if tag in known_promises()), "")


@cache
def _all() -> dict[str, dict[str, str]]:
    return {entry["id"]: entry for entry in tomllib.loads(_FILE.read_text("utf-8"))["promise"]}


def text_of(promise: str) -> str:
    """What a promise says; "" for none that is known."""
    return _all().get(promise, {}).get("text", "")


def category_of(promise: str) -> str:
    """The category that a promise belongs to; "" for none that is known."""
    return _all().get(promise, {}).get("category", "")
