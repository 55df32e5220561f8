"""A kept stack outlives its run; the next run attaches at once and is told when its sources have changed."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.settings import CHECKOUT
from support.stack.client import Stack, StackError
from tests.stack.conftest import MakeOptions
from tests.stack.traces import Run, nothing_is_left


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout of its own: one kept stack belongs to one checkout."""
    root = tmp_path / "checkout"
    (root / "support").mkdir(parents=True)
    (root / "apex").mkdir()
    (root / "apex" / "settings.py").write_text("first = 1\n")
    for entry in (CHECKOUT / "support").iterdir():
        (root / "support" / entry.name).symlink_to(entry)
    return root


@pytest.fixture
def kept(options: MakeOptions, checkout: Path, base: Path) -> Iterator[Run]:
    """A run that ended in order and left its stack."""
    run = Run(options("redis", keep=True, checkout=checkout)).wait()
    assert run.end() == 0
    yield run
    left = Stack.attach(checkout, base)
    if left is not None:
        left.stop_all()
    nothing_is_left(base, within=0)


def test_a_kept_stack_is_attached_to_within_a_second(kept: Run, checkout: Path, base: Path):
    begin = time.monotonic()
    stack = Stack.attach(checkout, base)
    assert stack is not None
    assert [service.pid for service in stack.services()] == [kept.pids["redis"]]
    assert time.monotonic() - begin < 1
    stack.close()
    again = Stack.attach(checkout, base)
    assert again is not None
    again.wait_ready("redis")


def test_a_kept_stack_survives_the_kill_of_the_run_that_uses_it(options: MakeOptions, checkout: Path, base: Path):
    run = Run(options("redis", keep=True, checkout=checkout)).wait()
    run.signal(signal.SIGKILL)
    run.end()
    stack = Stack.attach(checkout, base)
    assert stack is not None
    stack.wait_ready("redis")
    stack.stop_all()
    nothing_is_left(base, within=0)


def test_stopping_a_kept_stack_leaves_nothing(kept: Run, checkout: Path, base: Path):
    stack = Stack.attach(checkout, base)
    assert stack is not None
    stack.stop_all()
    nothing_is_left(base, within=0)
    assert Stack.attach(checkout, base) is None


def test_nothing_is_attached_to_where_nothing_is_kept(base: Path, tmp_path: Path):
    assert Stack.attach(tmp_path, base) is None


def test_a_kept_stack_that_was_killed_is_forgotten(kept: Run, checkout: Path, base: Path):
    os.kill(kept.supervisor, signal.SIGKILL)
    nothing_is_left(base)
    assert Stack.attach(checkout, base) is None
    assert not list((base / "kept").iterdir())


def test_changed_sources_make_a_kept_stack_stale(kept: Run, checkout: Path, base: Path):
    stack = Stack.attach(checkout, base)
    assert stack is not None
    assert not stack.is_stale(checkout)
    (checkout / "apex" / "settings.py").write_text("first = 2\n")
    assert stack.is_stale(checkout)
    (checkout / "apex" / "settings.py").write_text("first = 1\n")
    assert not stack.is_stale(checkout)


def test_a_checkout_keeps_one_stack(kept: Run, options: MakeOptions, checkout: Path):
    with pytest.raises(StackError, match="keeps a stack already"):
        Stack.start(options("redis", keep=True, checkout=checkout), progress=lambda _: None)
