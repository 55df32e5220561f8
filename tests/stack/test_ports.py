"""Ports are reserved for one run at a time, and a range that is used up is told in one line.

The ranges lie below those of real stacks, which may be at work beside the tests.
"""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from support.settings import CHECKOUT
from support.stack.client import Stack, StackError
from support.stack.ports import PortRange
from support.surroundings import base_environment
from tests.stack.conftest import MakeOptions


@pytest.fixture
def claims(tmp_path: Path) -> str:
    """A name for the claims of one test, which keeps them apart from those of real stacks."""
    return str(tmp_path)[-80:]


def test_two_runs_are_never_given_the_same_port(claims: str):
    first, second = (PortRange(12000, 12019, claims) for _ in range(2))
    taken = [run.reserve() for _ in range(10) for run in (first, second)]
    assert sorted(taken) == list(range(12000, 12020))


def test_a_used_up_range_is_one_clear_line(claims: str):
    ports = PortRange(12000, 12001, claims)
    ports.reserve()
    ports.reserve()
    with pytest.raises(StackError) as told:
        ports.reserve()
    assert str(told.value) == "no free port left in the range 12000-12001 on 127.0.0.1; give a wider range"


def test_a_released_port_is_given_again(claims: str):
    ports = PortRange(12000, 12000, claims)
    for _ in range(2):
        ports.release(ports.reserve())
    assert ports.reserve() == 12000


def test_the_end_of_a_run_frees_its_ports(claims: str):
    first = PortRange(12000, 12000, claims)
    first.reserve()
    first.close()
    assert PortRange(12000, 12000, claims).reserve() == 12000


def test_a_port_on_which_somebody_listens_is_passed_over(claims: str):
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        port = somebody.getsockname()[1]
        with pytest.raises(StackError, match="no free port left"):
            PortRange(port, port, claims).reserve()


@pytest.mark.parametrize(("low", "high"), [(80, 90), (30000, 20000), (60000, 70000)])
def test_a_range_that_makes_no_sense_is_refused(claims: str, low: int, high: int):
    with pytest.raises(StackError, match="must lie within 1024-65535"):
        PortRange(low, high, claims)


def test_a_stack_for_which_the_range_is_too_small_does_not_start(options: MakeOptions):
    with pytest.raises(StackError, match=r"^no free port left in the range 12000-12003 on 127\.0\.0\.1"):
        Stack.start(options("redis", ports=(12000, 12003)), progress=lambda _: None)


def test_runs_with_other_temporary_folders_are_given_other_ports(claims: str, tmp_path: Path):
    program = (
        "import sys; from support.stack.ports import PortRange\n"
        "ports = PortRange(12000, 12001, sys.argv[1]); print(ports.reserve(), flush=True); sys.stdin.read()"
    )
    environment = base_environment() | {"TMPDIR": str(tmp_path)}
    command = (sys.executable, "-c", program, claims)
    with subprocess.Popen(
        command, cwd=CHECKOUT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert {int(other.stdout.readline()), PortRange(12000, 12001, claims).reserve()} == {12000, 12001}
