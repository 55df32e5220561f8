"""Listening to a real socket: what came, over which connection, when, and how it ended."""

import json
import socket
import struct
import threading
import time
from dataclasses import replace

import pytest
import websocket
from websockets.sync.server import ServerConnection

from support.matchers.story import has_no_gap, tells_a_complete_story
from support.platform.drivers.apex import DIALECT
from support.platform.events import EventCapture
from support.platform.story import Event
from support.platform.streams import Wanted
from support.platform.websocket import WebSocketTransport
from support.scenario.verdict import DeadlinePassed
from tests import tls_front
from tests.matchers.stories import RUN, with_tools
from tests.servers import EventServer, wait_for_close


def envelope(event) -> str:
    return json.dumps(
        {
            "type": event.type,
            "run_id": event.run_id,
            "thread_id": event.thread_id,
            "agent_name": event.agent_name,
            "sequence": event.sequence,
            "run_sequence": event.run_sequence,
            "timestamp": event.timestamp,
            "payload": event.payload,
            "trace": {"trace_id": "t", "request_id": "r", "user_id": event.user_id},
        }
    )


OPENED = json.dumps({"type": "stream_opened", "epoch": "e1", "sequence": 0})
FRAMES = [envelope(event) for event in with_tools()]


def capture_of(stream: EventServer, **options) -> EventCapture:
    dialect = replace(DIALECT, **options)
    return EventCapture(WebSocketTransport(stream.url, dialect), dialect, lambda: "token-1", name="Acme's connection")


def play(*frames: str, then=wait_for_close):
    def playing(connection: ServerConnection) -> None:
        for frame in frames:
            connection.send(frame)
        then(connection)

    return playing


def test_what_comes_is_kept_in_order_with_its_time(stream):
    stream.play = play(OPENED, *FRAMES)
    capture = capture_of(stream)
    assert capture.connect().accepted
    end = capture.wait_for_end(RUN, within=5)
    assert end.type == "agent_completed"
    assert capture.raw[1:] == FRAMES
    assert [event.type for event in capture.of(RUN)] == [event.type for event in with_tools()]
    assert tells_a_complete_story(of=RUN).matches(capture)
    assert has_no_gap(after=capture.first_sequence).matches(capture)
    received = [event.received_at or 0 for event in capture.events]
    assert received == sorted(received)
    assert all(abs((event.received_wall or 0) - time.time()) < 5 for event in capture.events)
    assert capture.epoch == "e1"
    assert capture.last_sequence == len(FRAMES)
    capture.close()
    assert not capture.is_open


def test_the_opening_frame_is_no_event(stream):
    stream.play = play(OPENED)
    capture = capture_of(stream)
    capture.connect()
    capture.wait_until(lambda seen: len(seen.controls) == 1, within=5)
    assert capture.events == []
    assert capture.last_sequence == 0
    capture.close()


def test_a_token_travels_in_the_header_or_in_the_subprotocol(stream):
    for options, name, value in (
        ({}, "authorization", "Bearer token-1"),
        ({"token_carrier": "subprotocol"}, "sec-websocket-protocol", "apex.v1,bearer.token-1"),
    ):
        capture = capture_of(stream, **options)
        assert capture.connect().accepted
        assert stream.requests[-1].headers[name] == value
        capture.close()


def test_a_token_may_travel_in_the_query(stream):
    capture = capture_of(stream, token_carrier="query")
    capture.connect()
    assert stream.requests[-1].path == "/v1/events?token=token-1"
    capture.close()


def test_an_origin_is_shown_only_when_there_is_one(stream):
    capture = capture_of(stream)
    capture.connect()
    assert "origin" not in stream.requests[-1].headers
    capture.connect(website="https://app.apex.test")
    assert stream.requests[-1].headers["origin"] == "https://app.apex.test"
    capture.close()


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_is_a_value(stream, status):
    stream.admit = lambda request: status
    capture = capture_of(stream)
    handshake = capture.connect()
    assert handshake.status == status
    assert not handshake.accepted
    assert handshake.body == "refused\n"
    assert capture.events == []
    capture.close()


