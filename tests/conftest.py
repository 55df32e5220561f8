"""Servers that more than one part of the tests asks."""

from collections.abc import Iterator

import pytest

from tests.servers import ApiServer, EventServer


@pytest.fixture
def api() -> Iterator[ApiServer]:
    """A running HTTP server."""
    server = ApiServer()
    stop = server.start()
    yield server
    stop()


@pytest.fixture
def stream() -> Iterator[EventServer]:
    """A running WebSocket server."""
    server = EventServer()
    stop = server.start()
    yield server
    stop()
