"""`bin/stack` on a small stack that is kept."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.scenario.waiting import eventually
from support.stack.client import Stack, StackOptions
from tests.cli.conftest import Command


@pytest.fixture
def kept(checkout: Path) -> Iterator[Stack]:
    options = StackOptions(checkout, checkout / "reports" / "logs" / "kept", only=frozenset(("redis",)), keep=True)
    stack = Stack.start(options, progress=lambda _: None)
    yield stack
    Stack.end_kept(checkout)


def redis_pid(stack: Stack) -> int | None:
    return stack.services()[0].pid


def test_status_shows_each_service(command: Command, kept: Stack):
    shown = command("stack", "status")
    assert shown.returncode == 0
    assert "redis              ready" in shown.stdout
    assert f"pid {redis_pid(kept)}" in shown.stdout


def test_service_that_died_is_shown_and_started_again_by_up(command: Command, kept: Stack):
    died = redis_pid(kept)
    assert died is not None
    os.kill(died, signal.SIGKILL)
    eventually(lambda: redis_pid(kept), lambda pid: pid is None, within=5)
    shown = command("stack", "status")
    assert shown.returncode == 1
    assert "redis              died" in shown.stdout
    assert shown.stderr == "bin/stack: not ready: redis; bin/stack up starts what does not run\n"
    up = command("stack", "up")
    assert up.returncode == 0, up.stderr
    assert up.stdout.startswith("redis did not serve and was started again\n")
    assert command("stack", "status").returncode == 0
    assert redis_pid(kept) not in (None, died)


def test_service_is_restarted(command: Command, kept: Stack):
    before = redis_pid(kept)
    assert command("stack", "restart", "redis").returncode == 0
    assert redis_pid(kept) not in (None, before)


def test_unknown_service_is_refused(command: Command, kept: Stack):
    refused = command("stack", "restart", "rediss")
    assert refused.returncode == 2
    assert refused.stderr == "bin/stack: there is no service rediss; there are redis\n"


def test_down_ends_it(command: Command, kept: Stack):
    assert command("stack", "down").returncode == 0
    assert command("stack", "status").returncode == 1
    assert not kept.addresses.run_dir.exists()
