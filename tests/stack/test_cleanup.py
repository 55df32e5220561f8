"""However a run ends, nothing of it is left: no process, port, shared memory or directory."""

import os
import signal
import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest

from support.scenario.waiting import eventually
from support.stack import directories, orphans, processes
from support.stack.client import Stack, StackOptions
from support.stores import replication
from tests.stack.conftest import MakeOptions
from tests.stack.traces import Run, kill_everything, nothing_is_left, segments, shared_memory_of, traces


@pytest.fixture
def small(options: MakeOptions) -> StackOptions:
    """Stores with and without shared memory, and the cheapest of our own servers."""
    return options("redis", "postgres-primary", "partner")


def listens(url: str) -> bool:
    address = urlsplit(url)
    with socket.socket() as probe:
        return probe.connect_ex((address.hostname, address.port)) == 0


def test_the_traces_of_a_run_are_seen(small: StackOptions, base: Path):
    with Stack.start(small, progress=lambda _: None):
        found = traces(base)
    assert any("redis-server" in process for process in found.processes)
    assert any("postgres" in process for process in found.processes)
    assert found.run_dirs
    assert found.shared_memory
    nothing_is_left(base, within=0)


def test_an_orderly_end_frees_the_ports(small: StackOptions):
    with Stack.start(small, progress=lambda _: None) as stack:
        urls = [stack.addresses.redis_url, stack.addresses.postgres_observer_url, stack.addresses.partner_url]
        lines = [f"tcp://{line.address}" for line in stack.links()]
        assert all(listens(url) for url in (*urls, *lines))
    assert not any(listens(url) for url in (*urls, *lines))


def test_ctrl_c(small: StackOptions, base: Path):
    run = Run(small).wait()
    run.signal(signal.SIGINT)
    assert run.end() != 0
    nothing_is_left(base, within=0)


def test_kill_of_the_runner(small: StackOptions, base: Path):
    run = Run(small).wait()
    run.signal(signal.SIGKILL)
    run.end()
    nothing_is_left(base)


def test_kill_of_the_supervisor(small: StackOptions, base: Path):
    run = Run(small).wait()
    os.kill(run.supervisor, signal.SIGKILL)
    nothing_is_left(base)
    run.end()


def test_kill_of_runner_and_supervisor(small: StackOptions, base: Path):
    run = Run(small).wait()
    os.kill(run.supervisor, signal.SIGKILL)
    run.signal(signal.SIGKILL)
    nothing_is_left(base)
    run.end()


def test_kill_of_a_supervisor_whose_services_are_frozen(small: StackOptions, base: Path):
    run = Run(small).wait()
    for pid in run.pids.values():
        os.kill(pid, signal.SIGSTOP)
    os.kill(run.supervisor, signal.SIGKILL)
    nothing_is_left(base)
    run.end()


def test_orderly_end_with_frozen_services(small: StackOptions, base: Path):
    with Stack.start(small, progress=lambda _: None) as stack:
        for name in ("redis", "postgres-primary", "partner"):
            stack.freeze(name)
    nothing_is_left(base, within=0)


def test_shared_memory_of_a_killed_postgres_is_removed(small: StackOptions, base: Path):
    with Stack.start(small, progress=lambda _: None) as stack:
        noted = shared_memory_of(base)
        stack.kill("postgres-primary")
        assert len(noted) == 1
        assert noted <= segments()
    assert not noted & segments()


def test_kill_of_the_runner_while_the_stack_starts(small: StackOptions, base: Path):
    died = os.fork()
    if died == 0:
        Stack.start(small, progress=lambda _: os.kill(os.getpid(), signal.SIGKILL))
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(died, 0)[1]) == -signal.SIGKILL
    nothing_is_left(base)


def test_the_kernel_ends_services_when_nobody_else_is_left_to_do_it(small: StackOptions, base: Path):
    run = Run(small).wait()
    kill_everything(run)
    eventually(lambda: traces(base).processes, lambda found: not found, within=10)
    assert run.run_dir.is_dir()
    # A dying process gives its name and place back before its files, and with these the lock.
    eventually(lambda: directories.is_owned(run.run_dir), lambda owned: not owned, within=10)
    assert orphans.sweep(base) == [run.run_dir]
    nothing_is_left(base, within=0)


def test_the_next_run_clears_what_is_left(small: StackOptions, base: Path, options: MakeOptions):
    run = Run(small).wait()
    frozen = run.pids["postgres-primary"]
    os.kill(frozen, signal.SIGSTOP)
    kill_everything(run)
    assert processes.identity_of(frozen) is not None
    unfinished = base / "cache" / f"{directories.MAKING}999999999-x"
    unfinished.mkdir()
    with Stack.start(options("redis"), progress=lambda _: None):
        assert processes.identity_of(frozen) is None
        assert not run.run_dir.exists()
        assert not unfinished.exists()
    nothing_is_left(base, within=0)


def test_a_sweep_leaves_living_runs_alone(small: StackOptions, base: Path):
    with Stack.start(small, progress=lambda _: None) as stack:
        assert orphans.sweep(base) == []
        stack.wait_ready("redis")
        stack.wait_ready("postgres-primary")


def test_two_runs_at_once_do_not_disturb_each_other(options: MakeOptions, base: Path, tmp_path: Path):
    services = ("redis", "postgres-primary")
    run = Run(options(*services, log_dir=tmp_path / "first")).wait()
    with Stack.start(options(*services, log_dir=tmp_path / "second"), progress=lambda _: None) as second:
        assert second.addresses.run_dir != run.run_dir
        assert {status.pid for status in second.services()}.isdisjoint(run.pids.values())
        second.kill("redis")
        second.start_service("redis")
        run.signal(signal.SIGKILL)
        run.end()
        eventually(run.run_dir.exists, lambda there: not there, within=10)
        for name in services:
            second.wait_ready(name)
    nothing_is_left(base, within=0)


def test_first_runs_at_once_make_the_cache_once(options: MakeOptions, fresh_base: Path, tmp_path: Path):
    base = fresh_base
    started = [
        Run(options("postgres-primary", base_dir=base, log_dir=tmp_path / str(number))) for number in range(2)
    ]  # fmt: skip
    runs = [run.wait() for run in started]
    assert all(run.end() == 0 for run in runs)
    assert len(list((base / "cache").glob("postgresql-*"))) == 2
    assert not list((base / "cache").glob(f"{directories.MAKING}*"))
    nothing_is_left(base, within=0)


def test_kill_of_the_runner_in_the_middle_of_a_failover(options: MakeOptions, base: Path):
    died = os.fork()
    if died == 0:
        stack = Stack.start(options("postgres-primary", "postgres-replica"), progress=lambda _: None)
        stack.kill("postgres-primary")
        world: Any = SimpleNamespace(addresses=stack.addresses)
        replication.value(world, replication.REPLICA, "select pg_promote(false)")
        os.kill(os.getpid(), signal.SIGKILL)
    assert os.waitstatus_to_exitcode(os.waitpid(died, 0)[1]) == -signal.SIGKILL
    nothing_is_left(base)
