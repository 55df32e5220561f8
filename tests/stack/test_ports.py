"""Ports are reserved for one run at a time, and a range that is used up is told in one line."""

import socket
from pathlib import Path

import pytest

from support.stack.client import Stack, StackError
from support.stack.ports import PortRange
from tests.stack.conftest import MakeOptions


def test_two_runs_are_never_given_the_same_port(tmp_path: Path):
    first, second = (PortRange(21000, 21019, tmp_path / "lock") for _ in range(2))
    taken = [run.reserve() for _ in range(10) for run in (first, second)]
    assert sorted(taken) == list(range(21000, 21020))


def test_a_used_up_range_is_one_clear_line(tmp_path: Path):
    ports = PortRange(21000, 21001, tmp_path / "lock")
    ports.reserve()
    ports.reserve()
    with pytest.raises(StackError) as told:
        ports.reserve()
    assert str(told.value) == "no free port left in the range 21000-21001 on 127.0.0.1; give a wider range"


def test_a_released_port_is_given_again(tmp_path: Path):
    ports = PortRange(21000, 21000, tmp_path / "lock")
    for _ in range(2):
        ports.release(ports.reserve())
    assert ports.reserve() == 21000


def test_the_end_of_a_run_frees_its_ports(tmp_path: Path):
    first = PortRange(21000, 21000, tmp_path / "lock")
    first.reserve()
    first.close()
    assert PortRange(21000, 21000, tmp_path / "lock").reserve() == 21000


def test_a_port_on_which_somebody_listens_is_passed_over(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        port = somebody.getsockname()[1]
        with pytest.raises(StackError, match="no free port left"):
            PortRange(port, port, tmp_path / "lock").reserve()


@pytest.mark.parametrize(("low", "high"), [(80, 90), (30000, 20000), (60000, 70000)])
def test_a_range_that_makes_no_sense_is_refused(tmp_path: Path, low: int, high: int):
    with pytest.raises(StackError, match="must lie within 1024-65535"):
        PortRange(low, high, tmp_path / "lock")


def test_a_stack_for_which_the_range_is_too_small_does_not_start(options: MakeOptions):
    with pytest.raises(StackError, match=r"^no free port left in the range 21000-21003 on 127\.0\.0\.1"):
        Stack.start(options("redis", ports=(21000, 21003)), progress=lambda _: None)