def test_no_server_is_a_value():
    capture = EventCapture(WebSocketTransport("ws://127.0.0.1:1/v1/events", DIALECT), DIALECT, lambda: None)
    handshake = capture.connect()
    assert handshake.status is None
    assert "ConnectionRefusedError" in str(handshake.error)


def test_the_close_code_is_kept(stream):
    stream.play = play(OPENED, then=lambda connection: connection.close(4401, "the session has ended"))
    capture = capture_of(stream)
    capture.connect()
    closed = capture.wait_until_closed(within=5)
    assert (closed.code, closed.reason) == (4401, "the session has ended")
    assert not capture.is_open


def test_a_reset_line_is_noticed(stream):
    def reset(connection: ServerConnection) -> None:
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.socket.close()

    stream.play = play(OPENED, then=reset)
    capture = capture_of(stream)
    capture.connect()
    closed = capture.wait_until_closed(within=5)
    assert closed.code is None
    assert closed.error


def test_an_open_connection_does_not_count_as_closed(stream):
    capture = capture_of(stream)
    capture.connect()
    with pytest.raises(DeadlinePassed):
        capture.wait_until_closed(within=0.05)
    capture.close()


def test_reconnecting_resumes_after_the_last_sequence(stream):
    missed = FRAMES[3:]

    def playing(connection: ServerConnection) -> None:
        if "last_sequence=3&epoch=e1" in stream.requests[-1].path:
            for frame in (OPENED, *missed):
                connection.send(frame)
        else:
            for frame in (OPENED, *FRAMES[:3]):
                connection.send(frame)
        wait_for_close(connection)

    stream.play = playing
    capture = capture_of(stream)
    capture.connect()
    capture.wait_until(lambda seen: len(seen.events) == 3, within=5)
    assert capture.reconnect(within=5).accepted
    capture.wait_for_end(RUN, within=5)
    assert capture.connections == 2
    assert {event.connection for event in capture.events} == {1, 2}
    assert sorted(capture.opened) == [1, 2]
    assert all(capture.opened[event.connection or 0] <= (event.received_wall or 0) for event in capture.events)
    assert tells_a_complete_story(of=RUN).matches(capture)
    capture.close()


def test_reconnecting_without_resume_asks_for_nothing(stream):
    stream.play = play(OPENED, *FRAMES[:2])
    capture = capture_of(stream)
    capture.connect()
    capture.wait_until(lambda seen: len(seen.events) == 2, within=5)
    capture.reconnect(resume=False, within=5)
    assert stream.requests[-1].path == "/v1/events"
    capture.close()


def test_events_given_twice_are_noticed(stream):
    stream.play = play(OPENED, *FRAMES)
    capture = capture_of(stream)
    capture.connect()
    capture.wait_for_end(RUN, within=5)
    capture.reconnect(within=5)
    capture.wait_until(lambda seen: len(seen.events) == 2 * len(FRAMES), within=5)
    assert not tells_a_complete_story(of=RUN).matches(capture)
    capture.close()


def test_dropping_resets_the_line_without_a_goodbye(stream):
    ended: list[Exception] = []

    def playing(connection: ServerConnection) -> None:
        connection.send(OPENED)
        try:
            connection.recv()
        except Exception as error:
            ended.append(error)

    stream.play = playing
    capture = capture_of(stream)
    capture.connect()
    capture.wait_until(lambda seen: bool(seen.controls), within=5)
    capture.drop()
    assert not capture.is_open
    deadline = time.monotonic() + 5
    while not ended and time.monotonic() < deadline:
        threading.Event().wait(0.005)
    assert getattr(ended[0], "rcvd", None) is None
    assert isinstance(ended[0].__cause__, ConnectionResetError)


def test_a_resync_begins_a_new_epoch(stream):
    resync = json.dumps({"type": "resync_required", "epoch": "e2", "sequence": 40})
    stream.play = play(OPENED, FRAMES[0], resync)
    capture = capture_of(stream)
    capture.connect()
    capture.wait_until(lambda seen: len(seen.controls) == 2, within=5)
    assert [control.type for control in capture.controls] == ["stream_opened", "resync_required"]
    assert capture.epoch == "e2"
    assert capture.last_sequence == 40
    capture.close()


