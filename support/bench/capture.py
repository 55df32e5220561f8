"""How many events a second the suite's event capture takes, beside a bare loop over the same library."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import websocket

from support.bench.measurement import Aim, BenchmarkFailed, Judged, Measurement, Side
from support.bench.workbench import Workbench
from support.platform.drivers.apex import DIALECT
from support.platform.events import EventCapture
from support.platform.websocket import WebSocketTransport
from support.settings import CHECKOUT
from support.stack.processes import dies_with
from support.surroundings import base_environment

_AIM = Aim(Judged.RATIO, 0.8, at_most=False)
_LONGEST_SECONDS = 120.0


def measure(bench: Workbench) -> list[Measurement]:
    """The rate from the first event to the last; both sides have the library's costly text check switched off."""
    count = bench.size.messages
    with server(count) as url:
        suite, bare = bench.in_turn(
            bench.size.capture_rounds, lambda: captured(url, count), lambda: _received(url, count), "capture"
        )
    return [
        Measurement(
            "capture",
            "events received",
            "/s",
            Side("event capture, which keeps each with its moment of receipt", suite),
            Side("websocket-client in a loop that keeps nothing", bare),
            _AIM,
        )
    ]


def captured(url: str, count: int) -> float:
    """Events a second that a capture takes; BenchmarkFailed unless it has each of them, in order."""
    capture = EventCapture(WebSocketTransport(url, DIALECT), DIALECT, lambda: None, name="the capture that is measured")
    try:
        handshake = capture.connect()
        if not handshake.accepted:
            raise BenchmarkFailed(f"the server of events cannot be reached: {handshake}")
        capture.wait_until_closed(within=_LONGEST_SECONDS)
    finally:
        capture.close()
    events = capture.events
    if [event.sequence for event in events] != list(range(1, count + 1)):
        raise BenchmarkFailed(f"of {count} events sent the capture has {len(events)}, or in another order")
    received = [event.received_at for event in events if event.received_at is not None]
    return (count - 1) / (received[-1] - received[0])


def _received(url: str, count: int) -> float:
    """Events a second that a bare loop takes."""
    connection = websocket.create_connection(
        url,
        timeout=_LONGEST_SECONDS,
        skip_utf8_validation=True,
        sockopt=((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),),
    )
    try:
        connection.recv_data_frame()  # what opens the stream
        connection.recv_data_frame()
        began = time.monotonic()
        for _ in range(count - 1):
            connection.recv_data_frame()
        return (count - 1) / (time.monotonic() - began)
    finally:
        connection.close()


@contextmanager
def server(count: int) -> Iterator[str]:
    """The address of a server of events in a process of its own."""
    child = subprocess.Popen(
        [sys.executable, "-m", "support.bench.message_server", str(count)],
        cwd=CHECKOUT,
        env=base_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        preexec_fn=dies_with(os.getpid(), signal.SIGKILL),
    )
    with child:
        assert child.stdout is not None
        try:
            port = child.stdout.readline().decode().strip()
            if not port:
                raise BenchmarkFailed("the server of events did not start")
            yield f"ws://127.0.0.1:{port}/v1/events"
        finally:
            child.kill()
