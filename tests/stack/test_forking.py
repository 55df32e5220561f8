"""A service that was forked cannot be told from one that was started as `python -m`."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from support.scenario.waiting import eventually
from support.settings import CHECKOUT
from support.stack.client import Stack, StackOptions
from support.stack.ports import PortRange
from support.surroundings import base_environment
from tests.stack.endings import WAYS

BOTH = ("forked", "spawned")


class Started:
    """A module that `tests.stack.starter` has started."""

    def __init__(self, way: str, log: Path, *command: str) -> None:
        self.log = log
        self._starter = subprocess.Popen(
            (sys.executable, "-m", "tests.stack.starter", way, str(log), *command),
            cwd=CHECKOUT, env=base_environment(), stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._starter.stdout is not None
        self.pid = int(self._starter.stdout.readline())

    def signal(self, number: int) -> None:
        """Send it a signal, unless its end is known already."""
        if self._starter.returncode is None:
            os.kill(self.pid, number)

    def exit_code(self) -> int:
        """Wait for the end."""
        assert self._starter.stdout is not None
        code = int(self._starter.stdout.readline())
        self._starter.communicate(timeout=10)
        return code


@pytest.fixture
def both(tmp_path: Path) -> Callable[..., tuple[Started, Started]]:
    """Starts a module both ways: forked, spawned."""

    def start(*command: str) -> tuple[Started, Started]:
        forked, spawned = (Started(way, tmp_path / f"{way}.log", *command) for way in BOTH)
        return forked, spawned

    return start


Both = Callable[..., tuple[Started, Started]]


def test_what_a_process_finds_itself_to_be(both: Both):
    started = both("tests.stack.self_portrait", "--name", "two words", "ä")
    assert [each.exit_code() for each in started] == [0, 0]
    forked, spawned = (json.loads(each.log.read_text()) for each in started)
    assert forked == spawned
    assert forked["command line"].endswith("-m tests.stack.self_portrait --name two words ä")
    assert forked["modules of the suite"] == []


@pytest.mark.parametrize("way", WAYS)
def test_how_a_process_ends(both: Both, way: str):
    started = both("tests.stack.endings", way)
    forked, spawned = (each.exit_code() for each in started)
    assert forked == spawned
    said = [each.log.read_text().splitlines() for each in started]
    # A traceback begins where the interpreter began, which is elsewhere; it must not end elsewhere.
    assert said[0][-3:] == said[1][-3:]
    assert [line for line in said[0] if "Error" in line] == [line for line in said[1] if "Error" in line]


def test_a_start_that_is_refused(both: Both, tmp_path: Path):
    config = tmp_path / "apex.toml"
    config.write_text('environment = "nowhere"\n')
    started = both("apex.backend", "--config", str(config))
    assert [each.exit_code() for each in started] == [78, 78]
    forked, spawned = (each.log.read_text() for each in started)
    assert forked == spawned
    assert "start refused" in forked


@pytest.fixture(scope="module")
def stores(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """What the platform needs, without the platform."""
    names = frozenset(("postgres-primary", "postgres-replica", "redis"))
    options = StackOptions(CHECKOUT, tmp_path_factory.mktemp("logs"), base_dir=base, only=names)
    with Stack.start(options, progress=lambda _: None) as stack:
        yield stack


@contextmanager
def serving(stores: Stack, folder: Path, way: str) -> Iterator[tuple[Started, str]]:
    """The backend, started one way on the stores; gives it and its address."""
    ports = PortRange(20000, 29999)
    port = ports.reserve()
    config = str(stores.addresses.run_dir / "apex" / "apex.toml")
    started = Started(
        way, folder / f"{way}.log", "apex.backend", "--config", config, "--instance", "one", "--port", str(port)
    )
    try:
        yield started, f"http://127.0.0.1:{port}"
    finally:
        started.signal(signal.SIGKILL)
        ports.close()


def is_ready(url: str) -> bool:
    try:
        return requests.get(f"{url}/health/ready", timeout=5).ok
    except requests.ConnectionError:
        return False


def wait_until_ready(url: str) -> None:
    eventually(lambda: is_ready(url), bool, within=20)


def seen(url: str) -> dict[str, Any]:
    """What a customer and an operator see of a service."""
    metrics = requests.get(f"{url}/metrics", timeout=5).text
    return {
        "health": [requests.get(f"{url}/health/{probe}", timeout=5).json() for probe in ("live", "ready", "startup")],
        "metrics": sorted(line for line in metrics.splitlines() if line.startswith("# TYPE")),
        "contract": requests.get(f"{url}/openapi.json", timeout=5).json(),
    }


def log_shape(log: Path) -> list[tuple[str, list[str]]]:
    """Each line's event with the names of what it holds."""
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    return [(line["event"], sorted(line)) for line in lines]


def test_the_backend_serves_and_ends_in_order(stores: Stack, tmp_path: Path):
    views, shapes, codes = [], [], []
    # The first to start makes the schema and says so.
    with serving(stores, tmp_path, "spawned") as (started, url):
        wait_until_ready(url)
        started.signal(signal.SIGTERM)
        started.exit_code()
        started.log.unlink()
    for way in BOTH:
        with serving(stores, tmp_path, way) as (started, url):
            wait_until_ready(url)
            views.append(seen(url))
            started.signal(signal.SIGTERM)
            codes.append(started.exit_code())
            shapes.append(log_shape(started.log))
    assert views[0] == views[1]
    assert shapes[0] == shapes[1]
    assert codes[0] == codes[1]


@pytest.mark.parametrize("way", BOTH)
def test_the_backend_is_killed(stores: Stack, tmp_path: Path, way: str):
    with serving(stores, tmp_path, way) as (started, url):
        wait_until_ready(url)
        started.signal(signal.SIGKILL)
        assert started.exit_code() == -signal.SIGKILL
        assert not is_ready(url)
