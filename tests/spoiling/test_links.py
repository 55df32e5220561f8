"""Links that understand what passes: everything passes whole until something of it is spoiled, and then only that."""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from support.platform.dialect import Meaning
from support.platform.driver import Anyone
from support.platform.drivers.aegra import AegraDriver
from support.platform.drivers.apex import ApexDriver
from support.platform.events import EventCapture
from support.scenario.waiting import eventually
from support.settings import CHECKOUT
from support.stack import wire
from support.stack.errors import StackError
from support.stack.ports import LOOPBACK, PortRange
from support.surroundings import base_environment
from tests.servers import ApiServer, EventServer
from tests.stack.test_links import answers

MESSAGES = {"items": [{"id": "m1", "content": " one "}, {"id": "m2", "content": "zwei 🚀"}], "next_cursor": None}

Open = Callable[[str, int], str]
"""Gives the address of a link to a port of a server, with something spoiled for a target."""


@pytest.fixture(scope="module")
def proxies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The control socket of a process of links."""
    control = tmp_path_factory.mktemp("proxies") / "control.sock"
    process = subprocess.Popen(
        (sys.executable, "-m", "support.stack.proxies", str(control)), cwd=CHECKOUT, env=base_environment()
    )
    eventually(lambda: answers(control), lambda answered: answered, within=20)
    yield control
    process.terminate()
    process.wait(10)


@pytest.fixture
def link(proxies: Path) -> Iterator[Callable[[str, str, str], str]]:
    """Opens a link to a server's address, with an entry of the catalogue (or "") for a target; gives its own."""
    ports = PortRange(20000, 29999)

    def opened(address: str, id: str = "", target: str = "apex") -> str:
        port = ports.reserve()
        wire.ask(proxies, "open", 5, name="api", port=port, target=int(address.rpartition(":")[2].partition("/")[0]))
        wire.ask(proxies, "spoil", 10, names=["api"], target=target, id=id)
        return f"http://{LOOPBACK}:{port}"

    yield opened
    wire.ask(proxies, "close", 5, name="api")
    ports.close()


def apex(address: str) -> ApexDriver:
    return ApexDriver(dict.fromkeys(("auth", "backend", "analytics", "tools"), address))


def test_what_is_not_spoiled_passes_as_it_is(api: ApiServer, link):
    api.answer = lambda asked: (201 if asked.method == "POST" else 200, {"X-Own": "yes"}, {"said": asked.body})
    platform, customer = apex(link(api.url)), Anyone("token-1")
    for size in (1, 300_000):
        posted = platform.post_message(customer, "t", "é" * size)
        assert (posted.status, posted.headers["x-own"]) == (201, "yes")
        assert posted.body == {"said": {"content": "é" * size}}
    assert platform.request(customer, "GET", "/elsewhere?a=1").done
    assert [asked.path for asked in api.asked][-1] == "/elsewhere?a=1"
    assert api.asked[-1].headers["authorization"] == "Bearer token-1"


def test_one_answer_is_spoiled_and_the_others_are_not(api: ApiServer, link):
    api.answer = lambda asked: (200, {}, MESSAGES if asked.path.endswith("messages") else {"id": "t", "title": "Costs"})
    platform, customer = apex(link(api.url, "DBL-02.3")), Anyone("token-1")
    assert [each.id for each in platform.messages(customer, "t").require().items] == ["m2", "m1"]
    assert platform.thread(customer, "t").require().title == "Costs"


def test_a_status_is_spoiled(api: ApiServer, link):
    api.answer = lambda asked: (404, {}, {"code": "not_found", "detail": "No."})
    answer = apex(link(api.url, "API-06.2")).run(Anyone("token-1"), "r")
    assert (answer.status, answer.meaning) == (500, Meaning.FAILED)
    assert len(api.asked) == 1, "nobody asks again"


def test_somebody_else_s_answer_is_given(api: ApiServer, link):
    def answer(asked):
        run = asked.path.rpartition("/")[2]
        return 200, {}, {"id": run, "status": "completed", "answer": {"of": asked.headers["authorization"]}}

    api.answer = answer
    platform = apex(link(api.url, "AEC-03.1"))
    assert platform.run(Anyone("one"), "r1").require().part("of") == "Bearer one"
    assert platform.run(Anyone("other"), "r2").require().part("of") == "Bearer one"


def test_another_question_is_asked_in_place_of_one(api: ApiServer, link):
    api.answer = lambda asked: (200, {}, {"id": "r", "status": "running"})
    cancelled = apex(link(api.url, "AEC-11.1")).cancel_run(Anyone("token-1"), "r").require()
    assert cancelled.status == "cancelled"
    assert [(asked.method, asked.path) for asked in api.asked] == [("GET", "/v1/runs/r")]


