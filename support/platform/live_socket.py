"""One WebSocket of a user: how it was opened, what it hands over, how it ended."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import websocket
from websocket import ABNF

from support.platform.dialect import Carried
from support.scenario.verdict import NotShown

Frame = tuple[float, int, bytes, int]  # received (monotonic), opcode, data, connection number


@dataclass(frozen=True, slots=True)
class Handshake:
    """How the platform answered the wish to watch. ``status`` 101: the connection is open."""

    status: int | None
    body: str = ""
    error: str | None = None
    seconds: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def accepted(self) -> bool:
        return self.status == 101


@dataclass(frozen=True, slots=True)
class Closed:
    """How a connection ended: the close code and reason, or the error of the line."""

    code: int | None
    reason: str
    at: float
    error: str | None = None


def open_socket(
    url: str, carried: Carried, origin: str | None, timeout: float
) -> tuple[Handshake, websocket.WebSocket | None]:
    """Open a connection; None with the handshake of one that was refused.

    :param timeout: seconds that the opening may take.
    """
    connection = websocket.WebSocket(enable_multithread=True, skip_utf8_validation=True)
    connection.settimeout(timeout)
    started = time.monotonic()
    try:
        connection.connect(  # type: ignore[no-untyped-call]
            url,
            header=[f"{name}: {value}" for name, value in carried.headers.items()],
            subprotocols=list(carried.subprotocols) or None,
            origin=origin,
            suppress_origin=origin is None,
            sockopt=((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),),
        )
    except websocket.WebSocketBadStatusException as refused:
        body = refused.resp_body.decode("utf-8", "replace") if refused.resp_body else ""
        headers = refused.resp_headers or {}
        return Handshake(refused.status_code, body, None, time.monotonic() - started, headers), None
    except (OSError, websocket.WebSocketException) as error:
        return Handshake(None, "", f"{type(error).__name__}: {error}", time.monotonic() - started), None
    connection.settimeout(None)
    return Handshake(101, "", None, time.monotonic() - started), connection


class LiveSocket:
    """An open connection, and the thread that appends its frames to those of the connections before it."""

    def __init__(self, connection: websocket.WebSocket, number: int, frames: list[Frame], name: str) -> None:
        self.opened_at = time.monotonic()
        self.closed: Closed | None = None
        self._connection, self._number, self._frames, self._name = connection, number, frames, name
        self._left = False
        self._thread = threading.Thread(target=self._receive, name=f"events {name}", daemon=True)
        self._thread.start()

    def drop(self) -> None:
        """Leave without a word: the line is reset, no close frame is sent."""
        if self._left:
            return
        line = self._connection.sock
        if line is not None:
            with contextlib.suppress(OSError):  # already gone, which is what was wanted
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._shut(socket.SHUT_RD)  # SHUT_WR would say goodbye before the reset

    def close(self) -> None:
        """Leave politely, with a close frame."""
        if self._left:
            return
        if self.closed is None:
            with contextlib.suppress(OSError, websocket.WebSocketException):  # dropped: it takes no close frame
                self._connection.send_close(1000)
        self._shut(socket.SHUT_RDWR)

    def _shut(self, direction: int) -> None:
        line = self._connection.sock
        if line is not None:
            with contextlib.suppress(OSError):  # shutdown wakes the receiving thread; a closed socket needs no waking
                line.shutdown(direction)
        self._connection.shutdown()  # type: ignore[no-untyped-call]
        self._thread.join(timeout=2.0)
        if self._thread.is_alive():
            raise NotShown(f"the receiver of {self._name} does not end")
        self._left = True

    def _receive(self) -> None:
        # As little as possible happens here: its speed is what the capture is measured by.
        append, clock, number = self._frames.append, time.monotonic, self._number
        receive = self._connection.recv_data_frame
        try:
            while True:
                opcode, frame = receive(True)
                now = clock()
                append((now, opcode, frame.data, number))
                if opcode == ABNF.OPCODE_CLOSE:
                    code = struct.unpack("!H", frame.data[:2])[0] if len(frame.data) >= 2 else None
                    self.closed = Closed(code, frame.data[2:].decode("utf-8", "replace"), now)
                    self._connection.shutdown()  # type: ignore[no-untyped-call]  # the library has answered the goodbye
                    return
        except (OSError, websocket.WebSocketException, AttributeError) as error:
            # AttributeError: the library's socket is None once another thread has closed it.
            self.closed = Closed(None, "", clock(), f"{type(error).__name__}: {error}")
