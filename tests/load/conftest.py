"""A live stream to be crowded, and the crowd."""

from collections.abc import Iterator

import pytest

from support.crowds import Crowd
from support.dialect import Dialect
from tests.core.servers import EventServer


@pytest.fixture
def stream() -> Iterator[EventServer]:
    """A running WebSocket server."""
    server = EventServer()
    stop = server.start()
    yield server
    stop()


@pytest.fixture
def crowd() -> Iterator[Crowd]:
    """A crowd without anybody in it."""
    gathered = Crowd(Dialect())
    yield gathered
    gathered.close()
