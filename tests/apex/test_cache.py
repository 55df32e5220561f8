"""The cache where there is none: nobody waits for it, and nobody is refused because of it."""

import socket
import time
from collections.abc import Iterator

import pytest

from apex.cache import Cache


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a server that takes connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


def test_a_cache_that_is_not_there_is_empty():
    cache = Cache("redis://127.0.0.1:1/0")
    cache.put("tenant", "kind", "1", {"a": 1})
    assert cache.get("tenant", "kind", "1") is None


def test_a_silent_cache_is_waited_for_once(silent):
    cache = Cache(silent)
    assert cache.get("tenant", "kind", "1") is None
    began = time.monotonic()
    for version in range(50):
        assert cache.get("tenant", "kind", str(version)) is None
        cache.put("tenant", "kind", str(version), {})
    # Fifty times the patience would be twelve seconds.
    assert time.monotonic() - began < 5
