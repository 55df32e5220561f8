"""Each fault of a link does what it says, to open connections and to new ones, and heals."""

import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.scenario.waiting import eventually
from support.settings import CHECKOUT
from support.stack import wire
from support.stack.errors import StackError
from support.stack.fault import Fault
from support.stack.ports import PortRange
from support.surroundings import base_environment
from tests.stack.network import Customer, EchoServer, customer, fate_of_a_newcomer

SetFault = Callable[[Fault | None], None]


@pytest.fixture(scope="module")
def proxies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The control socket of a process of links."""
    control = tmp_path_factory.mktemp("proxies") / "control.sock"
    process = subprocess.Popen(
        (sys.executable, "-m", "support.stack.proxies", str(control)), cwd=CHECKOUT, env=base_environment()
    )
    eventually(lambda: answers(control), lambda answered: answered, within=10)
    yield control
    process.terminate()
    process.wait(10)


def answers(control: Path) -> bool:
    try:
        wire.ask(control, "status", 5)
    except StackError:
        return False
    return True


@pytest.fixture
def server() -> Iterator[EchoServer]:
    echo = EchoServer()
    yield echo
    echo.close()


@pytest.fixture
def port(proxies: Path, server: EchoServer) -> Iterator[int]:
    """A link to the echo server."""
    ports = PortRange(20000, 29999)
    reserved = ports.reserve()
    wire.ask(proxies, "open", 5, name="link", port=reserved, target=server.port)
    yield reserved
    wire.ask(proxies, "close", 5, name="link")
    ports.close()


@pytest.fixture
def fault(proxies: Path, port: int) -> SetFault:
    """Sets the fault of the link; None heals."""

    def put(wanted: Fault | None) -> None:
        plain = None if wanted is None else wanted.to_json()
        wire.ask(proxies, "set_fault", 5, name="link", fault=plain)

    return put


@pytest.fixture
def someone(port: int) -> Iterator[Customer]:
    """Somebody who is connected already and has been answered once."""
    with customer(port) as connected:
        connected.round_trip(b"hello")
        yield connected


def status(proxies: Path) -> dict[str, object]:
    rows = wire.ask(proxies, "status", 5)
    return next(row for row in rows if row["name"] == "link")


def test_everything_passes_in_both_directions(someone: Customer, server: EchoServer):
    sent = bytes(range(256)) * 40_000
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append(someone.receive(len(sent), 20)))
    reader.start()
    someone.send(sent)
    reader.join()
    assert received == [sent]


def test_connections_and_bytes_are_counted(proxies: Path, someone: Customer):
    someone.round_trip(b"x" * 95)
    found = status(proxies)
    assert (found["open_connections"], found["total_connections"]) == (1, 1)
    assert (found["bytes_to_server"], found["bytes_to_client"]) == (100, 100)
    someone.close()
    eventually(lambda: status(proxies)["open_connections"], lambda count: count == 0, within=5)


def test_delay_holds_for_open_and_new_connections(fault: SetFault, someone: Customer, port: int):
    assert someone.round_trip(b"at once") < 0.5
    fault(Fault("delay", seconds=0.25))
    assert someone.round_trip(b"late") >= 0.5
    with customer(port) as newcomer:
        assert newcomer.round_trip(b"late as well") >= 0.5
    fault(None)
    assert someone.round_trip(b"at once again") < 0.5


def test_delay_in_one_direction(fault: SetFault, someone: Customer):
    fault(Fault("delay", direction="to_client", seconds=0.4))
    assert 0.4 <= someone.round_trip(b"late once") < 0.8


def test_rate_limits_what_passes(fault: SetFault, someone: Customer):
    fault(Fault("rate", direction="to_client", bytes_per_second=20_000))
    assert someone.round_trip(b"x" * 10_000) >= 0.35
    fault(None)
    assert someone.round_trip(b"x" * 10_000) < 0.35


def test_stutter_delivers_in_bursts(fault: SetFault, someone: Customer):
    fault(Fault("stutter", direction="to_client", seconds=0.2))
    someone.send(b"one")
    someone.send(b"two")
    assert someone.receive(6, 0.1) == b""
    assert someone.receive(6, 0.5) == b"onetwo"


def test_black_hole_delivers_nothing_until_it_is_healed(fault: SetFault, someone: Customer, server: EchoServer):
    fault(Fault("blackhole"))
    someone.send(b"lost?")
    assert someone.receive(1, 0.2) == b""
    assert bytes(server.received) == b"hello"
    fault(None)
    assert someone.receive(5) == b"lost?"


def test_black_hole_towards_the_client_lets_requests_through(
    fault: SetFault, someone: Customer, server: EchoServer, port: int
):
    fault(Fault("blackhole", direction="to_client"))
    someone.send(b" again")
    eventually(lambda: bytes(server.received), lambda received: received == b"hello again", within=5)
    with customer(port) as newcomer:
        newcomer.send(b"!")
        eventually(lambda: bytes(server.received), lambda received: received.endswith(b"!"), within=5)
        assert newcomer.receive(1, 0.1) == b""
        assert someone.receive(1, 0.1) == b""
        fault(None)
        assert newcomer.receive(1) == b"!"
    assert someone.receive(6) == b" again"


def test_black_hole_hides_newcomers_and_ends_from_the_server(
    fault: SetFault, someone: Customer, server: EchoServer, port: int
):
    fault(Fault("blackhole", direction="to_server"))
    someone.close()
    with customer(port) as newcomer:
        newcomer.send(b"later")
        assert newcomer.receive(1, 0.2) == b""
        assert (server.accepted, server.ends) == (1, [])
        fault(None)
        assert newcomer.receive(5) == b"later"
    eventually(lambda: server.ends[:1], lambda ends: ends == ["closed"], within=5)


def test_black_hole_of_open_connections_alone_spares_the_new(fault: SetFault, someone: Customer, port: int):
    fault(Fault("blackhole", open_only=True))
    someone.send(b"lost?")
    with customer(port) as newcomer:
        assert newcomer.round_trip(b"sound") < 5
    assert someone.receive(1, 0.2) == b""
    fault(None)
    assert someone.receive(5) == b"lost?"


def test_refused_line_resets_the_open_and_refuses_the_new(fault: SetFault, someone: Customer, port: int):
    fault(Fault("refuse"))
    assert someone.end() == "reset"
    with pytest.raises(ConnectionRefusedError):
        Customer(port)
    fault(None)
    with customer(port) as newcomer:
        newcomer.round_trip(b"back")


def test_reset_line_resets_open_and_new(fault: SetFault, someone: Customer, port: int):
    fault(Fault("reset"))
    assert someone.end() == "reset"
    assert fate_of_a_newcomer(port) == "reset"
    fault(None)
    with customer(port) as newcomer:
        newcomer.round_trip(b"back")


def test_reset_after_some_bytes(fault: SetFault, someone: Customer, server: EchoServer):
    fault(Fault("reset_after", direction="to_client", after_bytes=4))
    someone.send(b"abcdefgh")
    assert someone.receive(4) == b"abcd"
    assert someone.end() == "reset"
    eventually(lambda: server.ends, lambda ends: ends == ["reset"], within=5)


@pytest.mark.parametrize(("how", "expected"), [("reset", "reset"), ("close", "closed")])
def test_connections_are_cut(proxies: Path, someone: Customer, server: EchoServer, port: int, how: str, expected: str):
    assert wire.ask(proxies, "cut", 5, name="link", how=how) == 1
    assert someone.end() == expected
    eventually(lambda: server.ends, lambda ends: ends == [expected], within=5)
    with customer(port) as newcomer:
        newcomer.round_trip(b"back")


def test_half_closed_connections_stay_useful(someone: Customer, server: EchoServer):
    someone.send(b"last words")
    someone.socket.shutdown(socket.SHUT_WR)
    assert someone.receive(100) == b"last words"
    assert server.ends == ["closed"]


def test_a_customers_reset_reaches_the_server(someone: Customer, server: EchoServer):
    someone.reset()
    eventually(lambda: server.ends, lambda ends: ends == ["reset"], within=5)


def test_a_server_that_is_down_is_a_reset(server: EchoServer, port: int):
    server.close()
    assert fate_of_a_newcomer(port) == "reset"


def test_what_an_unknown_line_is_told(proxies: Path, port: int):
    with pytest.raises(StackError, match="there is no link nowhere; there are link"):
        wire.ask(proxies, "cut", 5, name="nowhere", how="reset")


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "explode"},
        {"kind": "delay"},
        {"kind": "delay", "seconds": 0},
        {"kind": "refuse", "seconds": 1},
        {"kind": "rate", "bytes_per_second": -1},
        {"kind": "blackhole", "direction": "up"},
        {"kind": "refuse", "open_only": True},
    ],
)
def test_faults_that_make_no_sense_are_refused(wrong: dict[str, Any]):
    with pytest.raises(ValueError, match=r"fault|direction"):
        Fault(**wrong)


def test_what_the_first_does_not_take_the_second_does(proxies: Path, server: EchoServer):
    ports = PortRange(20000, 29999)
    port, nobody, first = ports.reserve(), ports.reserve(), EchoServer()
    wire.ask(proxies, "open", 5, name="two", port=port, target=first.port, fallback=server.port)
    with customer(port) as connected:
        connected.round_trip(b"to the first")
    first.close()
    with customer(port) as connected:
        connected.round_trip(b"to the second")
    assert (bytes(first.received), bytes(server.received)) == (b"to the first", b"to the second")
    wire.ask(proxies, "close", 5, name="two")
    wire.ask(proxies, "open", 5, name="none", port=port, target=nobody, fallback=nobody)
    assert fate_of_a_newcomer(port) == "reset"
    wire.ask(proxies, "close", 5, name="none")
    ports.close()
