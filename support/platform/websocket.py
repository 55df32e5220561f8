"""Live events over a WebSocket, one for each user."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterable

import websocket
from websocket import ABNF

from support.platform.dialect import Dialect, with_query
from support.platform.streams import Closed, Frame, Handshake, Kind, Wanted
from support.scenario.verdict import NotShown

_KINDS = {
    ABNF.OPCODE_TEXT: Kind.TEXT,
    ABNF.OPCODE_BINARY: Kind.TEXT,
    ABNF.OPCODE_PING: Kind.HEARTBEAT,
}


class WebSocketTransport:
    """All events of a user over one WebSocket.

    :param address: without query.
    :param timeout: seconds that the opening may take.
    :param ca_file: certificates of the private authority that signs the platform's.
    """

    per_run = False

    def __init__(self, address: str, dialect: Dialect, timeout: float = 10.0, ca_file: str = "") -> None:
        self.address = address
        self._trusted = {"ca_certs": ca_file} if ca_file else {}
        self._dialect = dialect
        self._timeout = timeout

    def last_id(self, frames: Iterable[Frame], number: int) -> None:
        """Frames have no ids; a stream is resumed by the sequence of its events."""

    def open(
        self, wanted: Wanted, frames: list[Frame], number: int, name: str
    ) -> tuple[Handshake, "LiveSocket | None"]:
        """Open a connection; None with the handshake of one that was refused."""
        carried = self._dialect.carry(wanted.token, wanted.carrier)
        query = {**carried.query, **self._dialect.resume_query(wanted.after, wanted.epoch)}
        connection = websocket.WebSocket(enable_multithread=True, skip_utf8_validation=True, sslopt=self._trusted)
        connection.settimeout(self._timeout)
        started = time.monotonic()
        try:
            connection.connect(  # type: ignore[no-untyped-call]
                with_query(self.address, query),
                header=[f"{name}: {value}" for name, value in carried.headers.items()],
                subprotocols=list(carried.subprotocols) or None,
                origin=wanted.website,
                suppress_origin=wanted.website is None,
                sockopt=((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),),
            )
        except websocket.WebSocketBadStatusException as refused:
            body = refused.resp_body.decode("utf-8", "replace") if refused.resp_body else ""
            headers = refused.resp_headers or {}
            return Handshake(refused.status_code, body, None, time.monotonic() - started, headers), None
        except (OSError, websocket.WebSocketException) as error:
            return Handshake(None, "", f"{type(error).__name__}: {error}", time.monotonic() - started), None
        connection.settimeout(None)
        return Handshake(101, seconds=time.monotonic() - started, accepted=True), LiveSocket(
            connection, number, frames, name
        )


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
        append, clock, number, kinds = self._frames.append, time.monotonic, self._number, _KINDS
        receive = self._connection.recv_data_frame
        try:
            while True:
                opcode, frame = receive(True)
                now = clock()
                append((now, kinds.get(opcode, Kind.OTHER), frame.data, number))
                if opcode == ABNF.OPCODE_CLOSE:
                    code = struct.unpack("!H", frame.data[:2])[0] if len(frame.data) >= 2 else None
                    self.closed = Closed(code, frame.data[2:].decode("utf-8", "replace"), now)
                    self._connection.shutdown()  # type: ignore[no-untyped-call]  # the library has answered the goodbye
                    return
        except (OSError, websocket.WebSocketException, AttributeError) as error:
            # AttributeError: the library's socket is None once another thread has closed it.
            self.closed = Closed(None, "", clock(), f"{type(error).__name__}: {error}")
