"""The crowd."""

from collections.abc import Iterator

import pytest

from support.load.socket_crowd import Crowd
from support.platform.dialect import Dialect


@pytest.fixture
def crowd() -> Iterator[Crowd]:
    """A crowd without anybody in it."""
    gathered = Crowd(Dialect())
    yield gathered
    gathered.close()
