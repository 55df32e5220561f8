"""The crowd."""

from collections.abc import Iterator

import pytest

from support.load.socket_crowd import SocketCrowd
from support.platform.dialect import Dialect


@pytest.fixture
def crowd() -> Iterator[SocketCrowd]:
    """A crowd without anybody in it."""
    gathered = SocketCrowd(Dialect())
    yield gathered
    gathered.close()
