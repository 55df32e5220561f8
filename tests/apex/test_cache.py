"""The cache where there is none, or a damaged one: nobody waits for it, and nobody is refused because of it."""

import socket
import time
from collections.abc import Iterator

import pytest
import redis

from apex.storage.cache import Cache
from support.stack.client import Stack


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


@pytest.fixture
def address(stack: Stack) -> str:
    return stack.addresses.redis_url


@pytest.mark.parametrize("damaged", [b'{"a": ', b"\xff\xfe", b"", b"[1]"])
def test_what_is_damaged_is_not_there(address, damaged):
    cache = Cache(address)
    cache.put("tenant", "kind", "1", {"a": 1})
    assert cache.get("tenant", "kind", "1") == {"a": 1}
    with redis.Redis.from_url(address) as client:
        (key,) = client.keys("cache:tenant:*")
        client.set(key, damaged)
        assert cache.get("tenant", "kind", "1") is None
        client.flushall()
