"""A kept stack outlives its run: one for each checkout, found and ended from wherever it is asked for."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from support.scenario.waiting import eventually
from support.settings import CHECKOUT, Settings
from support.stack import client, keeping
from support.stack.client import Fault, Stack, StackError
from tests.stack.conftest import MakeOptions
from tests.stack.traces import Run, nothing_is_left


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout of its own: one kept stack belongs to one checkout."""
    root = tmp_path / "checkout"
    (root / "support").mkdir(parents=True)
    (root / "apex").mkdir()
    (root / "targets").symlink_to(CHECKOUT / "targets")
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
    if checkout.exists():
        Stack.end_kept(checkout)
    nothing_is_left(base, within=0)


def attached(checkout: Path) -> Stack:
    stack = Stack.attach(checkout)
    assert stack is not None
    return stack


def test_a_kept_stack_is_attached_to_within_a_second(kept: Run, checkout: Path):
    begin = time.monotonic()
    stack = attached(checkout)
    assert [service.pid for service in stack.services()] == [kept.pids["redis"]]
    assert time.monotonic() - begin < 1
    stack.close()
    attached(checkout).wait_ready("redis")


def test_a_kept_stack_survives_the_kill_of_the_run_that_uses_it(options: MakeOptions, checkout: Path, base: Path):
    run = Run(options("redis", keep=True, checkout=checkout)).wait()
    run.signal(signal.SIGKILL)
    run.end()
    stack = attached(checkout)
    stack.wait_ready("redis")
    stack.stop_all()
    nothing_is_left(base, within=0)


def test_stopping_a_kept_stack_leaves_nothing(kept: Run, checkout: Path, base: Path):
    attached(checkout).stop_all()
    nothing_is_left(base, within=0)
    assert Stack.attach(checkout) is None


def test_nothing_is_attached_to_where_nothing_is_kept(tmp_path: Path):
    assert Stack.attach(tmp_path) is None
    assert not Stack.end_kept(tmp_path)


def test_a_kept_stack_that_was_killed_is_forgotten(kept: Run, checkout: Path, base: Path):
    os.kill(kept.supervisor, signal.SIGKILL)
    nothing_is_left(base)
    assert Stack.attach(checkout) is None


def test_changed_sources_make_a_kept_stack_stale(kept: Run, checkout: Path):
    stack = attached(checkout)
    assert not stack.is_stale(checkout)
    (checkout / "apex" / "settings.py").write_text("first = 2\n")
    assert stack.is_stale(checkout)
    (checkout / "apex" / "settings.py").write_text("first = 1\n")
    assert not stack.is_stale(checkout)


def test_a_checkout_keeps_one_stack(kept: Run, options: MakeOptions, checkout: Path):
    with pytest.raises(StackError, match="keeps a stack already"):
        Stack.start(options("redis", keep=True, checkout=checkout), progress=lambda _: None)


def test_who_asks_at_the_same_time_is_given_the_same_stack(options: MakeOptions, checkout: Path, base: Path):
    def keep(number: int) -> Path:
        wanted = options("redis", keep=True, checkout=checkout, log_dir=checkout / str(number))
        return Stack.keep(wanted, progress=lambda _: None).addresses.run_dir

    with ThreadPoolExecutor(4) as together:
        assert len(set(together.map(keep, range(4)))) == 1
    Stack.end_kept(checkout)
    nothing_is_left(base, within=0)


def test_a_stack_that_starts_is_seen_and_ended(options: MakeOptions, checkout: Path, base: Path):
    (checkout / "apex" / "auth").mkdir()
    (checkout / "apex" / "auth" / "__main__.py").write_text("import signal\nsignal.pause()\n")
    with ThreadPoolExecutor(1) as beside:
        starting = beside.submit(
            Stack.keep, options("auth", keep=True, checkout=checkout, log_dir=checkout / "logs"), lambda _: None
        )
        eventually(lambda: states(checkout), lambda found: found == ["starting"], within=20)
        assert Stack.end_kept(checkout)
        with pytest.raises(StackError, match="was told to stop while it started"):
            starting.result()
    nothing_is_left(base, within=0)


def states(checkout: Path) -> list[str]:
    stack = Stack.attach(checkout, wait=False)
    return [] if stack is None else [status.state for status in stack.services()]


def test_a_supervisor_that_does_not_answer_is_named_and_ended(
    kept: Run, checkout: Path, base: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(client, "_CONTROL_SECONDS", 0.2)
    os.kill(kept.supervisor, signal.SIGSTOP)
    with pytest.raises(StackError, match=rf"does not answer \(its supervisor is process {kept.supervisor}\)"):
        Stack.attach(checkout)
    assert Stack.end_kept(checkout)
    nothing_is_left(base, within=0)
    assert Stack.attach(checkout) is None


def test_a_moved_checkout_takes_its_stack_along(kept: Run, checkout: Path):
    moved = checkout.rename(checkout.with_name("moved"))
    assert attached(moved).is_stale(moved)
    assert Stack.end_kept(moved)


def test_a_copied_checkout_has_no_stack(kept: Run, checkout: Path):
    copy = shutil.copytree(checkout, checkout.with_name("copy"), symlinks=True)
    assert Stack.attach(copy) is None


def test_a_stack_is_found_through_a_symbolic_link(kept: Run, checkout: Path):
    link = checkout.with_name("link")
    link.symlink_to(checkout)
    assert attached(link).addresses.run_dir == kept.run_dir


def test_what_a_killed_run_left_broken_is_repaired(kept: Run, checkout: Path):
    stack = attached(checkout)
    stack.set_fault("redis", Fault("refuse"))
    os.kill(kept.pids["redis"], signal.SIGKILL)
    eventually(lambda: states(checkout), lambda found: found == ["died"], within=5)
    assert stack.repair() == ["redis"]
    assert states(checkout) == ["ready"]
    assert not any(link.fault for link in stack.links())
    assert stack.repair() == []


def test_a_fresh_run_leaves_the_logs_of_a_kept_stack_alone(
    options: MakeOptions, checkout: Path, base: Path, tmp_path: Path
):
    fresh, keeping_one = (Settings(stack=stack, reports=tmp_path / "reports") for stack in ("fresh", "keep"))
    Stack.keep(options("redis", checkout=checkout, keep=True, log_dir=keeping_one.log_directory), lambda _: None)
    log = keeping_one.log_directory / "redis.log"
    before = log.read_bytes()
    with Stack.start(options("redis", checkout=checkout, log_dir=fresh.log_directory), lambda _: None):
        assert before
        assert log.read_bytes() == before
    Stack.end_kept(checkout)
    nothing_is_left(base, within=0)


def test_the_name_of_a_stack_that_another_user_holds_is_not_trusted(checkout: Path):
    if os.geteuid() != 0:
        pytest.skip("only root can act as another user")
    program = (
        "import os, socket, sys; os.setuid(65534); held = socket.socket(socket.AF_UNIX); "
        "held.bind('\\0' + sys.argv[1]); held.listen(); input(print(flush=True))"
    )
    command = (sys.executable, "-c", program, keeping.address(checkout)[1:])
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(StackError, match=r"is held by process .* of another user"):
            Stack.attach(checkout)
        other.kill()