def test_frames_that_are_no_events_are_kept_apart(stream):
    stream.play = play(OPENED, "not json", json.dumps([1]), json.dumps({"no": "type"}), FRAMES[0])
    capture = capture_of(stream)
    capture.connect()
    capture.wait_until(lambda seen: len(seen.events) == 1, within=5)
    assert len(capture.malformed) == 3
    capture.close()


def ping(connection: ServerConnection) -> None:
    connection.ping()
    wait_for_close(connection)


def test_pings_show_that_the_line_lives(stream):
    stream.play = play(OPENED, then=ping)
    capture = capture_of(stream)
    capture.connect()
    capture.wait_until(lambda seen: bool(seen.heartbeats), within=5)
    threading.Event().wait(0.05)
    assert 0.04 < capture.silent_for < 2
    capture.close()


def test_events_of_others_are_found(stream):
    stream.play = play(OPENED, *FRAMES)
    capture = capture_of(stream)
    capture.connect()
    capture.wait_for_end(RUN, within=5)
    assert capture.foreign(["user-1"]) == []
    assert len(capture.foreign(["user-2"])) == len(FRAMES)
    capture.close()


def test_waiting_in_vain_says_what_came(stream):
    stream.play = play(OPENED, *FRAMES[:2])
    capture = capture_of(stream)
    capture.connect()
    with pytest.raises(DeadlinePassed, match=r"agent_completed on Acme's connection[\s\S]*agent_thinking"):
        capture.wait_for("agent_completed", within=0.2)
    capture.close()


def test_other_wrappings_are_understood():
    inner = json.loads(FRAMES[2])
    for wrapping in ("data", "payload"):
        body = {key: inner[key] for key in inner if key not in ("type", "payload")}
        frame = {"type": inner["type"], wrapping: {**body, **inner["payload"]}}
        (event,) = replace(DIALECT, wrapping=wrapping).decode(json.dumps(frame))
        assert isinstance(event, Event)
        assert (event.type, event.run_id, event.sequence, event.call_id) == ("tool_executing", RUN, 3, "a")


def test_a_platform_without_numbers_is_not_asked_to_resume():
    assert replace(DIALECT, sequences=False).resume_query(3, "e1") == {}
    assert DIALECT.resume_query(None, "e1") == {}
    assert DIALECT.resume_query(3, None) == {"last_sequence": "3"}


def test_capturing_is_about_as_quick_as_the_bare_library(stream):
    """At least 0.8 of the rate of a bare receive loop; the median of three, beside whatever else the machine does."""
    frames = FRAMES * 400
    ready = threading.Event()

    def flood(connection: ServerConnection) -> None:
        for frame in frames:
            connection.send(frame)
        ready.wait(10)

    stream.play = flood

    def bare() -> float:
        connection = websocket.create_connection(stream.url)
        started = time.perf_counter()
        for _ in frames:
            connection.recv()
        taken = time.perf_counter() - started
        connection.close()
        return taken

    def captured() -> float:
        capture = capture_of(stream)
        started = time.perf_counter()
        capture.connect()
        while len(capture._frames) < len(frames):
            threading.Event().wait(0.001)
        taken = time.perf_counter() - started
        capture.drop()
        return taken

    ratios = sorted(bare() / captured() for _ in range(3))
    ready.set()
    assert ratios[1] > 0.8, ratios


def test_behind_tls_of_a_private_authority_and_a_path_prefix(stream, tmp_path):
    port = int(stream.url.split(":")[2].partition("/")[0])
    with tls_front.serving(tmp_path, {"/eu": port}) as front:
        for ca_file, accepted in (("", False), (str(front.ca), True)):
            address = f"{front.url.replace('https', 'wss')}/eu/v1/events"
            transport = WebSocketTransport(address, DIALECT, ca_file=ca_file)
            shake, connection = transport.open(Wanted("token-1"), [], 1, "Acme")
            assert shake.accepted is accepted
            if connection is not None:
                connection.close()
            else:
                assert "certificate" in (shake.error or "").lower()
    assert [request.path for request in stream.requests] == ["/v1/events"]
