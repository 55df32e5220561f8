"""`bin/stack` on a small stack that is kept."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.scenario.waiting import eventually
from support.stack.client import Stack, StackOptions
from support.surroundings import base_environment
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


def test_reader_that_has_read_enough_is_no_error(checkout: Path, kept: Stack):
    line = [sys.executable, "-m", "support.cli.stack", "status"]
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        line, cwd=checkout, env=base_environment(), stdout=writing, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, "")


def test_interrupted_up_leaves_nothing(checkout: Path):
    line = [sys.executable, "-m", "support.cli.stack", "up"]
    with subprocess.Popen(
        line, cwd=checkout, env=base_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as up:
        eventually(lambda: Stack.attach(checkout, wait=False), lambda found: found is not None, within=20)
        up.send_signal(signal.SIGINT)
        _, said = up.communicate()
    assert (up.returncode, said) == (130, b"bin/stack: interrupted\n")
    assert Stack.attach(checkout) is None
