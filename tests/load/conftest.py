"""The crowd."""

from collections.abc import Iterator

import pytest

from support.load.socket_crowd import SocketCrowd
from support.platform.target import Target


@pytest.fixture
def crowd() -> Iterator[SocketCrowd]:
    """A crowd without anybody in it."""
    gathered = SocketCrowd(Target.load("apex"))
    yield gathered
    gathered.close()
