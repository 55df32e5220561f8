"""Listening to a real HTTP response that goes on: what came, heartbeats, resuming, and how it ended."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from support.platform.dialect import Dialect
from support.platform.events import EventCapture
from support.platform.server_sent_events import Request, ServerSentEvents
from support.platform.story import Event
from support.platform.streams import Frame, Kind, Wanted
from support.scenario.waiting import wait_for
from tests import tls_front

FRAMES = b": ping\n\nevent: metadata\nid: r1_event_1\ndata: {}\n\nid: r1_event_2\ndata: one\ndata: two\n\n"


class PerRun(Dialect):
    """A dialect whose frames have the run in their ids."""

    def decode(self, text: str) -> list[Event]:
        frame = json.loads(text)
        return [Event(type=frame.get("event", "message"), run_id=frame["id"].partition("_")[0])]


class Server:
    """Answers `status`, then `frames`, and goes on until it is told to `end`."""

    def __init__(self) -> None:
        self.status, self.frames, self.end = 200, FRAMES, threading.Event()
        self.asked: list[tuple[str, dict[str, str]]] = []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                owner.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
                self.send_response(owner.status)
                self.end_headers()
                self.wfile.write(owner.frames if owner.status == 200 else b"refused")
                self.wfile.flush()
                if owner.status == 200:
                    owner.end.wait(10)

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing: the tests read `asked`."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()


@pytest.fixture
def server() -> Iterator[Server]:
    started = Server()
    yield started
    started.end.set()
    started.http.shutdown()
    started.http.server_close()


@pytest.fixture
def transport(server: Server) -> ServerSentEvents:
    def request(wanted: Wanted) -> Request:
        headers = {
            "authorization": f"Bearer {wanted.token}",
            **({"last-event-id": wanted.last_id} if wanted.last_id else {}),
        }
        return Request(f"/threads/{wanted.thread_id}/runs/{wanted.run_id}/stream", headers)

    return ServerSentEvents(server.url, request, timeout=5)


@pytest.fixture
def capture(transport: ServerSentEvents) -> Iterator[EventCapture]:
    watching = EventCapture(transport, PerRun("other"), lambda: "token-1", name="Acme's connection")
    yield watching
    watching.close()


def test_a_user_who_watches_is_attached_to_each_run(server, capture):
    assert capture.connect().accepted
    assert server.asked == []
    capture.follow("r1", "t1")
    capture.follow("r2", "t1")
    wait_for(lambda: len(capture.events), lambda count: count == 4, 5)
    assert [path for path, _ in server.asked] == ["/threads/t1/runs/r1/stream", "/threads/t1/runs/r2/stream"]
    assert server.asked[0][1]["authorization"] == "Bearer token-1"
    assert {event.connection for event in capture.events} == {1, 2}
    assert len(capture.heartbeats) == 2


def test_whoever_comes_back_goes_on_with_each_run_after_its_last_event(server, capture):
    capture.connect()
    capture.follow("r1", "t1")
    capture.follow("r2", "t2")
    wait_for(lambda: len(capture.events), lambda count: count == 4, 5)
    capture.drop()
    server.frames = b"id: r1_event_3\ndata: more\n\n"
    assert capture.connect(resume=True).accepted
    wait_for(lambda: len(capture.events), lambda count: count == 6, 5)
    again = [(path, headers.get("last-event-id")) for path, headers in server.asked[2:]]
    assert again == [("/threads/t1/runs/r1/stream", "r1_event_2"), ("/threads/t2/runs/r2/stream", "r1_event_2")]
    capture.connect(resume=True)
    assert [headers.get("last-event-id") for _, headers in server.asked[4:]] == ["r1_event_3", "r1_event_3"]


def test_whoever_begins_anew_is_told_each_run_from_its_start(server, capture):
    capture.connect()
    capture.follow("r1", "t1")
    wait_for(lambda: len(capture.events), lambda count: count == 2, 5)
    capture.connect()
    assert [headers.get("last-event-id") for _, headers in server.asked] == [None, None]


def test_an_event_has_its_name_its_id_and_all_of_its_data(transport):
    frames: list[Any] = []
    _, stream = transport.open(Wanted("t", run_id="r1", thread_id="t1", last_id="r1_event_0"), frames, 1, "Acme")
    assert stream is not None
    wait_for(lambda: len(frames), lambda count: count == 3, 5)
    texts = [json.loads(data) for _, kind, data, _ in frames if kind is Kind.TEXT]
    assert texts == [
        {"event": "metadata", "id": "r1_event_1", "data": "{}"},
        {"id": "r1_event_2", "data": "one\ntwo"},
    ]
    stream.close()


def test_a_stream_is_resumed_after_an_id(server, transport):
    _, stream = transport.open(Wanted("t", run_id="r1", last_id="r1_event_7"), [], 1, "Acme")
    assert stream is not None
    assert server.asked[0][1]["last-event-id"] == "r1_event_7"
    stream.drop()


def test_the_end_of_the_stream_is_its_end(server, transport):
    _, stream = transport.open(Wanted("t", run_id="r1"), [], 1, "Acme")
    assert stream is not None
    server.end.set()
    closed = wait_for(lambda: stream.closed, lambda seen: seen is not None, 5).value
    assert (closed.reason, closed.error) == ("the stream has ended", None)


@pytest.mark.parametrize("leave", ["drop", "close"])
def test_whoever_leaves_ends_the_receiver(transport, leave):
    _, stream = transport.open(Wanted("t", run_id="r1"), [], 1, "Acme")
    assert stream is not None
    getattr(stream, leave)()
    assert stream.closed is not None


def test_a_refusal_is_a_value(server, transport):
    server.status = 403
    shake, stream = transport.open(Wanted("t", run_id="r1"), [], 1, "Acme")
    assert (shake.status, shake.accepted, shake.body, stream) == (403, False, "refused", None)


def test_no_server_is_a_value():
    nowhere = ServerSentEvents("http://127.0.0.1:1", lambda wanted: Request("/", {}))
    shake, stream = nowhere.open(Wanted("t", run_id="r1"), [], 1, "Acme")
    assert (shake.status, stream) == (None, None)
    assert "ConnectError" in str(shake.error)


def test_a_server_that_never_answers_is_a_value():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        nobody = ServerSentEvents(url, lambda wanted: Request("/", {}), timeout=0.2)
        shake, stream = nobody.open(Wanted("t", run_id="r1"), [], 1, "Acme")
    assert (shake.status, stream) == (None, None)
    assert "ReadTimeout" in str(shake.error)


def test_a_stream_may_be_silent_for_longer_than_its_opening_may_take(server, transport):
    impatient = ServerSentEvents(transport.address, lambda wanted: Request("/stream", {}), timeout=0.2)
    frames: list[Frame] = []
    _, stream = impatient.open(Wanted("t", run_id="r1"), frames, 1, "Acme")
    assert stream is not None
    wait_for(time.monotonic, lambda now: now > stream.opened_at + 0.5, 5, "some silence")
    assert stream.closed is None
    stream.close()


def test_behind_tls_of_a_private_authority_and_a_path_prefix(server, tmp_path):
    with tls_front.serving(tmp_path, {"/eu": server.http.server_port}) as front:
        for ca_file, accepted in (("", False), (str(front.ca), True)):
            transport = ServerSentEvents(f"{front.url}/eu", lambda wanted: Request("/stream", {}), 5, ca_file)
            shake, stream = transport.open(Wanted(None, run_id="r1", thread_id="t1"), [], 1, "Acme")
            assert shake.accepted is accepted
            if stream is not None:
                stream.close()
            else:
                assert "certificate" in (shake.error or "")
        server.end.set()
    assert [path for path, _ in server.asked] == ["/stream"]