def test_what_is_no_http_passes_as_it_is(link):
    with socket.create_server((LOOPBACK, 0)) as server:
        address = link(f"{LOOPBACK}:{server.getsockname()[1]}")
        with socket.create_connection((LOOPBACK, int(address.rpartition(":")[2]))) as customer:
            customer.sendall(b"\x00\x01 no HTTP at all\r\n\r\n")
            served, _ = server.accept()
            with served:
                served.settimeout(5)
                customer.settimeout(5)
                assert served.recv(100) == b"\x00\x01 no HTTP at all\r\n\r\n"
                served.sendall(b"nor this")
                assert customer.recv(100) == b"nor this"


def test_an_answer_that_breaks_off_is_not_healed(link):
    with socket.create_server((LOOPBACK, 0)) as server:
        platform = apex(link(f"{LOOPBACK}:{server.getsockname()[1]}"))

        def break_off() -> None:
            served, _ = server.accept()
            with served:
                served.recv(10_000)
                served.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")

        thread = threading.Thread(target=break_off, daemon=True)
        thread.start()
        answer = platform.run(Anyone("token-1"), "r")
        thread.join(5)
    assert answer.status is None
    assert answer.error


def frames(*types: str) -> list[str]:
    return [json.dumps({"type": type, "run_id": "r1", "sequence": n}) for n, type in enumerate(types, 1)]


STORY = ("agent_started", "tool_executing", "tool_completed", "agent_completed")


@pytest.mark.parametrize(
    ("id", "received"),
    [
        ("", STORY),
        ("AEC-06.1", ("agent_started", "tool_executing", "agent_completed")),
        ("AEC-06.2", ("agent_started", "tool_executing", "tool_executing", "tool_completed", "agent_completed")),
        ("AEC-06.3", ("agent_started", "tool_completed", "tool_executing", "agent_completed")),
        ("AEC-06.5", ("tool_executing", "tool_completed", "agent_completed")),
    ],
)
def test_events_over_a_websocket(stream: EventServer, link, id: str, received: tuple[str, ...]):
    def play(connection):
        for frame in frames(*STORY):
            connection.send(frame)
        for _ in connection:
            pass

    stream.play = play
    platform = apex(link(stream.url.removeprefix("ws://").partition("/")[0], id))
    capture = EventCapture(platform.transport(), platform.dialect, lambda: "token-1")
    assert capture.connect().accepted
    capture.wait_for("agent_completed", within=5)
    assert tuple(event.type for event in capture.events) == received
    capture.close()


class Streaming:
    """Serves the events of one run of Aegra, in pieces that do not end where events do."""

    def __init__(self, told: list[tuple[str, object]]) -> None:
        text = "".join(
            f": keep-alive\n\nevent: {kind}\ndata: {json.dumps(data)}\nid: r1_event_{number}\n\n"
            for number, (kind, data) in enumerate(told, 1)
        )
        content = text.encode()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("content-type", "text/event-stream; charset=utf-8")
                self.send_header("transfer-encoding", "chunked")
                self.end_headers()
                for start in range(0, len(content), 37):
                    piece = content[start : start + 37]
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                self.wfile.write(b"0\r\n\r\n")

            def log_message(self, format: str, *args: object) -> None:
                """Nothing."""

        self.http = ThreadingHTTPServer((LOOPBACK, 0), Handler)
        self.http.daemon_threads = True
        self.address = f"{LOOPBACK}:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()


TOLD = [
    ("metadata", {"run_id": "r1"}),
    ("custom", {"thought": "Hm 🚀"}),
    ("values", {"answer": 1}),
    ("end", {"status": "success"}),
]


@pytest.mark.parametrize(
    ("id", "received"),
    [
        ("", ["agent_started", "agent_thinking", "agent_completed"]),
        ("AEC-06.5", ["agent_thinking", "agent_completed"]),
        ("AEC-06.6", ["agent_started", "agent_started", "agent_thinking", "agent_completed"]),
        ("AEC-06.7", ["agent_started", "agent_completed", "agent_thinking"]),
    ],
)
def test_server_sent_events(link, id: str, received: list[str]):
    server = Streaming(TOLD)
    platform = AegraDriver({"aegra": link(server.address, id, "aegra")})
    capture = EventCapture(platform.transport(), platform.dialect, lambda: "token-1")
    capture.connect()
    capture.follow("r1", "t1")
    capture.wait_until_closed(within=5)
    assert [event.type for event in capture.events] == received
    assert len(capture.heartbeats) == len(TOLD)
    server.http.shutdown()
    server.http.server_close()


def test_what_nobody_has_entered_is_refused(proxies: Path, api: ApiServer, link):
    link(api.url)
    with pytest.raises(StackError, match=r"AEC-99\.1"):
        wire.ask(proxies, "spoil", 10, names=["api"], target="apex", id="AEC-99.1")
