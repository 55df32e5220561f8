"""Servers that more than one part of the tests asks, and the order in which workers share out the tests."""

import signal
from collections.abc import Iterator

import pytest

from support.surroundings import command_environment, replace_environment
from tests.servers import ApiServer, EventServer

# Whoever calls pytest itself has the surroundings that they would have through bin/test.
replace_environment(command_environment())
# What shells run in the background ignores Ctrl-C, and with nohup a lost terminal; commands heed that. Here they are
# to be interrupted.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# These start services of their own and take the longest. Begun first, they leave the quick ones for the end, when one
# worker would otherwise wait for the other.
_LONGEST = ("tests/stack/test_cleanup.py", "tests/run", "tests/published", "tests/stack", "tests/apex")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the longest first where workers share the tests, which is not for one process alone."""
    if hasattr(config, "workerinput"):
        items.sort(
            key=lambda item: next(
                (n for n, place in enumerate(_LONGEST) if item.nodeid.startswith(place)), len(_LONGEST)
            )
        )


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
